"""The committee's objects for the matrix: a proposal, and meetings that are planned, open and closed."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils import timezone

from deployments.committee.minutes import minutes_hash, minutes_of
from deployments.models import AgendaItem, Baseline, Delegation, Meeting, Proposal, Seat
from schools.access import COMMITTEE, IT_ADMIN
from schools.models import User
from tests import factories
from tests.factories import NOW


def committee_objects(people: dict[str, User]) -> dict[str, int]:
    member, baseline = people[COMMITTEE], factories.baseline("HT", 2031)
    seat = Seat.objects.create(name="Gymnasiet", administration=factories.administration(), holder=member)
    proposal = Proposal.objects.create(
        baseline=baseline,
        kind="add",
        application=factories.application(),
        profile=factories.profile(factories.municipality()),
        intent="required",
        reason="Kursen behöver det.",
        proposed_by=member,
    )
    meeting = _meeting(baseline, people[IT_ADMIN], seat, "planned")
    opened, closed = (_meeting(factories.baseline("VT", year), people[IT_ADMIN], seat, "open") for year in (2032, 2033))
    item = AgendaItem.objects.create(meeting=opened, number=1, kind="information", title="Läget")
    minutes = minutes_of(closed, NOW)
    closed.move_to("closed", closed_at=NOW, minutes=minutes, minutes_hash=minutes_hash(minutes))
    today = timezone.localdate()
    delegation = Delegation.objects.create(
        user=member, text="Säkerhetsprogram", starts_on=date(2020, 1, 1), ends_on=today + timedelta(days=30)
    )
    return {
        "proposal": proposal.pk,
        "meeting": meeting.pk,
        "open_meeting": opened.pk,
        "agenda_item": item.pk,
        "closed_meeting": closed.pk,
        "seat": seat.pk,
        "delegation": delegation.pk,
    }


def _meeting(baseline: Baseline, chair: User, seat: Seat, status: str) -> Meeting:
    meeting = Meeting.objects.create(
        baseline=baseline,
        starts_at=NOW,
        chair=chair,
        secretary=factories.person(IT_ADMIN),
        status=status,
        opened_at=NOW,
    )
    meeting.present.add(seat)
    return meeting
