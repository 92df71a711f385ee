"""A meeting from its call to signed minutes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.utils import InternalError

from deployments.committee.typesetting import minutes_pdf
from deployments.models import AgendaItem, BaselineEntry, Decision, Meeting, Vote
from deployments.models.moves import InvalidMove
from deployments.services import proposals
from deployments.services.deliberation import EditConflict, NoQuorum, decide, reopen_item, reserve, vote, write_note
from deployments.services.meetings import NotKeeper, call_meeting, mark_present, move_item, open_meeting
from deployments.services.minutes import StaleMinutes, close_meeting, sign
from schools.models import AuditEvent, Notification
from tests import factories
from tests.committee.table import Committee, called, committee, decide_all, opened, proposal, vetted
from tests.deployments.request_factories import app_request
from tests.factories import NOW

pytestmark = pytest.mark.django_db
REFUSED = (IntegrityError, InternalError)


@pytest.fixture
def group() -> Committee:
    return committee()


def the_item(meeting: Meeting, kind: str = "proposal") -> AgendaItem:
    return meeting.items.get(kind=kind)


def test_the_agenda_builds_itself_and_follows_new_proposals_and_withdrawals(group: Committee) -> None:
    early = proposal(group)
    meeting = called(group)
    late = proposal(group)
    proposals.withdraw(early, group.members[1])

    assert [item.proposal for item in meeting.items.all()] == [late]
    assert [item.number for item in meeting.items.all()] == [1]


def test_everybody_concerned_is_called_but_the_caller(group: Committee) -> None:
    called(group)

    told = Notification.objects.filter(kind="meeting.called").values_list("user", flat=True)
    assert set(told) == {member.pk for member in group.members}


def test_chair_and_secretary_are_two_people(group: Committee) -> None:
    with pytest.raises(ValidationError):
        call_meeting(
            group.baseline, starts_at=NOW, chair=group.chair, secretary=group.chair, by=group.secretary, now=NOW
        )


def test_an_item_moves_and_the_others_make_room(group: Committee) -> None:
    for _ in range(3):
        proposal(group)
    meeting = called(group)
    last = meeting.items.last()
    assert last is not None

    move_item(last, 1, group.secretary)

    assert meeting.items.first() == last
    assert [item.number for item in meeting.items.all()] == [1, 2, 3]


def test_only_chair_and_secretary_open_and_decide(group: Committee) -> None:
    proposal(group)
    meeting = called(group)
    with pytest.raises(NotKeeper):
        open_meeting(meeting, group.seats, group.members[1], NOW)
    opened(group, meeting)
    item = the_item(meeting)
    with pytest.raises(NotKeeper):
        decide(item, "rejected", item.edition, group.members[1], NOW)


def test_nothing_is_decided_without_a_quorum_neither_by_service_nor_in_the_database(group: Committee) -> None:
    proposal(group)
    meeting = opened(group)
    mark_present(meeting, group.seats[:2], group.chair)
    item = the_item(meeting)

    with pytest.raises(NoQuorum):
        decide(item, "granted", item.edition, group.chair, NOW)
    with pytest.raises(REFUSED), transaction.atomic():
        AgendaItem.objects.filter(pk=item.pk).update(outcome="granted", decided_at=NOW)


def test_the_outcome_follows_the_votes_in_service_and_database(group: Committee) -> None:
    proposal(group)
    item = the_item(opened(group))
    for seat, said in zip(group.seats, ["for", "against", "against"], strict=True):
        vote(item, seat, said, seat.holder)

    with pytest.raises(ValidationError):
        decide(item, "granted", item.edition, group.chair, NOW)
    with pytest.raises(REFUSED), transaction.atomic():
        AgendaItem.objects.filter(pk=item.pk).update(outcome="granted", decided_at=NOW)
    assert decide(item, "rejected", item.edition, group.chair, NOW).outcome == "rejected"


def test_a_tie_is_settled_by_the_chairs_vote(group: Committee) -> None:
    proposal(group)
    item = the_item(opened(group))
    vote(item, group.seats[0], "for", group.chair)
    vote(item, group.seats[1], "against", group.members[1])

    assert decide(item, "granted", item.edition, group.chair, NOW).outcome == "granted"


def test_votes_are_for_those_present_given_by_themselves_or_the_secretary(group: Committee) -> None:
    proposal(group)
    meeting = opened(group)
    item = the_item(meeting)
    mark_present(meeting, [group.seats[0], group.seats[2]], group.chair)

    with pytest.raises(PermissionDenied):
        vote(item, group.seats[0], "for", group.members[2])
    with pytest.raises(ValidationError):
        vote(item, group.seats[1], "for", group.members[1])
    with pytest.raises(REFUSED), transaction.atomic():
        Vote.objects.create(item=item, seat=group.seats[1], choice="for")
    assert vote(item, group.seats[2], "for", group.secretary)


def test_votes_stand_once_the_item_is_decided_but_a_reservation_can_be_made(group: Committee) -> None:
    proposal(group)
    item = the_item(opened(group))
    vote(item, group.seats[0], "for", group.chair)
    vote(item, group.seats[2], "against", group.members[2])
    item = decide(item, "granted", item.edition, group.chair, NOW)

    with pytest.raises(InvalidMove):
        vote(item, group.seats[2], "for", group.members[2])
    assert reserve(item, group.seats[2], "För dyrt.", group.members[2]).reservation == "För dyrt."
    item = reopen_item(item, item.edition, group.chair)
    assert vote(item, group.seats[2], "for", group.members[2])


def test_two_who_write_at_once_never_overwrite_one_another(group: Committee) -> None:
    proposal(group)
    item = the_item(opened(group))
    write_note(item, "Annas ord", 0, group.chair)

    with pytest.raises(EditConflict) as conflict:
        write_note(item, "Bertils ord", 0, group.secretary)

    assert conflict.value.item.note == "Annas ord"
    assert write_note(item, "Annas och Bertils ord", conflict.value.item.edition, group.secretary).edition == 2


def test_a_vote_that_somebody_else_has_changed_meanwhile_is_not_overwritten(group: Committee) -> None:
    proposal(group)
    item = the_item(opened(group))
    vote(item, group.seats[1], "against", group.members[1], seen="")

    with pytest.raises(EditConflict):
        vote(item, group.seats[1], "for", group.secretary, seen="")


def test_what_is_not_vetted_cannot_be_granted(group: Committee) -> None:
    application = factories.application()
    factories.app_version(application)
    proposal(group, application)
    item = the_item(opened(group))

    with pytest.raises(ValidationError):
        decide(item, "granted", item.edition, group.chair, NOW)
    assert decide(item, "returned", item.edition, group.chair, NOW)


def test_closing_decides_the_revision_with_each_entry_tied_to_its_decision(group: Committee) -> None:
    made = proposal(group, vetted("GeoGebra"))
    meeting = opened(group)
    decide_all(meeting, group.chair, proposal="granted")

    closed = close_meeting(meeting, group.chair, NOW)

    made.refresh_from_db()
    entry = BaselineEntry.objects.get(application=made.application)
    assert closed.revision is not None
    assert (closed.revision.status, entry.revision) == ("decided", closed.revision)
    assert entry.decision == Decision.objects.get(proposal=made)
    assert made.status == "granted"


def test_closing_needs_an_outcome_for_every_item(group: Committee) -> None:
    proposal(group)
    meeting = opened(group)

    with pytest.raises(ValidationError):
        close_meeting(meeting, group.chair, NOW)
    with pytest.raises(REFUSED), transaction.atomic():
        Meeting.objects.filter(pk=meeting.pk).update(status="closed", closed_at=NOW, minutes_hash="a")


def test_a_postponed_proposal_stands_on_the_next_agenda(group: Committee) -> None:
    made = proposal(group)
    meeting = opened(group)
    decide_all(meeting, group.chair, proposal="tabled")
    close_meeting(meeting, group.chair, NOW)

    assert the_item(called(group)).proposal == made


def closed(group: Committee) -> Meeting:
    proposal(group)
    meeting = opened(group)
    item = the_item(meeting)
    vote(item, group.seats[0], "for", group.chair)
    vote(item, group.seats[1], "for", group.members[1])
    vote(item, group.seats[2], "against", group.members[2])
    decide_all(meeting, group.chair, proposal="granted")
    reserve(item, group.seats[2], "Programmet är för dyrt.", group.members[2])
    return close_meeting(meeting, group.chair, NOW)


def test_minutes_are_frozen_and_the_agenda_with_them(group: Committee) -> None:
    meeting = closed(group)

    with pytest.raises(REFUSED), transaction.atomic():
        AgendaItem.objects.filter(meeting=meeting).update(note="Efteråt")
    with pytest.raises(REFUSED), transaction.atomic():
        Meeting.objects.filter(pk=meeting.pk).update(minutes={})
    with pytest.raises(InvalidMove):
        write_note(the_item(meeting), "Efteråt", 1, group.chair)


def test_minutes_say_votes_and_reservations(group: Committee) -> None:
    said = closed(group).minutes["items"][0]

    assert said["outcome"] == "Bifall"
    assert said["reservations"][0]["text"] == "Programmet är för dyrt."
    assert len(said["votes"]) == 3


def test_two_present_people_other_than_the_secretary_sign_exactly_these_minutes(group: Committee) -> None:
    meeting = closed(group)

    with pytest.raises(PermissionDenied):
        sign(meeting, meeting.minutes_hash, group.secretary, NOW)
    with pytest.raises(StaleMinutes):
        sign(meeting, "a" * 64, group.chair, NOW)
    sign(meeting, meeting.minutes_hash, group.chair, NOW)
    with pytest.raises(ValidationError):
        sign(meeting, meeting.minutes_hash, group.chair, NOW)
    with pytest.raises(REFUSED), transaction.atomic():
        Meeting.objects.filter(pk=meeting.pk).update(status="signed")

    assert sign(meeting, meeting.minutes_hash, group.members[2], NOW).status == "signed"
    assert AuditEvent.objects.filter(act="minutes.settled").count() == 1


def test_the_pdf_is_tagged_swedish_and_the_same_byte_for_byte(group: Committee) -> None:
    meeting = closed(group)
    first, second = minutes_pdf(meeting), minutes_pdf(Meeting.objects.get(pk=meeting.pk))

    assert first == second
    assert b"/StructTreeRoot" in first
    assert b"/Lang (sv)" in first or b"/Lang(sv)" in first


def test_two_meetings_about_one_baseline_are_not_open_at_once(group: Committee) -> None:
    opened(group)
    later = call_meeting(
        group.baseline,
        starts_at=NOW + timedelta(days=1),
        chair=group.chair,
        secretary=group.secretary,
        by=group.secretary,
        now=NOW,
    )

    with pytest.raises(ValidationError):
        opened(group, later)


def test_a_request_before_the_committee_stands_on_the_agenda_and_gets_its_answer(group: Committee) -> None:
    wish = app_request("committee", factories.school(), application=vetted("Blender"))
    meeting = opened(group)
    item = the_item(meeting, "request")
    decide_all(meeting, group.chair, request="rejected")
    close_meeting(meeting, group.chair, NOW)

    wish.refresh_from_db()
    assert "Blender" in item.title
    assert wish.status == "refused"
    assert Decision.objects.get(request=wish).kind == "meeting"


def test_a_postponed_request_stays_with_the_committee(group: Committee) -> None:
    wish = app_request("committee", factories.school(), application=vetted())
    meeting = opened(group)
    decide_all(meeting, group.chair, request="tabled")
    close_meeting(meeting, group.chair, NOW)

    assert the_item(called(group), "request").request == wish
