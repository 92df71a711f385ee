"""Other writes in the same bad weather: imports, remote actions, groups with their members, new apps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import F

from fleet.models import Device
from intune_sync.models import Operation
from intune_sync.payloads.actions import CALLS
from intune_sync.push import reconcile
from intune_sync.services.new_apps import NewApp, request_app
from tests import factories
from tests.chaos import orders
from tests.chaos.checker import wrongs
from tests.chaos.conftest import Workers, wait_until
from tests.chaos.orders import sweeping
from tests.chaos.servers import WRITING, Broker
from tests.chaos.test_weather import LONG_SECONDS, weather
from tests.intune_sync.test_kept_groups import groups_named, known_to_entra, members
from tests.pushing import GEOGEBRA, Tenant, Town

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

ROWS = 8
COMPUTERS = 23
CLASSES = ("NA1a",)
PUBLISHED_AFTER = timedelta(hours=1)

Work = Callable[[Callable[[], object]], None]


@pytest.fixture
def work(seed: int, town: Town, workers: Workers, broker: Broker) -> Work:
    """Bad weather until something is true, and then fine weather, in which the test looks."""
    town.tenant.sandbox.post("/sandbox/settings", orders.AT_ONCE)

    def until(true: Callable[[], object]) -> None:
        town.tenant.sandbox.post("/sandbox/faults", weather(seed))
        if not workers.running:
            workers.start(queues=WRITING)
        wait_until(sweeping(broker, true, hurried=True), LONG_SECONDS, workers)
        town.tenant.heal()

    return until


def executed(tenant: Tenant, path: str) -> list[dict[str, Any]]:
    """POSTs to exactly this path."""
    calls = tenant.calls(method="POST", path_contains=path)
    return [call for call in calls if call["path"].endswith(path) and call["executed"]]


@pytest.mark.seeds(short=1, full=3)
def test_computers_are_registered(seed: int, town: Town, work: Work):
    approved = orders.registration(town, ROWS)

    work(orders.is_done)

    assert wrongs(town.tenant, approved) == []
    assert Operation.objects.values_list("status", "problem").get() == ("verified", "")


@pytest.mark.seeds(short=1, full=3)
def test_remote_actions_are_taken(seed: int, town: Town, work: Work):
    """Each that there is. What is destructive may not arrive, and then that is known."""
    approved = orders.actions(town, *CALLS)

    work(orders.is_done)

    ends = Operation.objects.values_list("status", "problem", "is_destructive")
    assert wrongs(town.tenant, approved) == []
    assert set(ends) <= {("verified", "", False), ("verified", "", True), ("failed", "never_seen", True)}


@pytest.mark.seeds(short=1, full=3)
def test_classes_get_their_groups_and_computers_leave_them(seed: int, town: Town, work: Work):
    approved, entries, wanted = orders.nothing(town), set(), {}
    for number, name in enumerate(CLASSES):
        group = factories.class_group(town.schools["GY-RONN"], name)
        devices = [factories.device(group.school, class_group=group) for _ in range(COMPUTERS)]
        wanted[group] = set(known_to_entra(town.tenant, *devices, first=number * COMPUTERS))
        orders.put_in_force(town, town.plan(town.propose(GEOGEBRA, owner=group)))
        work(orders.is_done)

    for group, objects in wanted.items():
        group.refresh_from_db()
        assert members(town.tenant, group.entra_group_id) == objects
        assert len(groups_named(town.tenant, f"terminsklar-class-{group.pk}")) == 1
        entries.add(f"groupAssignmentTarget:{group.entra_group_id}:required:")
    Device.objects.filter(class_group__in=wanted).update(class_group=None)
    Operation.objects.update(finished_at=F("finished_at") - reconcile.TRY_AGAIN_AFTER)
    work(lambda: Operation.objects.filter(kind="group").count() == 2 * len(CLASSES) and orders.is_done())

    assert not any(members(town.tenant, group.entra_group_id) for group in wanted)
    approved.assignments = {town.tenant.app_id(GEOGEBRA): entries}
    assert wrongs(town.tenant, approved) == []
    assert len(executed(town.tenant, "/groups")) == len(CLASSES)


@pytest.mark.seeds(short=1, full=3)
def test_new_apps_are_created_once(seed: int, town: Town, work: Work):
    names = [f"Väder {uuid4().hex[:8]}" for _ in range(4)]
    for name in names[:2]:
        request_app(NewApp("webApp", name, "Ekestad", address=f"https://{uuid4().hex}.example/"), town.requester)
    for name in names[2:]:
        request_app(NewApp("winGetApp", name, "Ekestad", package=f"Ekestad.{uuid4().hex[:8]}"), town.requester)

    work(lambda: len(executed(town.tenant, "/mobileApps")) >= len(names))
    town.tenant.sandbox.advance(int(PUBLISHED_AFTER.total_seconds()))
    work(orders.is_done)

    assert wrongs(town.tenant, orders.nothing(town)) == []
    assert len(executed(town.tenant, "/mobileApps")) == len(names)
    assert set(Operation.objects.values_list("status", flat=True)) == {"verified"}
