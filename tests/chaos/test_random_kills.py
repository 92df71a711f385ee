"""Processes that die at any moment, while many writes are under way."""

from __future__ import annotations

import random
import time
from contextlib import suppress

import psutil
import pytest

from intune_sync.models import Operation
from intune_sync.services.quarantine import release_operation
from tests.chaos import orders
from tests.chaos.checker import wrongs
from tests.chaos.conftest import Workers, wait_until
from tests.chaos.orders import LONG_SECONDS, sweeping
from tests.chaos.servers import WRITING, Broker
from tests.chaos.test_apply_survives import APPS
from tests.pushing import Town

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

KILLS = 6
WORKERS = 2


class Reaper:
    """Kills one of the workers' processes at a time, and starts another worker when it was a whole one."""

    def __init__(self, seed: int, workers: Workers) -> None:
        self.chance, self.workers = random.Random(seed), workers
        workers.are_revived = True
        self.taken: list[tuple[str, float]] = []
        """What the dead were at, and when they died."""

    def kill(self, *, hurried: bool) -> None:
        worker = self.chance.choice([each for each in self.workers.running if each.poll() is None])
        with suppress(psutil.NoSuchProcess):
            children = psutil.Process(worker.pid).children()
            if children and self.chance.random() < 0.5:
                children = [self.chance.choice(children)]
                children[0].kill()
            else:
                self.workers.kill(worker)
                self.revive()
            for child in children:
                self._note(f":{child.pid}")
                if hurried:
                    orders.let_leases_run_out(f":{child.pid}")

    def revive(self) -> None:
        """As whatever supervises services does. A worker whose child is killed while it starts gives up by itself."""
        for dead in [each for each in self.workers.running if each.poll() is not None]:
            self.workers.running.remove(dead)
        while len(self.workers.running) < WORKERS:
            self.workers.start(queues=WRITING)

    def has_slept(self, until: float) -> bool:
        self.revive()
        return time.monotonic() > until

    def has_done(self, town: Town) -> bool:
        """Somebody in IT lets in again what died three times."""
        self.revive()
        for operation in Operation.objects.quarantined():
            release_operation(operation, town.approver)
        return orders.is_done()

    def _note(self, worker: str) -> None:
        held = Operation.objects.filter(status__in=Operation.HELD, worker__endswith=worker)
        self.taken += [(orders.object_of(operation), time.time()) for operation in held]


@pytest.mark.seeds(short=1, full=6)
def test_killed_at_random_moments(seed: int, town: Town, workers: Workers, broker: Broker):
    town.tenant.sandbox.post("/sandbox/settings", orders.AT_ONCE)
    town.tenant.fault("delay", seconds=0.1, count=-1)
    approved = orders.together(orders.assignments(town, *APPS), orders.registration(town), orders.actions(town))
    reaper = Reaper(seed, workers)
    reaper.revive()

    for _kill in range(KILLS):
        moment = time.monotonic() + reaper.chance.uniform(0.5, 4)
        wait_until(sweeping(broker, lambda moment=moment: reaper.has_slept(moment)), LONG_SECONDS, workers)
        reaper.kill(hurried=True)
    wait_until(sweeping(broker, lambda: reaper.has_done(town), hurried=True), LONG_SECONDS, workers)

    assert wrongs(town.tenant, approved) == []
