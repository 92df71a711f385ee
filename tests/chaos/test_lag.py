"""Microsoft shows late what it has taken: nothing is created twice for that, and nothing is given up."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from intune_sync.models import Operation
from intune_sync.services.new_apps import NewApp, request_app
from tests.chaos import midway, orders
from tests.chaos.checker import wrongs
from tests.chaos.conftest import Workers, wait_until
from tests.chaos.kills import Kill
from tests.chaos.orders import sweeping
from tests.chaos.servers import WRITING, Broker
from tests.chaos.test_apply_survives import APPS
from tests.intune_sync.test_kept_groups import a_class, groups_named, known_to_entra, members
from tests.pushing import GEOGEBRA, Town

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

UNLISTED_SECONDS = 15

LAGS = [
    pytest.param({"new_group_missing_seconds": 4, "new_group_unlisted_seconds": 8}, id="new groups"),
    pytest.param({"directory_index_lag_seconds": 8}, id="the index", marks=pytest.mark.full_only),
    pytest.param({"assignments_lag_seconds": 6}, id="assignments", marks=pytest.mark.full_only),
    pytest.param(
        {
            "new_group_missing_seconds": 6,
            "new_group_unlisted_seconds": 12,
            "directory_index_lag_seconds": 6,
            "assignments_lag_seconds": 6,
        },
        id="all",
        marks=pytest.mark.full_only,
    ),
]


@pytest.mark.parametrize("lags", LAGS)
@pytest.mark.parametrize("lost", [False, pytest.param(True, marks=pytest.mark.full_only)], ids=["heard", "lost"])
def test_a_class_gets_its_group_and_its_app_once(lags: dict[str, Any], lost: bool, town: Town, workers: Workers):
    """Also when the answer to the creation was lost, and the group has to be found again."""
    group, devices = a_class(town, 3)
    wanted = set(known_to_entra(town.tenant, *devices))
    town.tenant.sandbox.post("/sandbox/settings", lags)
    if lost:
        town.tenant.fault("drop_after", path="/v1.0/groups")
    approved = orders.nothing(town)
    orders.put_in_force(town, town.plan(town.propose(GEOGEBRA, owner=group)))

    workers.start()
    workers.start(beat=True, name="beat")
    midway.ended(workers)

    town.tenant.sandbox.delete("/sandbox/settings")
    (made,) = groups_named(town.tenant, f"terminsklar-class-{group.pk}")
    approved.assignments = {town.tenant.app_id(GEOGEBRA): {f"groupAssignmentTarget:{made['id']}:required:"}}
    assert wrongs(town.tenant, approved) == []
    assert members(town.tenant, made["id"]) == wanted
    assert len([call for call in town.tenant.calls(method="POST", path_contains="/groups") if call["executed"]]) == 1


@pytest.mark.parametrize(
    "how", ["heard", *(pytest.param(how, marks=pytest.mark.full_only) for how in ("lost", "killed"))]
)
def test_a_new_app_is_created_once(how: str, town: Town, workers: Workers, broker: Broker):
    """Lists lack it for a while; also when its answer was lost, or the worker died with it."""
    town.tenant.sandbox.post("/sandbox/settings", {"new_app_unlisted_seconds": UNLISTED_SECONDS})
    name = f"Sen {uuid4().hex[:8]}"
    request_app(NewApp("webApp", name, "Ekestad", address=f"https://{uuid4().hex}.example/"), town.requester)
    if how == "lost":
        town.tenant.fault("drop_after", path="/mobileApps")
    kill = Kill("", "after_call", "child")
    if how == "killed":
        kill.ordered(workers)

    workers.start(queues=WRITING)
    if how == "killed":
        victim = wait_until(sweeping(broker, lambda: kill.victim(workers)), midway.LONG_SECONDS, workers)
        orders.let_leases_run_out(f":{victim}")
    wait_until(sweeping(broker, orders.is_done), midway.LONG_SECONDS, workers)

    created = town.tenant.calls(method="POST", path_contains="/deviceAppManagement/mobileApps")
    assert [call["body"]["displayName"] for call in created if call["executed"]] == [name]
    assert Operation.objects.get().status == "verified"
    assert wrongs(town.tenant, orders.nothing(town)) == []


@pytest.mark.full_only
@pytest.mark.parametrize("seconds", [2, 8])
def test_assignments_are_shown_late(seconds: int, town: Town, workers: Workers):
    town.tenant.sandbox.post("/sandbox/settings", {"assignments_lag_seconds": seconds})
    approved = orders.assignments(town, *APPS)

    workers.start()
    workers.start(beat=True, name="beat")
    midway.ended(workers)

    assert wrongs(town.tenant, approved) == []
