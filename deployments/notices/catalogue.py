"""What is told about the catalogue: that a vetting or a licence ends, in time to do something about it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import formats
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deployments.models import Application, LicencePool, VettingCard
from schools.access import IT_ADMIN
from schools.models import User
from schools.notifications.kinds import register
from schools.services.notify import holders_of, tell


def tell_vetting_ends(card: VettingCard, day: date, stage: int) -> None:
    _tell(card.application, "vetting.ending", f"{card.pk}:{day}:{stage}", day, is_over=stage == 0)


def tell_licence_ends(pool: LicencePool, day: date, stage: int) -> None:
    school = pool.school.name if pool.school else ""
    _tell(pool.application, "licence.ending", f"{pool.pk}:{day}:{stage}", day, is_over=stage == 0, school=school)


def _tell(application: Application, kind: str, turn: str, day: date, **data: Any) -> None:
    """The application's owner and the IT administrators."""
    tell(
        _keepers(application),
        kind,
        episode=f"{kind}:{turn}",
        url=application.get_absolute_url(),
        data={"application": application.name, "day": day.isoformat(), **data},
    )


def _keepers(application: Application) -> list[User]:
    people = {user.pk: user for user in holders_of(IT_ADMIN)}
    if application.owner:
        people[application.owner.pk] = application.owner
    return list(people.values())


def _said(data: dict[str, Any]) -> dict[str, Any]:
    day = parse_date(data["day"])
    return {**data, "day": formats.date_format(day) if day else data["day"]}


def _vetting(data: dict[str, Any]) -> str:
    if data["is_over"]:
        return _("The vetting of %(application)s has ended") % data
    return _("The vetting of %(application)s ends on %(day)s") % _said(data)


def _vetting_body(_data: dict[str, Any]) -> str:
    return _(
        "Look the card over and give it a new last day. Without a valid card nobody can decide on the application."
    )


def _licence(data: dict[str, Any]) -> str:
    if data["is_over"]:
        return _("Licences of %(application)s have ended") % data
    return _("Licences of %(application)s end on %(day)s") % _said(data)


def _licence_body(data: dict[str, Any]) -> str:
    if data["school"]:
        return _("They are %(school)s's own. Renew them, or let the school do without.") % data
    return _("They are for all schools. Renew them, or propose that the application is taken away.")


register("vetting.ending", _vetting, _vetting_body, label=gettext_lazy("A vetting ends"))
register("licence.ending", _licence, _licence_body, label=gettext_lazy("Licences end"))
