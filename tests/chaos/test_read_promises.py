"""The mirror when Graph's answers are broken, shrunken or forgotten; judged by what Microsoft has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fleet.models import Device
from intune_sync import runs
from intune_sync.models import IntuneGroup, SyncRun
from schools.models import Municipality, School
from tests.intune_sync.conftest import organisation, running_sandbox, sandbox  # noqa: F401
from tests.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.chaos, pytest.mark.django_db]
Run = Callable[..., SyncRun]
DEVICES = "deviceManagement/managedDevices"


@pytest.fixture
def run_now(sandbox: SandboxProcess, organisation: Municipality) -> Iterator[Run]:  # noqa: F811
    def to_the_end(resource: str, mode: str = "full") -> SyncRun:
        return runs.run(runs.request_runs([resource], "schedule", mode=mode)[0].pk)

    yield to_the_end
    sandbox.delete("/sandbox/settings")


def fault(sandbox: SandboxProcess, kind: str, path: str, **more: Any) -> None:  # noqa: F811
    sandbox.post("/sandbox/faults", {"kind": kind, "match": {"path_contains": path}, **more})


def directory(sandbox: SandboxProcess, path: str, method: str = "GET", body: Any = None) -> Any:  # noqa: F811
    headers = {"Authorization": f"Bearer {sandbox.token()}"}
    answer = sandbox.session.request(method, f"{sandbox.url}/v1.0/{path}", json=body, headers=headers)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def at_microsoft(sandbox: SandboxProcess) -> dict[str, str]:  # noqa: F811
    return {raw["id"]: raw["displayName"] for raw in directory(sandbox, "groups?$top=999")["value"]}


def in_the_mirror() -> dict[str, str]:
    rows = IntuneGroup.objects.filter(missing_since=None).values_list("graph_id", "display_name")
    return {str(graph_id): name for graph_id, name in rows}


def rename_a_group(sandbox: SandboxProcess, name: str) -> None:  # noqa: F811
    directory(sandbox, f"groups/{School.objects.order_by('pk')[0].entra_group_id}", "PATCH", {"displayName": name})


def test_an_empty_page_is_not_the_end(run_now: Run, sandbox: SandboxProcess):  # noqa: F811
    fault(sandbox, "empty_page", "/v1.0/groups", skip=1)  # after the question from where changes will be told

    run_now("groups")

    assert in_the_mirror() == at_microsoft(sandbox)


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_computers_that_half_an_answer_lacks_are_not_missing(run_now: Run, sandbox: SandboxProcess, share: float):  # noqa: F811
    run_now("devices")
    fault(sandbox, "shrink", DEVICES, share=share, count=-1)

    statuses = [run_now("devices").status for _ in range(3)]

    assert statuses == ["unsafe"] * 3
    assert Device.objects.exists()
    assert not Device.objects.exclude(missing_since=None).exists()


@pytest.mark.parametrize("status", [403, 500])
def test_computers_that_a_broken_answer_lacks_are_not_missing(run_now: Run, sandbox: SandboxProcess, status: int):  # noqa: F811
    run_now("devices")
    fault(sandbox, "status", DEVICES, status=status, count=-1)

    for _ in range(3):
        run_now("devices")

    assert not Device.objects.exclude(missing_since=None, absent_runs=0).exists()


def test_what_changed_before_a_run_that_failed_is_told_by_the_next(run_now: Run, sandbox: SandboxProcess):  # noqa: F811
    run_now("groups")
    rename_a_group(sandbox, "Omdöpt grupp")
    school = School.objects.order_by("pk")[1]
    IntuneGroup.objects.filter(graph_id=school.entra_group_id).update(members_read_at=None)
    fault(sandbox, "status", f"/groups/{school.entra_group_id}/members", status=403)

    assert run_now("groups", "window").status == "failed"
    run_now("groups", "window")

    assert in_the_mirror() == at_microsoft(sandbox)


@pytest.mark.parametrize("expiry", ["gone", "sync_state_not_found"])
def test_a_link_that_graph_has_forgotten_loses_no_change(run_now: Run, sandbox: SandboxProcess, expiry: str):  # noqa: F811
    run_now("groups")
    rename_a_group(sandbox, f"Omdöpt grupp {expiry}")
    sandbox.post("/sandbox/settings", {"delta_days": 0, "delta_expiry": expiry})

    run_now("groups", "window")

    assert in_the_mirror() == at_microsoft(sandbox)


def test_a_link_in_a_circle_ends_and_changes_nothing(run_now: Run, sandbox: SandboxProcess):  # noqa: F811
    run_now("groups")
    before = in_the_mirror()
    fault(sandbox, "loop_page", "/v1.0/groups", count=-1)

    assert run_now("groups").status == "failed"
    assert in_the_mirror() == before
