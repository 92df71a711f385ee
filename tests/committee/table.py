"""A committee of two administrations with a meeting to hold; everything goes through the ordinary services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from deployments.models import AgendaItem, Application, Baseline, Meeting, Proposal, Seat, VettingCard
from deployments.services.deliberation import decide
from deployments.services.meetings import call_meeting, open_meeting
from deployments.services.profiles import profile_of
from deployments.services.proposals import propose
from schools.models import User
from tests import factories
from tests.factories import NOW


@dataclass
class Committee:
    """Seats one and two are of one administration, three of another."""

    baseline: Baseline
    chair: User
    secretary: User
    members: list[User]
    seats: list[Seat]


def committee() -> Committee:
    members = [factories.person("committee") for _ in range(3)]
    places = ["GYF", "GYF", "BUF"]
    seats = [
        Seat.objects.create(name=f"Plats {n}", administration=factories.administration(code), holder=member)
        for n, (code, member) in enumerate(zip(places, members, strict=True), 1)
    ]
    return Committee(factories.baseline("HT"), members[0], factories.person("it_admin"), members, seats)


def vetted(name: str = "") -> Application:
    application = factories.application(name)
    factories.app_version(application)
    VettingCard.objects.create(
        application=application,
        personal_data="none",
        agreement="not_needed",
        assessment="not_needed",
        minimum_age=0,
        data_region="device",
        accessibility="meets",
        cost_note="Ingen",
        valid_until=date(2099, 1, 1),
    )
    return application


def proposal(of: Committee, application: Application | None = None, **said: object) -> Proposal:
    said = {"kind": "add", "intent": "required", "reason": "Kursen behöver det.", "by": of.members[1], **said}
    profile = profile_of(factories.municipality())
    return propose(of.baseline, application=application or vetted(), profile=profile, on=NOW.date(), **said)  # type: ignore[arg-type]


def called(of: Committee) -> Meeting:
    return call_meeting(of.baseline, starts_at=NOW, chair=of.chair, secretary=of.secretary, by=of.secretary, now=NOW)


def opened(of: Committee, meeting: Meeting | None = None) -> Meeting:
    return open_meeting(meeting or called(of), of.seats, of.secretary, NOW)


def decide_all(meeting: Meeting, by: User, **outcomes: str) -> None:
    """`outcomes` by kind of item; the rest is noted."""
    for item in AgendaItem.objects.filter(meeting=meeting, outcome=""):
        decide(item, outcomes.get(item.kind, "noted"), item.edition, by, NOW)
