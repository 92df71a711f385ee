"""Readings that go wrong in the middle: a part is never taken for the whole, and the next reading puts all right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from fleet.models import Device
from intune_sync import runs
from intune_sync.models import (
    AssignmentFilter,
    AutopilotProfile,
    GraphBreaker,
    GroupMember,
    IntuneApp,
    IntuneAssignment,
    IntuneGroup,
    SyncRun,
)
from schools.models import Municipality, School, SchoolForm
from tests.sandbox_process import SandboxProcess, start_sandbox

pytestmark = [pytest.mark.chaos, pytest.mark.django_db]

PullNow = Callable[[str], SyncRun]
PATHS = {"devices": "/managedDevices", "autopilot": "/windowsAutopilotDeviceIdentities"}
WRONG_PAGES: dict[str, dict[str, Any]] = {
    "a link that leads in a circle": {"kind": "loop_page", "count": -1},
    "an empty page in the middle": {"kind": "empty_page"},
    "a page cut off": {"kind": "truncate", "count": -1},
    "a page that never comes": {"kind": "drop_before", "count": -1},
    "a page refused": {"kind": "status", "status": 403, "count": -1},
    "a link that is gone": {"kind": "status", "status": 410, "count": -1},
    "a page away": {"kind": "status", "status": 503, "count": -1},
    "half the answer": {"kind": "shrink", "share": 0.5, "count": -1},
    "rows that moved": {"kind": "shift_rows", "rows": -3, "count": 1},
    "rows that come twice": {"kind": "shift_rows", "rows": 3, "count": 1},
}
CASES = [(wrong, resource) for wrong in WRONG_PAGES for resource in PATHS]
IN_SHORT = 3
GAPS: dict[str, tuple[str, float]] = {
    "autopilot": (PATHS["autopilot"], 0.01),
    "devices": (PATHS["devices"], 0.01),
    "entra_devices": ("v1.0/devices", 0.01),
    "groups": ("v1.0/groups", 0.1),
    "apps": ("/mobileApps", 0.1),
    "filters": ("/assignmentFilters", 0.5),
    "profiles": ("/windowsAutopilotDeploymentProfiles", 0.5),
}
"""By resource: which answer leaves out what share of its rows, little enough to be believed."""
SHORT_GAPS = ("autopilot", "groups")
LISTS = (IntuneGroup, IntuneApp, AssignmentFilter, AutopilotProfile)


@pytest.fixture(scope="module")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """Computers for three pages. Nothing happens to them but what a test orders."""
    found = start_sandbox(tmp_path_factory.mktemp("pages"), devices=2300, pace=0.0001)
    yield found
    found.stop()


def listed(at: SandboxProcess, resource: str) -> set[str]:
    """The ids that Intune has, read page by page without the portal."""
    url, found = f"{at.url}/v1.0/deviceManagement{PATHS[resource]}", set[str]()
    headers = {"Authorization": f"Bearer {at.token()}"}
    while url:
        page = at.session.get(url, headers=headers, timeout=30).json()
        found |= {raw["id"] for raw in page["value"]}
        url = page.get("@odata.nextLink", "")
    return found


def known(resource: str) -> set[str]:
    column = "intune_id" if resource == "devices" else "autopilot_id"
    return {str(each) for each in Device.objects.exclude(**{column: None}).values_list(column, flat=True)}


@pytest.mark.seeds(short=IN_SHORT, full=len(CASES))
def test_a_reading_goes_wrong(
    seed: int,
    sandbox: SandboxProcess,
    organisation: Municipality,
    pull_now: PullNow,
    waits_are_over: Callable[[], None],
):
    wrong, resource = Random(1).sample(CASES, len(CASES))[seed - 1]
    for each in ("autopilot", "devices"):
        pull_now(each)
    before = known(resource)
    rule = {"match": {"method": "GET", "path_contains": PATHS[resource]}, "skip": 1, **WRONG_PAGES[wrong]}

    sandbox.post("/sandbox/faults", rule)
    run = pull_now(resource)

    assert known(resource) == before
    assert not Device.objects.missing().exists(), (wrong, resource, run.status, run.reason)
    sandbox.delete("/sandbox/faults")
    waits_are_over()
    GraphBreaker.objects.all().delete()
    SyncRun.objects.update(not_before=None)
    assert pull_now(resource).status in ("changed", "no_changes")
    assert known(resource) == before
    assert not Device.objects.missing().exists()
    assert before <= listed(sandbox, resource)


def mirrored() -> list[set[tuple[Any, ...]]]:
    """What is concluded of each row, without what Graph says of it and without who was in the last answer."""
    of_devices = ("pk", "autopilot_id", "profile_status", "intune_id", "entra_device_id", "entra_object_id")
    kept = [Device.objects.missing().values_list("pk"), Device.objects.values_list(*of_devices)]
    kept += [model.objects.filter(missing_since=None).values_list("graph_id") for model in LISTS]
    kept += [model.objects.values_list("pk", "entra_group_id") for model in (School, SchoolForm, Municipality)]
    kept += [IntuneAssignment.objects.values_list("app", "key"), GroupMember.objects.values_list("group", "object_id")]
    return [set(rows) for rows in kept]


@pytest.mark.parametrize(
    "resource", [each if each in SHORT_GAPS else pytest.param(each, marks=pytest.mark.full_only) for each in GAPS]
)
def test_what_one_reading_lacks_stays(
    resource: str, sandbox: SandboxProcess, organisation: Municipality, pull_now: PullNow
):
    for each in dict.fromkeys(("autopilot", "devices", "entra_devices", resource)):
        pull_now(each)
    before = mirrored()
    path, share = GAPS[resource]

    sandbox.post("/sandbox/faults", {"kind": "shrink", "share": share, "count": -1, "match": {"path_contains": path}})
    run = pull_now(resource)

    assert run.counts["absent"] > 0, (run.status, run.reason)
    assert mirrored() == before
    sandbox.delete("/sandbox/faults")
    pull_now(resource)
    assert mirrored() == before


@pytest.mark.parametrize("code", ["syncStateNotFound", pytest.param("resyncRequired", marks=pytest.mark.full_only)])
def test_a_delta_link_is_gone(code: str, sandbox: SandboxProcess, organisation: Municipality, pull_now: PullNow):
    pull_now("groups")
    before = set(IntuneGroup.objects.values_list("graph_id", "display_name", "member_count"))
    rule = {"kind": "status", "status": 410, "code": code, "match": {"path_contains": "/groups/delta"}}

    sandbox.post("/sandbox/faults", rule)
    (run,) = runs.request_runs(["groups"], "schedule", mode="window")
    runs.run(run.pk)
    sandbox.delete("/sandbox/faults")
    for _turn in range(5):
        runs.run(runs.request_runs(["groups"], "schedule", mode="window")[0].pk)

    assert SyncRun.objects.order_by("id").last().status in ("changed", "no_changes")
    assert set(IntuneGroup.objects.values_list("graph_id", "display_name", "member_count")) == before
