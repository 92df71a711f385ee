"""Decisions that carry themselves out while workers die: each arrives, once, with its group."""

from __future__ import annotations

import time
from typing import Any

import pytest

from deployments.models import ChangeSet
from intune_sync.models import Operation
from intune_sync.payloads import assignment_key
from schools.models import AuditEvent
from tests import factories
from tests.chaos.conftest import SWEEP_SECONDS, Workers, wait_until
from tests.chaos.test_apply_survives import (
    APPS,
    LONG_SECONDS,
    is_applied,
    let_leases_run_out,
    slow_down,
    start,
    verified,
)
from tests.pushing import GEOGEBRA, Town, decided

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

RECOVERS_WITHIN_SECONDS = 75 + SWEEP_SECONDS + 10
"""The longest lease, a sweep, and the writing itself."""


def keys(town: Town, name: str) -> set[str]:
    return set(map(assignment_key, town.tenant.assignments(name)))


def groups_of(town: Town, nickname: str) -> list[dict[str, Any]]:
    sandbox = town.tenant.sandbox
    headers = {"Authorization": f"Bearer {sandbox.token()}"}
    url = f"{sandbox.url}/v1.0/groups?$filter=mailNickname eq '{nickname}'"
    return list(sandbox.session.get(url, headers=headers).json()["value"])


def test_two_decisions_that_wait_arrive_though_workers_are_killed(town: Town, workers: Workers):
    slow_down(town)
    school = town.schools["GY-RONN"]
    group = factories.class_group(school, "NA1a")
    first, second = decided(town, owner=group), decided(town, "GIMP", at=town.schools["GY-TEKN"])
    workers.start(beat=True, name="beat")

    for goal in ("planned", "applying"):
        process = workers.start()
        wait_until(lambda goal=goal: _is_at_least(first, goal), LONG_SECONDS, workers)
        workers.kill(process)
        let_leases_run_out()
    workers.start()
    wait_until(lambda: is_applied(first) and is_applied(second), LONG_SECONDS, workers)

    (made,) = groups_of(town, f"terminsklar-class-{group.pk}")
    assert f"group:{made['id']}:required" in keys(town, GEOGEBRA)
    assert f"group:{town.schools['GY-TEKN'].entra_group_id}:required" in keys(town, "GIMP")
    assert AuditEvent.objects.filter(act="changeset.approved").count() == 2
    assert Operation.objects.filter(status="verified", kind="assign").count() == 2
    assert not Operation.objects.filter(status="failed").exists()


def _is_at_least(change_set: ChangeSet, status: str) -> bool:
    order = ["draft", "planned", "approved", "applying", "applied"]
    now = ChangeSet.objects.get(pk=change_set.pk).status
    return order.index(now) >= order.index(status)


def test_a_killed_workers_work_is_taken_over_within_its_lease(
    town: Town, workers: Workers, record_property: Any
) -> None:
    """Nobody shortens the lease here: this is how long Intune waits in truth."""
    slow_down(town)
    first = workers.start()
    workers.start(beat=True, name="beat")
    change_set = start(town)
    wait_until(lambda: verified() >= 2, LONG_SECONDS, workers)

    workers.kill(first)
    killed_at = time.monotonic()
    workers.start()
    wait_until(lambda: is_applied(change_set), RECOVERS_WITHIN_SECONDS, workers)

    record_property("recovery_seconds", round(time.monotonic() - killed_at, 1))
    assert verified() == len(APPS)
