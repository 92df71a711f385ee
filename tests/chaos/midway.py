"""An apply of twelve apps that the workers are in the middle of when something happens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.chaos import orders
from tests.chaos.checker import Approved
from tests.chaos.conftest import Workers, wait_until
from tests.chaos.test_apply_survives import APPS, slow_down
from tests.pushing import Tenant, Town

LONG_SECONDS = 240


def begun(town: Town, workers: Workers, *, writes: int = 3) -> Approved:
    """What was approved, once Intune has received so many of its writes. Each takes a while."""
    slow_down(town)
    approved = orders.assignments(town, *APPS)
    workers.start()
    workers.start(beat=True, name="beat")
    wait(lambda: len(town.tenant.writes()) >= writes, workers)
    return approved


def wait(true: Callable[[], Any], workers: Workers) -> None:
    wait_until(true, LONG_SECONDS, workers)


def ended(workers: Workers, while_waiting: Callable[[], object] = lambda: None) -> None:
    """Nothing is left to do."""

    def is_done() -> bool:
        while_waiting()
        return orders.is_done()

    wait(is_done, workers)


def seconds_to_last_write(tenant: Tenant, since: float) -> float:
    """From `since`, in seconds of the epoch, until the last write took effect, by Microsoft's account."""
    written = [received(call) for call in tenant.writes() if call["executed"]]
    return round(max(0.0, max(written) - since), 1)


def received(call: dict[str, Any]) -> float:
    return datetime.fromisoformat(call["received_at"]).timestamp()
