"""Changes of groups and of Entra's devices, told by a server: in parts, twice, again, and after it has forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from intune_sync import runs
from intune_sync.models import IntuneGroup, SyncPosition, SyncRun
from schools.models import Municipality
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db
Run = Callable[..., SyncRun]
A_GROUP = {
    "displayName": "Ny <grupp>",
    "mailNickname": "ny-grupp",
    "mailEnabled": False,
    "securityEnabled": True,
    "groupTypes": [],
}


@pytest.fixture
def run_now(sandbox: SandboxProcess, organisation: Municipality) -> Iterator[Run]:
    def to_the_end(resource: str, mode: str = "window") -> SyncRun:
        return runs.run(runs.request_runs([resource], "schedule", mode=mode)[0].pk)

    yield to_the_end
    sandbox.delete("/sandbox/settings")


def write(sandbox: SandboxProcess, method: str, path: str, body: object = None) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {sandbox.token()}"}
    answer = sandbox.session.request(method, f"{sandbox.url}/v1.0/{path}", json=body, headers=headers)
    answer.raise_for_status()
    return dict(answer.json()) if answer.content else {}


def test_nothing_has_changed_is_told_in_one_request(run_now: Run) -> None:
    run_now("groups", "full")

    run = run_now("groups")

    assert (run.mode, run.status, run.requests) == ("window", "no_changes", 1)


@pytest.mark.parametrize("switches", [{}, {"delta_repeats": 1.0, "delta_replays": 1.0, "delta_page_size": 7}])
def test_new_renamed_and_deleted_group_is_followed(
    run_now: Run, sandbox: SandboxProcess, switches: dict[str, float]
) -> None:
    sandbox.post("/sandbox/settings", switches)
    run_now("groups", "full")
    made = write(sandbox, "POST", "groups", {**A_GROUP, "mailNickname": f"ny-{len(switches)}"})

    assert run_now("groups").counts["created"] == 1
    write(sandbox, "PATCH", f"groups/{made['id']}", {"displayName": "Nytt namn"})
    run = run_now("groups")
    assert (run.mode, run.counts["updated"]) == ("window", 1)
    group = IntuneGroup.objects.get(graph_id=made["id"])
    assert group.display_name == "Nytt namn"

    write(sandbox, "DELETE", f"groups/{made['id']}")
    assert run_now("groups").counts["missing"] == 1


@pytest.mark.parametrize("expiry", ["gone", "sync_state_not_found"])
@pytest.mark.parametrize("resource", ["groups", "entra_devices"])
def test_forgotten_link_makes_the_run_read_everything(
    run_now: Run, sandbox: SandboxProcess, resource: str, expiry: str
) -> None:
    run_now(resource, "full")
    old = SyncPosition.objects.get(resource=resource).delta_link
    sandbox.post("/sandbox/settings", {"delta_days": 0, "delta_expiry": expiry})

    run = run_now(resource)

    assert (run.mode, run.counts["resynced"], run.status in ("changed", "no_changes")) == ("full", 1, True)
    assert SyncPosition.objects.get(resource=resource).delta_link != old


def test_failed_page_leaves_the_link_where_it_was(run_now: Run, sandbox: SandboxProcess) -> None:
    run_now("groups", "full")
    old = SyncPosition.objects.get(resource="groups").delta_link
    sandbox.post("/sandbox/faults", {"kind": "status", "status": 403, "match": {"path_contains": "groups/delta"}})

    assert run_now("groups").status == "failed"
    assert SyncPosition.objects.get(resource="groups").delta_link == old


def test_objects_of_devices_are_followed(run_now: Run) -> None:
    for resource in ("autopilot", "devices", "entra_devices"):
        run_now(resource, "full")

    run = run_now("entra_devices")

    assert (run.mode, run.status, run.requests) == ("window", "no_changes", 1)
