"""Stopping on purpose: the kill switch at each point of an operation; and an operation that kills whoever takes it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from django.utils import timezone

from intune_sync.models import Operation
from intune_sync.push.kill_points import POINTS
from intune_sync.services import stops
from intune_sync.services.quarantine import release_operation
from tests import factories
from tests.chaos import orders
from tests.chaos.checker import is_write, received, wrongs
from tests.chaos.conftest import Workers, wait_until
from tests.chaos.kills import Kill
from tests.chaos.orders import LONG_SECONDS, sweeping
from tests.chaos.servers import WRITING, Broker
from tests.pushing import GEOGEBRA, Town

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

IN_SHORT = {("action", "after_sending_is_kept")}
ONE_OF_EACH = {
    "assignment": lambda town: orders.assignments(town, GEOGEBRA),
    "import": lambda town: orders.registration(town, 1),
    "action": lambda town: orders.actions(town, "autopilotReset"),
}
SWEEPS = 3
"""So many are waited for to see that nothing is sent."""


def cases() -> Iterator[Any]:
    for case in product(ONE_OF_EACH, POINTS):
        stuck = Kill(*case, "stuck")
        yield pytest.param(stuck, id="-".join(case), marks=[] if case in IN_SHORT else pytest.mark.full_only)


@pytest.fixture(autouse=True)
def intune_is_quick(town: Town) -> None:
    town.tenant.sandbox.post("/sandbox/settings", orders.AT_ONCE)


@pytest.mark.parametrize("stuck", list(cases()))
def test_the_kill_switch_stops_it_there(stuck: Kill, town: Town, workers: Workers, broker: Broker):
    """The worker stands still at the point while the switch is thrown, and goes on: it sends nothing more until two
    have released it, and then everything arrives."""
    stuck.ordered(workers)
    approved = ONE_OF_EACH[stuck.kind](town)
    workers.start(queues=WRITING)
    sleeper = wait_until(sweeping(broker, lambda: stuck.victim(workers)), LONG_SECONDS, workers)

    stop = stops.throw(town.requester, "Fel tilldelning", timezone.now())
    thrown_at = time.time()
    os.kill(int(sleeper), signal.SIGCONT)
    for _ in range(SWEEPS):
        broker.sweep()
        broker.wake_writers()
        broker.wake_actors()
    wait_until(lambda: broker.waiting() == 0, LONG_SECONDS, workers)
    released_at = time.time()
    for each in (town.requester, town.approver):
        stop = stops.release(stop, each, timezone.now())
    wait_until(sweeping(broker, orders.is_done, hurried=True), LONG_SECONDS, workers)

    assert [entry["path"] for entry in writes_between(town, thrown_at, released_at)] == []
    assert wrongs(town.tenant, approved) == []
    assert set(Operation.objects.values_list("status", flat=True)) == {"verified"}


def writes_between(town: Town, start: float, end: float) -> list[dict[str, Any]]:
    return [entry for entry in town.tenant.calls() if is_write(entry) and start < received(entry) < end]


@pytest.mark.full_only
@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_an_operation_that_kills_three_workers_is_set_aside(kind: str, town: Town, workers: Workers, broker: Broker):
    """What comes after it arrives; released by a person, it arrives too."""
    approved = ONE_OF_EACH[kind](town)
    workers.start(queues=WRITING)
    poison = Operation.objects.get()
    for _try in range(3):
        kill = Kill(kind, "after_read", "child")
        kill.ordered(workers)
        victim = wait_until(sweeping(broker, lambda kill=kill: kill.victim(workers)), LONG_SECONDS, workers)
        orders.let_leases_run_out(f":{victim}")
        (workers.kill_points / f"after_read.{victim}").unlink()
    wait_until(sweeping(broker, orders.is_done), LONG_SECONDS, workers)
    set_aside = Operation.objects.quarantined().get()
    more = orders.registration(town, 1)
    wait_until(sweeping(broker, orders.is_done, hurried=True), LONG_SECONDS, workers)

    release_operation(set_aside, factories.person("it_admin"))
    wait_until(sweeping(broker, orders.is_done, hurried=True), LONG_SECONDS, workers)

    approved.imports += more.imports
    assert set_aside == poison
    assert set_aside.problem == "poison"
    assert wrongs(town.tenant, approved) == []
    assert set(Operation.objects.values_list("status", flat=True)) == {"verified"}
