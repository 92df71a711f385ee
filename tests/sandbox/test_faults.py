"""Faults on order: each kind once, matched by method and path, used up by count."""

import pytest
import requests

from tests.sandbox.conftest import GraphCaller
from tests.sandbox_process import SandboxProcess

DEVICES = "/v1.0/deviceManagement/managedDevices"
ORGANIZATION = "/v1.0/organization"


def test_fault_strikes_as_often_as_ordered(sandbox: SandboxProcess, graph: GraphCaller) -> None:
    sandbox.post("/sandbox/faults", {"kind": "status", "status": 500, "count": 2})

    assert [graph("GET", ORGANIZATION).status_code for _ in range(3)] == [500, 500, 200]


def test_fault_strikes_only_what_it_matches(sandbox: SandboxProcess, graph: GraphCaller) -> None:
    match = {"method": "GET", "path_contains": "managedDevices"}
    sandbox.post("/sandbox/faults", [{"kind": "status", "status": 502, "match": match}])

    assert graph("GET", ORGANIZATION).status_code == 200
    assert graph("GET", DEVICES).status_code == 502


def test_down_lasts_until_it_is_lifted(sandbox: SandboxProcess, graph: GraphCaller) -> None:
    sandbox.post("/sandbox/faults", {"kind": "down"})
    assert {graph("GET", ORGANIZATION).status_code for _ in range(5)} == {503}

    sandbox.delete("/sandbox/faults")
    assert graph("GET", ORGANIZATION).status_code == 200


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_dropped_connection_gives_no_answer(sandbox: SandboxProcess, graph: GraphCaller, kind: str) -> None:
    app, school = graph.app("GIMP"), graph.group("terminsklar-school-gy-ronn")
    sandbox.post("/sandbox/faults", {"kind": kind, "match": {"method": "POST"}})
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": school}
    body = {"mobileAppAssignments": [{"intent": "required", "target": target}]}

    with pytest.raises(requests.ConnectionError):
        graph("POST", f"/beta/deviceAppManagement/mobileApps/{app}/assign", body)
    took_effect = len(sandbox.get("/sandbox/assignments")[app]) == 1
    assert took_effect == (kind == "drop_after")
    assert sandbox.get("/sandbox/ledger?method=POST")[-1]["status"] == (204 if took_effect else None)


def test_truncated_answer_ends_in_the_middle(sandbox: SandboxProcess, graph: GraphCaller) -> None:
    sandbox.post("/sandbox/faults", {"kind": "truncate"})

    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        graph("GET", DEVICES)
    assert graph("GET", DEVICES).status_code == 200


def test_empty_page_still_leads_to_everything(sandbox: SandboxProcess, graph: GraphCaller) -> None:
    sandbox.post("/sandbox/faults", {"kind": "empty_page", "match": {"path_contains": "managedDevices"}})

    first = graph("GET", f"{DEVICES}?$top=50").json()
    assert first["value"] == []
    assert len(graph.pages(first["@odata.nextLink"])) == sandbox.get("/sandbox/state")["managed_devices"]


def test_delay_holds_one_answer_back_but_not_others(sandbox: SandboxProcess, graph: GraphCaller) -> None:
    sandbox.post("/sandbox/faults", {"kind": "delay", "seconds": 1.2, "match": {"path_contains": "managedDevices"}})

    with pytest.raises(requests.Timeout):
        graph.session.get(sandbox.url + DEVICES, timeout=0.3)
    assert graph("GET", ORGANIZATION).elapsed.total_seconds() < 0.5


def test_token_can_expire_in_the_middle_of_paging(sandbox: SandboxProcess, graph: GraphCaller) -> None:
    link = graph("GET", f"{DEVICES}?$top=50").json()["@odata.nextLink"]
    sandbox.post("/sandbox/faults", {"kind": "expire_tokens", "match": {"path_contains": "managedDevices"}})

    assert graph("GET", link).status_code == 401


def test_rate_strikes_a_share_of_the_requests(sandbox: SandboxProcess, graph: GraphCaller) -> None:
    sandbox.post("/sandbox/faults", {"kind": "status", "status": 504, "count": -1, "rate": 0.5})

    struck = [graph("GET", ORGANIZATION).status_code for _ in range(40)].count(504)
    assert 8 < struck < 32


def test_throttle_may_leave_retry_after_out(sandbox: SandboxProcess, graph: GraphCaller) -> None:
    sandbox.post("/sandbox/faults", {"kind": "throttle", "retry_after": "absent"})

    refused = graph("GET", ORGANIZATION)
    assert (refused.status_code, refused.headers.get("Retry-After")) == (429, None)


@pytest.mark.parametrize(
    "rule", [{"kind": "explode"}, {"kind": "delay", "second": 1}, {"kind": "down", "match": {"x": "y"}}]
)
def test_unknown_fault_is_refused(sandbox: SandboxProcess, rule: dict[str, object]) -> None:
    with pytest.raises(requests.HTTPError, match="400"):
        sandbox.post("/sandbox/faults", rule)
