"""The committee's pages as people use them."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from deployments.models import Meeting, Proposal, Vote
from deployments.services.deliberation import vote, write_note
from deployments.services.minutes import close_meeting
from tests import factories
from tests.committee.table import Committee, called, committee, decide_all, opened, proposal, vetted
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def group() -> Committee:
    return committee()


def room(meeting: Meeting) -> str:
    return f"/meetings/{meeting.pk}/room/"


def test_a_member_proposes_with_the_form_and_sees_evidence_and_impact(client: Client, group: Committee) -> None:
    application = vetted("GeoGebra")
    client.force_login(group.members[1])
    said = {
        "baseline": group.baseline.pk,
        "kind": "add",
        "application": application.pk,
        "container": f"municipality:{factories.municipality().pk}",
        "intent": "required",
        "reason": "Kursen behöver det.",
    }

    answer = client.post("/proposals/new/", said)
    page = client.get(answer.url).content.decode()

    assert Proposal.objects.get().proposed_by == group.members[1]
    assert "Kursen behöver det." in page
    assert "GeoGebra" in page


def test_the_form_says_what_is_missing(client: Client, group: Committee) -> None:
    client.force_login(group.members[1])

    answer = client.post("/proposals/new/", {"kind": "replace"})

    assert answer.status_code == 400
    assert answer.context["form"].errors


def test_support_and_comment_are_shown(client: Client, group: Committee) -> None:
    made = proposal(group)
    client.force_login(group.members[2])
    client.post(f"{made.get_absolute_url()}support/")
    client.post(f"{made.get_absolute_url()}comment/", {"text": "Prövat på Rönnens gymnasium."})

    page = client.get(made.get_absolute_url()).content.decode()

    assert str(group.members[2]) in page
    assert "Prövat på Rönnens gymnasium." in page


def test_the_chair_carries_a_meeting_through_its_pages(client: Client, group: Committee) -> None:
    proposal(group)
    meeting = called(group)
    item = meeting.items.get()
    client.force_login(group.chair)
    client.post(f"/meetings/{meeting.pk}/open/", {"present": [seat.pk for seat in group.seats]})
    client.post(f"/meetings/{meeting.pk}/items/{item.pk}/note/", {"note": "Alla var överens.", "edition": 0})
    client.post(
        f"/meetings/{meeting.pk}/items/{item.pk}/vote/", {"seat": group.seats[0].pk, "choice": "for", "seen": ""}
    )
    client.post(f"/meetings/{meeting.pk}/items/{item.pk}/decide/", {"outcome": "granted", "edition": 1})
    answer = client.post(f"/meetings/{meeting.pk}/close/")
    page = client.get(answer.url).content.decode()

    assert answer.url.endswith("/minutes/")
    assert "Alla var överens." in page
    assert client.get(f"/meetings/{meeting.pk}/minutes.pdf").content.startswith(b"%PDF")


def test_the_room_shows_quorum_votes_and_outcomes_to_those_who_keep_it(client: Client, group: Committee) -> None:
    proposal(group)
    meeting = opened(group)
    client.force_login(group.secretary)
    keeps = client.get(room(meeting)).content.decode()
    client.force_login(group.members[1])
    member = client.get(room(meeting)).content.decode()

    assert len(re.findall(r'id="vote-\d+-for"', keeps)) == 3
    assert 'id="outcome-granted"' in keeps
    assert len(re.findall(r'id="vote-\d+-for"', member)) == 1
    assert 'id="outcome-granted"' not in member


def test_the_live_part_alone_answers_the_poll_and_says_what_others_did(client: Client, group: Committee) -> None:
    proposal(group)
    meeting = opened(group)
    vote(meeting.items.get(), group.seats[1], "against", group.members[1])
    client.force_login(group.chair)

    part = client.get(f"{room(meeting)}?shown={meeting.items.get().pk}", headers={"HX-Request": "true"})

    assert part.content.decode().startswith('<div id="room-live"')
    assert 'id="room-ahead" class="room-ahead" hx-swap-oob' in part.content.decode()
    assert part.context["tally"].against == 1


def test_a_screen_that_follows_the_meeting_goes_on_to_the_next_item(client: Client, group: Committee) -> None:
    proposal(group)
    proposal(group)
    meeting = opened(group)
    first = meeting.items.get(number=1)
    client.force_login(group.chair)
    client.post(f"/meetings/{meeting.pk}/items/{first.pk}/decide/", {"outcome": "tabled", "edition": 0})

    answer = client.get(f"{room(meeting)}?shown={first.pk}", headers={"HX-Request": "true"})

    assert answer.headers["HX-Redirect"] == room(meeting)


def test_the_second_of_two_who_write_sees_both_texts_and_nothing_is_lost(client: Client, group: Committee) -> None:
    proposal(group)
    meeting = opened(group)
    item = meeting.items.get()
    write_note(item, "Annas ord", 0, group.chair)
    client.force_login(group.secretary)

    answer = client.post(f"/meetings/{meeting.pk}/items/{item.pk}/note/", {"note": "Bertils ord", "edition": 0})
    page = answer.content.decode()

    item.refresh_from_db()
    assert answer.status_code == 409
    assert "Annas ord" in page
    assert "Bertils ord" in page
    assert item.note == "Annas ord"


def test_a_vote_over_another_persons_vote_is_a_conflict(client: Client, group: Committee) -> None:
    proposal(group)
    meeting = opened(group)
    item = meeting.items.get()
    vote(item, group.seats[1], "against", group.members[1])
    client.force_login(group.secretary)
    said = {"seat": group.seats[1].pk, "choice": "for", "seen": ""}

    assert client.post(f"/meetings/{meeting.pk}/items/{item.pk}/vote/", said).status_code == 409
    assert Vote.objects.get().choice == "against"


def test_two_who_were_there_sign_on_the_page(client: Client, group: Committee) -> None:
    proposal(group)
    meeting = opened(group)
    decide_all(meeting, group.chair, proposal="rejected")
    meeting = close_meeting(meeting, group.chair, NOW)
    for member in (group.members[1], group.members[2]):
        client.force_login(member)
        client.post(f"/meetings/{meeting.pk}/sign/", {"minutes_hash": meeting.minutes_hash})

    meeting.refresh_from_db()
    assert meeting.status == "signed"


def test_dates_that_do_not_follow_one_another_are_refused_on_the_page(client: Client, group: Committee) -> None:
    client.force_login(group.secretary)
    said = {"starts_on": "2027-08-01", "ends_on": "2027-12-20", "proposals_open_on": "2027-05-01"}

    answer = client.post(f"/baselines/{group.baseline.pk}/dates/", {**said, "freeze_on": "2027-04-01"})

    assert answer.status_code == 400
    assert "freeze_on" in answer.context["form"].errors


@pytest.mark.parametrize(
    "path, most", [("/proposals/", 8), ("/meetings/", 8), ("/meetings/seats/", 8), ("/meetings/delegations/", 8)]
)
def test_lists_cost_few_queries(
    path: str, most: int, client: Client, group: Committee, django_assert_max_num_queries: object
) -> None:
    for _ in range(3):
        proposal(group)
    called(group)
    client.force_login(group.chair)
    client.get(path)

    with django_assert_max_num_queries(most):  # type: ignore[operator]
        client.get(path)


def test_detail_pages_cost_few_queries(client: Client, group: Committee, django_assert_max_num_queries: object) -> None:
    made = [proposal(group) for _ in range(3)]
    meeting = opened(group)
    vote(meeting.items.get(number=1), group.seats[0], "for", group.chair)
    client.force_login(group.chair)
    for path, most in ((made[0].get_absolute_url(), 12), (room(meeting), 10)):
        client.get(path)
        with django_assert_max_num_queries(most):  # type: ignore[operator]
            client.get(path)


def test_a_members_overview_leads_to_the_meeting_and_to_minutes_to_sign(client: Client, group: Committee) -> None:
    proposal(group)
    meeting = opened(group)
    decide_all(meeting, group.chair, proposal="rejected")
    close_meeting(meeting, group.chair, NOW)
    client.force_login(group.members[1])
    before = client.get("/").context["overview"].items
    client.post(f"/meetings/{meeting.pk}/sign/", {"minutes_hash": Meeting.objects.get().minutes_hash})

    assert [item.url for item in before] == [meeting.get_absolute_url()]
    assert client.get("/").context["overview"].items == []
