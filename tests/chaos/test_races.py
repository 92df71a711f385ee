"""Others at work at the same time: a second planner, another administrator, two beats, a worker that stood still."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import product
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from deployments.models import ChangeSet
from deployments.services import changes
from deployments.services.amendments import renew
from intune_sync import services
from intune_sync.models import Operation
from intune_sync.payloads import assignment_for
from intune_sync.push.kill_points import POINTS
from tests.chaos import orders
from tests.chaos.checker import key, wrongs
from tests.chaos.conftest import Workers, wait_until
from tests.chaos.kills import Kill
from tests.chaos.orders import LONG_SECONDS, sweeping
from tests.chaos.servers import WRITING, Broker
from tests.pushing import GEOGEBRA, Town, decided

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

MANY_APPS = [*orders.APPS, "Arduino IDE", "MuseScore Studio", "Visual Studio Code"]
STUCK_IN_SHORT = {("action", "after_sending_is_kept"), ("assignment", "before_sent_is_kept")}


@pytest.fixture(autouse=True)
def intune_is_quick(town: Town) -> None:
    town.tenant.sandbox.post("/sandbox/settings", orders.AT_ONCE)


@pytest.mark.seeds(short=1, full=5)
def test_two_planners_at_the_same_moment(seed: int, town: Town, workers: Workers, broker: Broker):
    """Each has a plan of the same state approved, for the same app. One wins; the other begins anew from that."""
    approved = orders.nothing(town)
    schools = random.Random(seed).sample(["GY-RONN", "GY-TEKN", "GY-AKER"], 2)
    first, second = [town.plan(decided(town, at=town.schools[tag])) for tag in schools]
    together = Barrier(2)

    def press(change_set: ChangeSet) -> str:
        together.wait(10)
        return outcome(town, change_set)

    with ThreadPoolExecutor(2) as threads:
        outcomes = sorted(threads.map(press, [first, second]))
    workers.start(queues=WRITING)
    applied = ChangeSet.objects.filter(pk__in=[first.pk, second.pk], status=ChangeSet.Status.APPLIED)
    wait_until(sweeping(broker, applied.exists), LONG_SECONDS, workers)
    for left in ChangeSet.objects.filter(pk__in=[first.pk, second.pk]).exclude(pk__in=applied):
        renew(left, town.requester)
    wait_until(sweeping(broker, lambda: applied.count() == 2), LONG_SECONDS, workers)

    approved.assignments = {town.tenant.app_id(GEOGEBRA): {entry_of(town, tag) for tag in schools}}
    assert outcomes.count("started") == 1
    assert wrongs(town.tenant, approved) == []


def outcome(town: Town, planned: ChangeSet) -> str:
    try:
        agreed = changes.approve(planned, planned.plan_hash, town.approver, timezone.now())
        services.apply_change_set(agreed, town.requester, timezone.now())
    except ValidationError as refused:
        return type(refused).__name__
    finally:
        connection.close()
    return "started"


def entry_of(town: Town, tag: str) -> str:
    return f"groupAssignmentTarget:{town.schools[tag].entra_group_id}:required:"


@pytest.mark.seeds(short=1, full=5)
def test_a_foreign_administrator_between_plan_and_apply(seed: int, town: Town, workers: Workers, broker: Broker):
    """What was approved is no longer what would be done, or is done beside what they wrote; nothing of theirs goes."""
    foreign = Foreigner(seed, town)
    planned = town.plan(town.propose(*MANY_APPS))
    for name in foreign.some_apps():
        foreign.writes(name)

    if outcome(town, planned) != "started":
        planned = town.plan(ChangeSet.objects.get(pk=planned.pk))
        assert outcome(town, planned) == "started"
    workers.start(queues=WRITING)
    wait_until(sweeping(broker, orders.is_done), LONG_SECONDS, workers)

    assert wrongs(town.tenant, foreign.approved) == []


@pytest.mark.seeds(short=1, full=10)
def test_a_foreign_administrator_between_reading_and_writing(seed: int, town: Town, workers: Workers, broker: Broker):
    """At random: right after our reading, right before our writing, right after it."""
    foreign = Foreigner(seed, town)
    planned = town.plan(town.propose(*MANY_APPS))
    assert outcome(town, planned) == "started"
    for name in foreign.some_apps():
        path = f"{town.tenant.app_id(name)}/assign"
        after_reading = {"after_method": "GET", "path_contains": path}
        before_writing = {"before_method": "POST", "path_contains": path}
        after_writing = {"after_method": "POST", "path_contains": path}
        foreign.writes(name, when=foreign.chance.choice([after_reading, before_writing, after_writing]))

    workers.start(queues=WRITING)
    workers.start(queues=WRITING)
    wait_until(sweeping(broker, orders.is_done), LONG_SECONDS, workers)

    assert wrongs(town.tenant, foreign.approved) == []


class Foreigner:
    """Another administrator, who gives other groups apps, or takes away what they had given."""

    def __init__(self, seed: int, town: Town) -> None:
        self.chance, self.tenant = random.Random(seed), town.tenant
        self.approved = orders.nothing(town)
        self.approved.assignments = orders.ours(town, *MANY_APPS)
        schools = [each for each in sorted(self.tenant.groups) if "-school-" in each and "-gy-" not in each]
        self.groups = [self.tenant.groups[each] for each in ["terminsklar-form-grundskola", *schools[:2]]]

    def some_apps(self) -> list[str]:
        return self.chance.sample(MANY_APPS, 4)

    def writes(self, name: str, **when: Any) -> None:
        app = self.tenant.app_id(name)
        if self.approved.foreign[app] and self.chance.random() < 0.3:
            return self._takes_away(app, **when)
        raw = assignment_for("group", self.chance.choice(self.groups), "available")
        taken = {key(each).split(":")[1] for each in self.tenant.at_start[app]}
        if raw["target"]["groupId"] not in taken:
            self.tenant.somebody_adds(name, raw, **when)
            self.approved.assignments[app] = self.approved.assignments[app] | {key(raw)}
        return None

    def _takes_away(self, app: str, **when: Any) -> None:
        gone = self.chance.choice(self.approved.foreign[app])
        self.tenant.sandbox.post("/sandbox/foreign", {"app_id": app, "remove": [gone["id"]], **when})
        self.approved.foreign[app] = [raw for raw in self.approved.foreign[app] if raw != gone]
        self.approved.from_start[app] = self.approved.foreign[app]


@pytest.mark.seeds(short=1, full=5)
def test_messages_that_are_late_doubled_or_lost(seed: int, town: Town, workers: Workers, broker: Broker):
    chance = random.Random(seed)
    approved = orders.everything(town)
    workers.start(queues=WRITING)
    workers.start(queues=WRITING)
    messages: list[Callable[[], None]] = [broker.sweep, broker.wake_writers, broker.wake_actors, broker.flush]

    def disorder() -> bool:
        if chance.random() < 0.1:  # of twenty looks in a second
            chance.choice(messages)()
        return orders.is_done()

    wait_until(sweeping(broker, disorder, hurried=True), LONG_SECONDS, workers)
    for _ in range(20):
        chance.choice(messages)()
    broker.sweep()
    wait_until(lambda: broker.waiting() == 0, LONG_SECONDS, workers)

    assert wrongs(town.tenant, approved) == []
    assert len(town.tenant.writes()) == len(approved.assignments)


@pytest.mark.parametrize("beats", [0, 2])
@pytest.mark.full_only
def test_two_beats_or_none(beats: int, town: Town, workers: Workers, broker: Broker):
    """Without beat the message that a button sends is enough; two beats double no call."""
    approved = orders.assignments(town)
    for number in range(beats):
        workers.start(beat=True, name=f"beat{number}")
    workers.start(queues=WRITING)
    if not beats:
        broker.wake_writers()

    wait_until(orders.is_done, LONG_SECONDS, workers)

    assert wrongs(town.tenant, approved) == []
    assert len(town.tenant.writes()) == len(approved.assignments)


def stuck_cases() -> Iterator[Any]:
    for case in product(orders.KINDS, POINTS):
        yield pytest.param(
            Kill(*case, "stuck"), id="-".join(case), marks=[] if case in STUCK_IN_SHORT else pytest.mark.full_only
        )


@pytest.mark.parametrize("stuck", list(stuck_cases()))
def test_a_worker_that_stood_still_is_fenced(stuck: Kill, town: Town, workers: Workers, broker: Broker):
    """It sleeps until others have done its work, however long that takes, and does no harm when it wakes."""
    stuck.ordered(workers)
    approved = orders.KINDS[stuck.kind](town)
    workers.start(queues=WRITING)
    sleeper = wait_until(sweeping(broker, lambda: stuck.victim(workers)), LONG_SECONDS, workers)

    orders.let_leases_run_out(f":{sleeper}")
    workers.start(queues=WRITING)
    wait_until(sweeping(broker, orders.is_done, hurried=True), LONG_SECONDS, workers)
    with suppress(ProcessLookupError):  # on a slow machine Celery has put an end to it, as it took too long
        os.kill(int(sleeper), signal.SIGCONT)
    workers.end()

    assert wrongs(town.tenant, approved) == []
    assert not Operation.objects.exclude(status="verified").exclude(is_destructive=True).exists()
