"""Every mix of outcomes in a `$batch` of writes: each call's own outcome counts, and the whole ends as wished."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import product
from random import Random
from typing import Any

import pytest

from fleet.models import Device
from intune_sync.push import apply, reconcile
from tests.chaos.checker import too_early
from tests.factories import NOW
from tests.intune_sync.test_kept_groups import a_class, known_to_entra, members
from tests.pushing import GEOGEBRA, Town

pytestmark = [pytest.mark.chaos, pytest.mark.django_db]

OUTCOMES: dict[str, dict[str, Any] | None] = {
    "taken": None,
    "throttled": {"kind": "throttle", "retry_after": 0.05},
    "expired": {"kind": "status", "status": 401},
    "gone": {"kind": "status_after", "status": 404},
    "conflicting": {"kind": "status", "status": 409},
    "away": {"kind": "status", "status": 503},
    "lost": {"kind": "status_after", "status": 504},
}
MIXES = list(product(OUTCOMES, repeat=3))
Random(1).shuffle(MIXES)


@pytest.mark.seeds(short=3, full=len(MIXES))
def test_computers_leave_a_group_in_one_batch(seed: int, town: Town, waits_are_over: Callable[[], None]):
    group, devices = a_class(town, 3)
    leaving = known_to_entra(town.tenant, *devices)
    town.started(GEOGEBRA, owner=group)
    apply.work(NOW)
    group.refresh_from_db()
    assert members(town.tenant, group.entra_group_id) == set(leaving)

    for name, member in zip(MIXES[seed - 1], leaving, strict=True):
        if rule := OUTCOMES[name]:
            town.tenant.fault(method="DELETE", path=f"/members/{member}", **rule)
    Device.objects.filter(class_group=group).update(class_group=None)
    reconcile.sweep(NOW + timedelta(minutes=6))
    for minute in range(6, 30, 4):
        waits_are_over()
        apply.work(NOW + timedelta(minutes=minute))

    calls = town.tenant.calls(method="DELETE", path_contains="/members/")
    done = Counter(call["path"] for call in calls if call["executed"])
    assert members(town.tenant, group.entra_group_id) == set()
    assert sorted(done.values()) == [1, 1, 1]
    assert list(too_early(calls)) == []
