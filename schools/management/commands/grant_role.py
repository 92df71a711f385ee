"""Give a person a role: the way in for the first administrator, and the way back in."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from schools.audit import acting_from
from schools.models import Role, RoleAssignment, School, User
from schools.services.people import grant_role


class Command(BaseCommand):
    help = "Give a person a role, in the whole municipality or at one school."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("role", choices=Role.values)
        parser.add_argument("--school", metavar="CODE", help="School unit code. Without it: the whole municipality.")
        parser.add_argument("--until", metavar="DATE", type=_date, help="The last day, as 2027-06-11.")
        parser.add_argument("--json", action="store_true", help="One JSON object on standard output, for scripts.")

    def handle(self, *args: Any, **options: Any) -> None:
        user = _found(User, username=options["username"])
        school = _found(School, school_unit_code=options["school"]) if options["school"] else None
        try:
            with acting_from("command"):
                held = grant_role(user, options["role"], school, by=None, valid_until=_end_of(options["until"]))
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from error
        self._report(held, as_json=options["json"])

    def _report(self, held: RoleAssignment, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"id": held.pk, "username": held.user.username, "role": held.role}))
        else:
            words = _("%(name)s now holds the role %(role)s.") % {"name": held.user, "role": held}
            self.stdout.write(self.style.SUCCESS(words))


def _found(model: type[User] | type[School], **wanted: str) -> Any:
    row = model._default_manager.filter(**wanted).first()
    if row is None:
        raise CommandError(_("There is no “%(value)s”.") % {"value": next(iter(wanted.values()))})
    return row


def _date(text: str) -> date:
    """For argparse, which turns the ValueError into a usage message."""
    day = parse_date(text)
    if day is None:
        raise ValueError(text)
    return day


def _end_of(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time.max)) if day else None
