"""Make an account. The password comes from a prompt or the environment, never from the command line."""

from __future__ import annotations

import json
import os
from getpass import getpass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from schools.audit import acting_from
from schools.services.people import create_person


class Command(BaseCommand):
    help = "Create a person who can sign in. Give roles with grant_role."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", required=True, help="The name that others see.")
        parser.add_argument("--email", default="")
        parser.add_argument(
            "--password-env", metavar="VARIABLE", help="Environment variable with the password; without it, a prompt."
        )
        parser.add_argument("--json", action="store_true", help="One JSON object on standard output, for scripts.")

    def handle(self, *args: Any, **options: Any) -> None:
        password = _password(options["password_env"])
        try:
            with acting_from("command"):
                user = create_person(options["username"], options["name"], password, email=options["email"], by=None)
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from error
        if options["json"]:
            self.stdout.write(json.dumps({"id": user.pk, "username": user.username}))
        else:
            self.stdout.write(self.style.SUCCESS(_("%(name)s can sign in as %(username)s.") % _names(user)))


def _names(user: Any) -> dict[str, str]:
    return {"name": user.display_name, "username": user.username}


def _password(variable: str | None) -> str:
    if variable is None:
        first, again = getpass(_("Password: ")), getpass(_("The same password again: "))
        if first != again:
            raise CommandError(_("The two passwords differ."))
        return first
    if variable not in os.environ:
        raise CommandError(_("The environment variable %(name)s is not set.") % {"name": variable})
    return os.environ[variable]
