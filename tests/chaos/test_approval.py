"""Multi Admin Approval: writes that another administrator has to approve in Intune first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from intune_sync.models import Operation
from tests.chaos import orders
from tests.chaos.checker import Approved, wrongs
from tests.chaos.conftest import Workers, wait_until
from tests.chaos.midway import LONG_SECONDS, ended
from tests.pushing import Town

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

AWAITING = Operation.Status.AWAITING_APPROVAL


@pytest.fixture(autouse=True)
def asks_for_approval(town: Town) -> Iterator[None]:
    town.tenant.sandbox.post("/sandbox/settings", {"multi_admin_approval": "apps"})
    yield
    town.tenant.sandbox.delete("/sandbox/approvals")


def decide(town: Town, decision: str, request: str = "*") -> None:
    town.tenant.sandbox.post("/sandbox/approvals", {"id": request, "decision": decision})


def look_now() -> None:
    """What minutes do: the portal looks whether it has been approved."""
    Operation.objects.filter(status=AWAITING).update(not_before=None)


def all_wait(town: Town, workers: Workers) -> Approved:
    approved = orders.assignments(town)
    workers.start()
    workers.start(beat=True, name="beat")
    wait_until(lambda: _waiting() == len(orders.APPS), LONG_SECONDS, workers)
    return approved


def _waiting() -> int:
    return Operation.objects.filter(status=AWAITING).count()


def executed(town: Town) -> list[dict[str, Any]]:
    return [call for call in town.tenant.writes() if call["executed"]]


def in_any_weather(town: Town, seed: int) -> None:
    """The handshake is two calls; either may be lost on its way or on its way back."""
    for place, kind in enumerate(("drop_before", "drop_after", "throttle")):
        town.tenant.fault(kind, retry_after=0.3, rate=0.2, count=2, seed=10 * seed + place)


@pytest.mark.seeds(short=1, full=4)
def test_approved_writes_are_made_once(seed: int, town: Town, workers: Workers):
    in_any_weather(town, seed)
    approved = all_wait(town, workers)
    assert executed(town) == []

    decide(town, "approved")
    ended(workers, look_now)

    assert wrongs(town.tenant, approved) == []
    assert len(executed(town)) == len(orders.APPS)


@pytest.mark.full_only
def test_a_worker_that_dies_while_they_wait_loses_none(town: Town, workers: Workers):
    approved = all_wait(town, workers)

    workers.kill_all()
    workers.running.clear()
    decide(town, "approved")
    workers.start()
    workers.start(beat=True, name="beat")
    ended(workers, look_now)

    assert wrongs(town.tenant, approved) == []
    assert len(executed(town)) == len(orders.APPS)


@pytest.mark.full_only
def test_what_is_rejected_is_not_written(town: Town, workers: Workers):
    approved = all_wait(town, workers)
    approved.assignments = {}

    decide(town, "rejected")
    ended(workers, look_now)

    assert wrongs(town.tenant, approved) == []
    assert set(Operation.objects.values_list("status", flat=True)) == {"failed"}
