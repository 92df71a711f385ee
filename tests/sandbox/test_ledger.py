"""The ledger of requests, which tests of the portal take for the truth."""

from tests.sandbox.conftest import GraphCaller
from tests.sandbox_process import SandboxProcess


def test_ledger_records_who_asked_for_what(sandbox: SandboxProcess, graph: GraphCaller) -> None:
    since = sandbox.get("/sandbox/state")["requests"]
    answer = graph("GET", "/v1.0/groups?$top=3", client_request_id="11111111-2222-3333-4444-555555555555")

    (entry,) = sandbox.get(f"/sandbox/ledger?since={since}")
    assert (entry["method"], entry["path"], entry["query"]) == ("GET", "/v1.0/groups", {"$top": "3"})
    assert (entry["status"], entry["app_id"], entry["body"], entry["batch"]) == (200, sandbox.client_id, None, None)
    assert entry["client_request_id"] == answer.headers["client-request-id"] == "11111111-2222-3333-4444-555555555555"
    assert entry["request_id"] == answer.headers["request-id"]


def test_ledger_keeps_the_bodies_of_writes(sandbox: SandboxProcess, graph: GraphCaller) -> None:
    path = f"/beta/deviceAppManagement/mobileApps/{graph.app('GIMP')}/assign"
    graph("POST", path, {"mobileAppAssignments": []})

    entry = sandbox.get(f"/sandbox/ledger?method=POST&path_contains={path}")[-1]
    assert (entry["body"], entry["status"]) == ({"mobileAppAssignments": []}, 204)


def test_ledger_can_be_cleared_and_counts_on(sandbox: SandboxProcess, graph: GraphCaller) -> None:
    written = sandbox.get("/sandbox/state")["requests"]
    sandbox.delete("/sandbox/ledger")

    graph("GET", "/v1.0/organization")
    assert [entry["n"] for entry in sandbox.get("/sandbox/ledger")] == [written + 1]


def test_refused_calls_are_recorded_as_well(sandbox: SandboxProcess, graph: GraphCaller) -> None:
    graph("GET", "/v1.0/organization", Authorization="Bearer nonsense")

    entry = sandbox.get("/sandbox/ledger")[-1]
    assert (entry["status"], entry["app_id"]) == (401, "")
