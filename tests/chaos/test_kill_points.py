"""SIGKILL at each of the twelve points of an operation: of the pool's child, its worker, or the whole group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest

from intune_sync.models import Operation
from intune_sync.push.kill_points import POINTS
from tests.chaos import orders
from tests.chaos.checker import received, wrongs
from tests.chaos.conftest import Workers, wait_until
from tests.chaos.kills import Kill
from tests.chaos.orders import LONG_SECONDS, sweeping
from tests.chaos.servers import WRITING, Broker
from tests.pushing import Town

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

IN_SHORT = {
    ("assignment", "after_call", "child"),
    ("import", "after_sending_is_kept", "group"),
    ("action", "before_sent_is_kept", "worker"),
}
RECOVERS_WITHIN_SECONDS = 90


def cases() -> Iterator[Any]:
    for case in product(orders.KINDS, POINTS, ("child", "worker", "group")):
        yield pytest.param(Kill(*case), id="-".join(case), marks=[] if case in IN_SHORT else pytest.mark.full_only)


IN_REAL_TIME = [
    Kill("assignment", "after_call", "group"),
    Kill("import", "before_sent_is_kept", "group"),
    Kill("action", "after_sending_is_kept", "group"),
]


@pytest.fixture(autouse=True)
def intune_is_quick(town: Town) -> None:
    town.tenant.sandbox.post("/sandbox/settings", orders.AT_ONCE)


@pytest.mark.parametrize("kill", list(cases()))
def test_killed_there_nothing_is_lost_or_doubled(kill: Kill, town: Town, workers: Workers, broker: Broker):
    kill.ordered(workers)
    approved = orders.KINDS[kill.kind](town)
    first = workers.start(queues=WRITING)

    victim = wait_until(sweeping(broker, lambda: kill.victim(workers)), LONG_SECONDS, workers)
    if kill.whom != "child":
        first.wait(timeout=30)
        workers.start(queues=WRITING)
    orders.let_leases_run_out(f":{victim}" if kill.whom != "group" else "")
    wait_until(sweeping(broker, orders.is_done, hurried=True), LONG_SECONDS, workers)

    assert wrongs(town.tenant, approved) == []
    assert set(Operation.objects.values_list("status", "problem")) <= {("verified", ""), ("failed", "never_seen")}
    assert len(town.tenant.writes()) <= len(approved.assignments) + 1


@pytest.mark.full_only
@pytest.mark.parametrize("kill", IN_REAL_TIME, ids="-".join)
def test_another_worker_takes_over_in_time(
    kill: Kill, town: Town, workers: Workers, broker: Broker, record_property: Callable[[str, Any], None]
):
    """Nobody shortens the lease: from the kill until Intune is asked again about what the dead worker held."""
    kill.ordered(workers)
    approved = orders.KINDS[kill.kind](town)
    first = workers.start(queues=WRITING)
    victim = wait_until(sweeping(broker, lambda: kill.victim(workers)), LONG_SECONDS, workers)
    first.wait(timeout=30)
    killed_at = kill.moment(workers)
    about = orders.object_of(Operation.objects.get(status__in=Operation.HELD, worker__endswith=f":{victim}"))

    workers.start(queues=WRITING)
    calls = wait_until(sweeping(broker, lambda: calls_since(town, about, killed_at)), LONG_SECONDS, workers)
    taken_over = calls[0]
    wait_until(sweeping(broker, orders.is_done, hurried=True), LONG_SECONDS, workers)

    record_property("recovery_seconds", round(taken_over - killed_at, 1))
    assert taken_over - killed_at <= RECOVERS_WITHIN_SECONDS
    assert wrongs(town.tenant, approved) == []


def calls_since(town: Town, about: str, moment: float) -> list[float]:
    """When Intune was called about it after the moment, by the sandbox's account."""
    return [at for entry in town.tenant.calls(path_contains=about) if (at := received(entry)) > moment]
