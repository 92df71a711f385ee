"""Whatever order people press the API's buttons in, a request only ever moves as its table of moves allows."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from rest_framework.test import APIClient

from deployments.models import AppRequest
from deployments.services import requests as services
from deployments.services.amendments import is_up_to_date as up_to_date
from tests import factories as make
from tests.deployments.request_factories import carried_out, vetted
from tests.factories import NOW

ROOT = "/api/v1/requests/"
ACTS = ["submit", "approve", "refuse", "withdraw", "works", "skip", "committee", "messages"]
NEEDS_REASON = {"refuse", "skip", "committee"}
ONE = st.integers(0, 2)
"""Which of the requests: the teacher's for a vetted app, the approver's for one that is not, and for the first too."""
PEOPLE = ["teacher", "approver", "second approver", "it", "committee", "auditor", "stranger"]
IT_ACTS = {"committee"}
"""Reachable moves beside those of time, by the act that makes them."""
MOVED_BY = {
    "submit": {("draft", "school")},
    "approve": {("school", "review"), ("school", "planned"), ("review", "planned")},
    "refuse": {(state, "refused") for state in ("school", "review", "planned", "pilot")},
    "withdraw": {
        (state, "withdrawn") for state in ("draft", "school", "review", "committee", "planned", "pilot", "installing")
    },
    "works": {("pilot", "installing")},
    "skip": {("planned", "installing"), ("pilot", "installing")},
    "committee": {("review", "committee")},
    "messages": set(),
}


class Requests(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    @initialize()
    def people(self) -> None:
        make.entry(make.revision("active"), make.municipality(), make.app_version().application)
        self.school, self.other = make.school(), make.school()
        for _ in range(3):
            make.device(self.school)
        self.applications = [vetted(), make.app_version().application]
        roles = {
            "teacher": make.person("teacher", self.school),
            "approver": make.person("approver", self.school),
            "second approver": make.person("approver", self.school),
            "it": make.person("it_admin"),
            "committee": make.person("committee"),
            "auditor": make.person("auditor"),
            "stranger": make.person("approver", self.other),
        }
        self.users = roles
        self.clients = {name: _client_of(user) for name, user in roles.items()}

        self.keys = [self._written("teacher", 0), self._written("approver", 1), self._written("approver", 0)]

    def _written(self, who: str, which: int) -> int:
        body = {
            "school": self.school.pk,
            "application": self.applications[which].pk,
            "purpose": "Geometri",
            "needed_by": "2027-02-01",
        }
        answer = self.clients[who].post(ROOT, body, format="json")
        assert answer.status_code == 201, answer.data
        return int(answer.data["id"])

    @rule(which=ONE, who=st.sampled_from(PEOPLE), act=st.sampled_from(ACTS), says_why=st.booleans())
    def presses(self, which: int, who: str, act: str, says_why: bool) -> None:
        key = self.keys[which]
        before = AppRequest.objects.get(pk=key)
        body: dict[str, Any] = {"text": "Varför?"} if act == "messages" else {"reason": "Därför."} if says_why else {}

        answer = self.clients[who].post(f"{ROOT}{key}/{act}/", body, format="json")

        after = AppRequest.objects.get(pk=key)
        assert answer.status_code in (200, 201, 400, 403, 404, 409), (act, answer.status_code)
        if answer.status_code >= 400:
            assert after.status == before.status
        elif act != "messages":
            assert (before.status, after.status) in MOVED_BY[act], (act, before.status, after.status)
            assert after.status in AppRequest.MOVES[before.status]
            assert says_why or act not in NEEDS_REASON
            event(f"{before.status} to {after.status}")
        self._only_who_may(who, act, before, answer.status_code)

    def _only_who_may(self, who: str, act: str, before: AppRequest, status: int) -> None:
        if who == "stranger":
            assert status == 404
        if who in ("committee", "auditor"):
            assert status in (403, 404)
        if act in ("approve", "refuse") and before.requested_by_id == self.users[who].pk:
            assert status >= 400
        if act in IT_ACTS and who != "it":
            assert status >= 400

    @rule(which=ONE, act=st.sampled_from(["submit", "submit", "works", "skip", "approve"]))
    def requester_presses(self, which: int, act: str) -> None:
        self.presses(which, "approver" if which else "teacher", act, True)

    @rule(which=ONE, act=st.sampled_from(["approve", "approve", "refuse", "committee"]))
    def the_one_whose_turn_it_is_presses(self, which: int, act: str) -> None:
        is_at_school = AppRequest.objects.get(pk=self.keys[which]).status == "school"
        self.presses(which, "second approver" if is_at_school else "it", act, True)

    @rule(which=ONE)
    def computers_install(self, which: int) -> None:
        """Only the portal itself moves a request on from here."""
        found = AppRequest.objects.get(pk=self.keys[which])
        change_set = found.change_set
        can_start = change_set is not None and change_set.status == "draft" and up_to_date(change_set.revision)
        if found.status in ("planned", "installing") and can_start:
            carried_out(found, list(found.pilot_devices.all()) if found.status == "planned" else [])
        services.advance(timezone.now())
        assert AppRequest.objects.get(pk=found.pk).status in {found.status, *AppRequest.MOVES.get(found.status, ())} | {
            "done" if found.status == "planned" else found.status
        }

    @rule(which=ONE, who=st.sampled_from(PEOPLE))
    def reads(self, which: int, who: str) -> None:
        key = self.keys[which]
        found = AppRequest.objects.get(pk=key)
        hidden = who == "stranger" or (found.status == "draft" and found.requested_by_id != self.users[who].pk)
        answer = self.clients[who].get(f"{ROOT}{key}/")
        missing = self.clients[who].get(f"{ROOT}7999999/")
        if hidden:
            assert (answer.status_code, answer.json()) == (missing.status_code, missing.json())
        else:
            assert answer.status_code == 200

    @invariant()
    def rows_tell_the_truth(self) -> None:
        for row in AppRequest.objects.prefetch_related("steps"):
            open_steps = [step.status for step in row.steps.all() if step.left_at is None]
            assert open_steps == [row.status]
            assert row.approved_by_id != row.requested_by_id
            assert row.status != "refused" or row.reason


def _client_of(user: Any) -> APIClient:
    client = APIClient(raise_request_exception=True)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {make.api_token(user, last_used_at=NOW.replace(year=2090))}")
    return client


@pytest.mark.django_db
def test_no_illegal_move_is_reachable() -> None:
    run_state_machine_as_test(
        Requests,
        settings=settings(
            max_examples=30,
            stateful_step_count=40,
            deadline=None,
            phases=[Phase.reuse, Phase.generate],  # a failure is told at once; shrinking it takes minutes
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
