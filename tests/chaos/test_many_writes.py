"""A change of more apps than Microsoft lets through in a few minutes, while workers die at random moments."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.chaos import orders
from tests.chaos.checker import BUDGET, WINDOW_SECONDS, WRITES_IN_20_SECONDS, received, wrongs
from tests.chaos.conftest import Workers, wait_until
from tests.chaos.many_apps import names, start_with
from tests.chaos.orders import LONG_SECONDS, sweeping
from tests.chaos.servers import WRITING, Broker
from tests.chaos.test_random_kills import Reaper
from tests.pushing import Town
from tests.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.full_only]

WRITES = 3000
"""As many as the write budget lets through in a quarter of an hour."""
CALLS_PER_WRITE = 4
SECONDS_PER_WRITE = WINDOW_SECONDS / (BUDGET * WRITES_IN_20_SECONDS["apps"])
KILL_EVERY_SECONDS = 20
MOST_OF_IDEAL = 1.75
RECOVERS_WITHIN_SECONDS = 90


@pytest.fixture(scope="module")
def push_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """With as many apps as there are to be writes."""
    sandbox = start_with(names(WRITES), tmp_path_factory.mktemp("many"), devices=50)
    yield sandbox
    sandbox.stop()


def test_killed_at_random_in_the_middle_of_many_writes(
    town: Town, workers: Workers, broker: Broker, record_property: Callable[[str, Any], None]
):
    """Nobody shortens a lease here."""
    approved = orders.assignments(town, *names(WRITES))
    began = town.tenant.sandbox.get("/sandbox/state")["requests"]
    for _worker in range(2):
        workers.start(queues=WRITING)
    reaper = Reaper(1, workers)

    longest = 2 * WRITES * SECONDS_PER_WRITE + LONG_SECONDS
    next_kill = time.monotonic() + KILL_EVERY_SECONDS

    def done() -> bool:
        nonlocal next_kill
        if time.monotonic() > next_kill:
            next_kill = time.monotonic() + reaper.chance.uniform(0.5, 1.5) * KILL_EVERY_SECONDS
            reaper.kill(hurried=False)
        return reaper.has_done(town)

    wait_until(sweeping(broker, done), longest, workers)

    calls = [entry for entry in town.tenant.calls() if entry["n"] > began]
    slowest = max(seconds_until_called(calls, about, killed_at) for about, killed_at in reaper.taken)
    ratio = len(calls) / (CALLS_PER_WRITE * WRITES)
    record_property("recovery_seconds", round(slowest, 1))
    record_property("requests_over_ideal", round(ratio, 2))
    assert wrongs(town.tenant, approved) == []
    assert slowest <= RECOVERS_WITHIN_SECONDS
    assert ratio <= MOST_OF_IDEAL


def seconds_until_called(calls: list[dict[str, Any]], about: str, moment: float) -> float:
    """After the moment, by the sandbox's account; 0 when all was done but the worker's own note of it."""
    return min((at - moment for call in calls if about in call["path"] and (at := received(call)) > moment), default=0)
