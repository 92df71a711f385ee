"""What seats lean towards before the meeting: noted by their holders, seen by the committee, never a vote."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from deployments.models import Proposal, Seat, Stance, Vote
from deployments.models.moves import InvalidMove
from deployments.services import proposals
from deployments.services.stances import take_stance
from schools.models import AuditEvent
from tests import factories
from tests.committee.table import Committee, committee, decide_all, opened, proposal

pytestmark = pytest.mark.django_db


@pytest.fixture
def group() -> Committee:
    return committee()


def test_only_the_holder_notes_what_a_seat_leans_towards(group: Committee) -> None:
    made = proposal(group)

    for somebody_else in (group.members[1], group.secretary):
        with pytest.raises(PermissionDenied):
            take_stance(made, group.seats[0], "for", "", somebody_else)
    noted = take_stance(made, group.seats[0], "for", "Vi har väntat.", group.chair)

    assert noted is not None
    assert (noted.seat, noted.user, noted.text) == (group.seats[0], group.chair, "Vi har väntat.")


def test_a_second_note_takes_the_place_of_the_first_and_an_empty_one_takes_it_back(group: Committee) -> None:
    made = proposal(group)
    for choice in ("for", "against", ""):
        take_stance(made, group.seats[0], choice, "", group.chair)

    assert not Stance.objects.exists()
    acts = list(
        AuditEvent.objects.filter(act__startswith="proposal.stance").order_by("pk").values_list("act", flat=True)
    )
    assert acts == ["proposal.stance_taken", "proposal.stance_taken", "proposal.stance_withdrawn"]


def test_once_the_meeting_has_begun_it_is_said_there(group: Committee) -> None:
    made = proposal(group)
    opened(group)

    with pytest.raises(ValidationError):
        take_stance(made, group.seats[0], "for", "", group.chair)


def test_nothing_is_noted_on_a_proposal_that_is_withdrawn(group: Committee) -> None:
    made = proposals.withdraw(proposal(group), group.members[1])

    with pytest.raises(InvalidMove):
        take_stance(made, group.seats[0], "for", "", group.chair)


def test_it_is_no_vote(group: Committee) -> None:
    made = proposal(group)
    for seat in group.seats:
        take_stance(made, seat, "against", "", seat.holder)  # type: ignore[arg-type]

    decide_all(opened(group), group.chair, proposal="granted")

    assert not Vote.objects.exists()
    assert made.agenda_items.get().outcome == "granted"


def test_members_note_it_on_the_page_and_the_meeting_room_shows_it(client: Client, group: Committee) -> None:
    made = proposal(group)
    client.force_login(group.members[2])
    said = {"seat": group.seats[2].pk, "choice": "against", "text": "Grundskolan väntar gärna."}

    client.post(f"{made.get_absolute_url()}stance/", said)
    client.force_login(group.chair)
    page = client.get(made.get_absolute_url()).content.decode()
    meeting = opened(group)
    room = client.get(f"/meetings/{meeting.pk}/room/").content.decode()

    assert "Grundskolan väntar gärna." in page
    assert "Grundskolan väntar gärna." in room


def test_a_seat_of_somebody_else_is_refused_on_the_page(client: Client, group: Committee) -> None:
    made = proposal(group)
    client.force_login(group.members[2])

    client.post(f"{made.get_absolute_url()}stance/", {"seat": group.seats[0].pk, "choice": "against"})

    assert not Stance.objects.exists()


def test_schools_that_see_the_proposal_do_not_see_what_the_seats_think(client: Client, group: Committee) -> None:
    made = proposal(group)
    take_stance(made, group.seats[0], "for", "Mellan oss.", group.chair)
    approver = factories.person("approver", factories.school())
    client.force_login(approver)

    page = client.get(made.get_absolute_url()).content.decode()
    answer = client.get(f"/api/v1/proposals/{made.pk}/", headers=bearer(approver))

    assert "Mellan oss." not in page
    assert answer.json()["stances"] == []


def test_a_script_notes_and_reads_them(client: Client, group: Committee) -> None:
    made, seat = proposal(group), group.seats[0]
    path = f"/api/v1/proposals/{made.pk}/"
    said = {"seat": seat.pk, "choice": "unsure", "text": "Vad kostar det?"}

    answer = client.post(f"{path}stance/", said, content_type="application/json", headers=bearer(group.chair))
    refused = client.post(f"{path}stance/", said, content_type="application/json", headers=bearer(group.members[1]))

    assert answer.json()["stances"] == [{"seat": seat.pk, "choice": "unsure", "text": "Vad kostar det?"}]
    assert refused.status_code == 403


def test_whoever_leaves_a_seat_leaves_its_stance_to_the_next(group: Committee) -> None:
    made, seat = proposal(group), group.seats[0]
    take_stance(made, seat, "for", "", group.chair)
    Seat.objects.filter(pk=seat.pk).update(holder=group.members[1])
    seat.refresh_from_db()

    take_stance(made, seat, "against", "", group.members[1])

    noted = Proposal.objects.get().stances.get()
    assert (noted.user, noted.choice) == (group.members[1], "against")


def bearer(user: object) -> dict[str, str]:
    return {"Authorization": f"Bearer {factories.api_token(user)}"}  # type: ignore[arg-type]
