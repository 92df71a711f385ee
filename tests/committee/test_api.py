"""A whole meeting over the API, its refusals and its repeats."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from deployments.models import Meeting
from schools.models import User
from tests import factories
from tests.committee.table import Committee, called, committee, opened, proposal, vetted

pytestmark = pytest.mark.django_db


@pytest.fixture
def group() -> Committee:
    return committee()


def post(client: Client, user: User, path: str, said: dict[str, Any] | None = None, **headers: str) -> Any:
    headers["Authorization"] = f"Bearer {factories.api_token(user)}"
    return client.post(f"/api/v1/{path}", said or {}, content_type="application/json", headers=headers)


def test_from_proposal_to_signed_minutes(client: Client, group: Committee) -> None:
    municipality = factories.municipality()
    said = {
        "baseline": group.baseline.pk,
        "kind": "add",
        "application": vetted().pk,
        "level": "municipality",
        "container": municipality.pk,
        "reason": "Kursen behöver det.",
    }
    assert post(client, group.members[1], "proposals/", said).status_code == 201
    called = {"baseline": group.baseline.pk, "starts_at": "2027-01-11T09:00:00Z"}
    called |= {"chair": group.chair.username, "secretary": group.secretary.username}
    meeting = post(client, group.secretary, "meetings/", called).json()
    path = f"meetings/{meeting['id']}"
    item = f"{path}/items/{meeting['items'][0]['id']}"

    post(client, group.chair, f"{path}/open/", {"present": [seat.pk for seat in group.seats]})
    for seat, choice in zip(group.seats, ["for", "for", "against"], strict=True):
        assert post(client, seat.holder, f"{item}/vote/", {"seat": seat.pk, "choice": choice}).status_code == 200
    post(client, group.chair, f"{item}/outcome/", {"outcome": "granted", "edition": 0})
    post(client, group.members[2], f"{item}/reserve/", {"seat": group.seats[2].pk, "reservation": "För dyrt."})
    closed = post(client, group.chair, f"{path}/close/").json()
    for member in group.members[:2]:
        signed = post(client, member, f"{path}/sign/", {"minutes_hash": closed["minutes_hash"]}).json()

    assert closed["items"][0]["outcome"] == "granted"
    assert signed["status"] == "signed"
    assert closed["revision"] is not None


def test_an_outcome_against_the_votes_is_refused(client: Client, group: Committee) -> None:
    proposal(group)
    meeting = opened(group)
    item = f"meetings/{meeting.pk}/items/{meeting.items.get().pk}"
    for seat in group.seats:
        post(client, seat.holder, f"{item}/vote/", {"seat": seat.pk, "choice": "against"})

    assert post(client, group.chair, f"{item}/outcome/", {"outcome": "granted", "edition": 0}).status_code == 400


def test_an_outdated_edition_is_a_conflict(client: Client, group: Committee) -> None:
    proposal(group)
    meeting = opened(group)
    item = f"meetings/{meeting.pk}/items/{meeting.items.get().pk}"
    post(client, group.chair, f"{item}/note/", {"note": "Först", "edition": 0})

    assert post(client, group.secretary, f"{item}/note/", {"note": "Sedan", "edition": 0}).status_code == 409


def test_a_repeated_command_is_done_once(client: Client, group: Committee) -> None:
    meeting = {"baseline": group.baseline.pk, "starts_at": "2027-01-11T09:00:00Z"}
    meeting |= {"chair": group.chair.username, "secretary": group.secretary.username}
    token = f"Bearer {factories.api_token(group.secretary)}"
    headers = {"Authorization": token, "Idempotency-Key": "ett möte"}
    headers["Idempotency-Key"] = "one-meeting"
    answers = [
        client.post("/api/v1/meetings/", meeting, content_type="application/json", headers=headers) for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert Meeting.objects.count() == 1


def test_an_item_of_another_meeting_is_not_found(client: Client, group: Committee) -> None:
    proposal(group)
    meeting = opened(group)

    answer = post(client, group.chair, f"meetings/{meeting.pk + 1}/items/{meeting.items.get().pk}/note/", {"note": "x"})

    assert answer.status_code == 404


def test_an_item_of_ones_own_is_written_changed_moved_and_taken_off(client: Client, group: Committee) -> None:
    proposal(group)
    path = f"meetings/{called(group).pk}/items/"
    added = post(client, group.secretary, path, {"title": "Läsåret", "text": "Kalendern."})
    item = f"{path}{added.json()['items'][-1]['id']}"

    changed = post(client, group.chair, f"{item}/change/", {"title": "Loven", "text": "", "edition": 0}).json()
    outdated = post(client, group.secretary, f"{item}/change/", {"title": "Läsåret", "text": "", "edition": 0})
    moved = post(client, group.secretary, f"{item}/move/", {"to": 1}).json()
    removed = post(client, group.secretary, f"{item}/remove/").json()

    assert (added.status_code, added.json()["items"][-1]["text"]) == (201, "Kalendern.")
    assert (changed["items"][-1]["title"], changed["items"][-1]["edition"]) == ("Loven", 1)
    assert outdated.status_code == 409
    assert moved["items"][0]["title"] == "Loven"
    assert [row["number"] for row in removed["items"]] == [1]


def test_an_item_that_the_portal_wrote_is_neither_changed_nor_taken_off(client: Client, group: Committee) -> None:
    proposal(group)
    meeting = called(group)
    item = f"meetings/{meeting.pk}/items/{meeting.items.get().pk}"

    changed = post(client, group.secretary, f"{item}/change/", {"title": "Annat", "text": "", "edition": 0})

    assert changed.status_code == 400
    assert post(client, group.secretary, f"{item}/remove/").status_code == 400
    assert meeting.items.get().kind == "proposal"
