"""Whatever order people press the API's buttons in, a meeting and its proposals only ever move as their rules allow."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from rest_framework.test import APIClient

from deployments.committee.minutes import minutes_hash
from deployments.models import AgendaItem, Decision, Meeting, Proposal
from deployments.services.meetings import add_item
from tests import factories as make
from tests.committee.table import called, committee, proposal, vetted
from tests.factories import NOW

PEOPLE = ["chair", "member", "other", "secretary", "auditor", "teacher"]
COMMITTEE = ["chair", "member", "other", "secretary"]
KEEPERS = ["chair", "secretary"]
WHO = st.sampled_from(PEOPLE)
ONE = st.integers(0, 2)
"""Which item: the proposal of a vetted application, that of one that is not, and an item of somebody's own."""
PLACES = st.sets(st.integers(0, 2))
"""Which seats; the first two are one administration's, the third another's."""
OUTCOMES = st.sampled_from(["granted", "rejected", "returned", "tabled", "noted", ""])
REFUSED = (400, 403, 404, 409)


class Meetings(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.minutes: dict[str, Any] = {}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    @initialize(begins=st.sampled_from(["planned", "open", "voted on", "decided"]))
    def people(self, begins: str) -> None:
        """Some runs begin further on, so that all that can come after closing is tried as often."""
        self.group = committee()
        users = dict(zip(["chair", "member", "other"], self.group.members, strict=True))
        users |= {"secretary": self.group.secretary, "auditor": make.person("auditor")}
        users["teacher"] = make.person("teacher", make.school())
        self.users = users
        self.clients = {name: _client_of(user) for name, user in users.items()}
        make.entry(make.revision("active"), make.municipality(), make.app_version().application)
        self.proposals = [proposal(self.group, vetted("Ett")), proposal(self.group, make.app_version().application)]
        self.meeting = called(self.group)
        own = add_item(self.meeting, "Läsåret", self.group.secretary)
        items = [self.meeting.items.get(proposal=each).pk for each in self.proposals]
        self.items = [*items, own.pk]
        if begins != "planned":
            self.opens_with_everybody("chair")
        if begins in ("voted on", "decided"):
            self.all_vote(0, "for")
        if begins == "decided":
            self.finds_the_outcome("chair", 0, "granted", False)
            self.a_keeper_finds_the_rest("secretary", "tabled")
            self.closes("chair")

    def press(self, who: str, path: str, allowed: list[str], **said: Any) -> bool:
        """Whether it was done. Nothing moves when it is refused, and it is always refused to all but `allowed`."""
        before = self._states()

        answer = self.clients[who].post(f"/api/v1/{path}", said, format="json")

        done = answer.status_code < 400
        assert done or answer.status_code in REFUSED, (path, answer.status_code, answer.data)
        assert not done or who in allowed, (who, path, answer.status_code)
        assert done or self._states() == before
        for old, new in zip(before, self._states(), strict=True):
            moves = Meeting.MOVES if old[0] == "meeting" else Proposal.MOVES
            assert old[1] == new[1] or new[1] in moves[old[1]], (path, old, new)
        event(f"{path.rstrip('/').rpartition('/')[2]}: {answer.status_code}")
        return done

    def _states(self) -> list[tuple[str, str]]:
        states = [("meeting", Meeting.objects.get(pk=self.meeting.pk).status)]
        return [*states, *(("proposal", row.status) for row in Proposal.objects.order_by("pk"))]

    def _at(self, path: str) -> str:
        return f"meetings/{self.meeting.pk}/{path}"

    def _seats(self, places: set[int]) -> list[int]:
        return [self.group.seats[place].pk for place in sorted(places)]

    def _now(self) -> Meeting:
        return Meeting.objects.get(pk=self.meeting.pk)

    def _present(self) -> set[int]:
        return set(self._now().present.values_list("pk", flat=True))

    @rule(who=WHO, places=PLACES)
    def opens(self, who: str, places: set[int]) -> None:
        self.press(who, self._at("open/"), COMMITTEE, present=self._seats(places))

    @rule(who=st.sampled_from(COMMITTEE))
    def opens_with_everybody(self, who: str) -> None:
        self.opens(who, {0, 1, 2})

    @rule(who=WHO, places=PLACES)
    def says_who_is_here(self, who: str, places: set[int]) -> None:
        if self.press(who, self._at("present/"), KEEPERS, present=self._seats(places)):
            assert self._now().status == "open"

    @rule(who=WHO, which=ONE, seat=ONE, choice=st.sampled_from(["for", "against", "abstains", ""]))
    def votes(self, who: str, which: int, seat: int, choice: str) -> None:
        item = AgendaItem.objects.filter(pk=self.items[which]).first()
        holder = ["chair", "member", "other"][seat]
        said = {"seat": self.group.seats[seat].pk, "choice": choice}
        if self.press(who, self._at(f"items/{self.items[which]}/vote/"), [*KEEPERS, holder], **said):
            assert item is not None
            assert item.outcome == ""
            assert self._now().status == "open"
            assert said["seat"] in self._present()

    @rule(which=ONE, choice=st.sampled_from(["for", "against"]))
    def all_vote(self, which: int, choice: str) -> None:
        for seat, who in enumerate(["chair", "member", "other"]):
            self.votes(who, which, seat, choice)

    @rule(who=WHO, which=ONE, outcome=OUTCOMES, is_outdated=st.booleans())
    def finds_the_outcome(self, who: str, which: int, outcome: str, is_outdated: bool) -> None:
        item = AgendaItem.objects.filter(pk=self.items[which]).first()
        edition = item.edition if item else 0
        edition += 1 if is_outdated else 0
        path = self._at(f"items/{self.items[which]}/outcome/")
        if self.press(who, path, KEEPERS, outcome=outcome, edition=edition):
            assert not is_outdated
            assert self._now().status == "open"
            if outcome:
                assert self._present() == set(self._seats({0, 1, 2}))
                assert not (which == 1 and outcome == "granted")

    @rule(who=st.sampled_from(KEEPERS), which=ONE, outcome=OUTCOMES)
    def a_keeper_finds_the_outcome(self, who: str, which: int, outcome: str) -> None:
        self.finds_the_outcome(who, which, outcome, False)

    @rule(who=st.sampled_from(KEEPERS), outcome=st.sampled_from(["rejected", "tabled"]))
    def a_keeper_finds_the_rest(self, who: str, outcome: str) -> None:
        for which, item in enumerate(self.items):
            if AgendaItem.objects.filter(pk=item, outcome="").exists():
                self.finds_the_outcome(who, which, outcome, False)

    @rule(who=WHO, which=ONE, text=st.sampled_from(["Först.", "Sedan.", ""]), is_outdated=st.booleans())
    def writes(self, who: str, which: int, text: str, is_outdated: bool) -> None:
        item = AgendaItem.objects.filter(pk=self.items[which]).first()
        edition = (item.edition if item else 0) + (1 if is_outdated else 0)
        if self.press(who, self._at(f"items/{self.items[which]}/note/"), COMMITTEE, note=text, edition=edition):
            assert item is not None
            assert not is_outdated or item.note == text

    @rule(who=WHO, which=ONE, seat=ONE)
    def reserves(self, who: str, which: int, seat: int) -> None:
        said = {"seat": self.group.seats[seat].pk, "reservation": "För dyrt."}
        holder = ["chair", "member", "other"][seat]
        self.press(who, self._at(f"items/{self.items[which]}/reserve/"), [*KEEPERS, holder], **said)

    @rule(who=WHO, act=st.sampled_from(["change", "remove", "move"]), which=ONE)
    def arranges(self, who: str, act: str, which: int) -> None:
        before = self._now().status
        bodies: dict[str, dict[str, Any]] = {
            "change": {"title": "Annat", "text": "", "edition": 0},
            "remove": {},
            "move": {"to": 1},
        }
        said = bodies[act]
        if self.press(who, self._at(f"items/{self.items[which]}/{act}/"), COMMITTEE, **said):
            assert before == "planned" or (act == "move" and before == "open")
            assert which == 2 or act == "move"

    @rule(who=WHO, which=st.integers(0, 1))
    def withdraws(self, who: str, which: int) -> None:
        before = Proposal.objects.get(pk=self.proposals[which].pk).status
        decided = AgendaItem.objects.filter(pk=self.items[which]).exclude(outcome="").exists()
        if self.press(who, f"proposals/{self.proposals[which].pk}/withdraw/", COMMITTEE, reason="Ångrat."):
            assert before in ("open", "tabled", "returned")
            assert not (self._now().status == "open" and decided)

    @rule(who=WHO)
    def closes(self, who: str) -> None:
        if self.press(who, self._at("close/"), KEEPERS):
            self.minutes = self._now().minutes

    @rule(who=WHO, has_read=st.booleans())
    def signs(self, who: str, has_read: bool) -> None:
        said = self._now().minutes_hash if has_read else "0" * 64
        if self.press(who, self._at("sign/"), ["chair", "member", "other"], minutes_hash=said):
            assert has_read
            assert self.group.seats[["chair", "member", "other"].index(who)].pk in self._present()

    @rule(who=st.sampled_from(["chair", "member", "other"]))
    def one_who_was_there_signs(self, who: str) -> None:
        self.signs(who, True)

    @invariant()
    def outcomes_follow_the_votes(self) -> None:
        for item in AgendaItem.objects.filter(meeting=self.meeting).prefetch_related("votes__seat"):
            votes = [vote.choice for vote in item.votes.all()]
            chairs = [vote.choice for vote in item.votes.all() if vote.seat.holder_id == self.group.chair.pk]
            for_, against = votes.count("for"), votes.count("against")
            if item.outcome == "granted" and for_ + against:
                assert for_ > against or (for_ == against and chairs == ["for"])
            if item.outcome == "rejected" and for_ + against:
                assert against > for_ or (for_ == against and chairs == ["against"])

    @invariant()
    def minutes_stay_as_they_were_closed(self) -> None:
        row = Meeting.objects.get(pk=self.meeting.pk)
        if row.status in ("closed", "signed"):
            assert row.minutes == self.minutes
            assert row.minutes_hash == minutes_hash(row.minutes)
            assert not row.items.filter(outcome="").exists()
            assert row.closed_at is not None
        signed = list(row.sign_offs.values_list("user", "minutes_hash"))
        assert (row.status == "signed") == (len(signed) >= 2)
        assert row.secretary_id not in {user for user, _hash in signed}
        assert {read for _user, read in signed} <= {row.minutes_hash}

    @invariant()
    def decisions_are_those_of_the_closed_meeting(self) -> None:
        row = Meeting.objects.get(pk=self.meeting.pk)
        decided = set(row.items.filter(outcome__in=["granted", "rejected"]).values_list("pk", flat=True))
        made = set(Decision.objects.values_list("item", flat=True))
        assert made == (decided if row.status in ("closed", "signed") else set())


def _client_of(user: Any) -> APIClient:
    client = APIClient(raise_request_exception=True)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {make.api_token(user, last_used_at=NOW.replace(year=2090))}")
    return client


@pytest.mark.django_db
def test_no_illegal_move_of_a_meeting_is_reachable() -> None:
    run_state_machine_as_test(
        Meetings,
        settings=settings(
            max_examples=20,
            stateful_step_count=40,
            deadline=None,
            phases=[Phase.reuse, Phase.generate],  # a failure is told at once; shrinking it takes minutes
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
