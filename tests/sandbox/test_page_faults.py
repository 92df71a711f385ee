"""Lists that go wrong between two pages: rows move, links lead in a circle, rows are left out."""

from typing import Any

import pytest

from tests.sandbox.conftest import GraphCaller
from tests.sandbox_process import SandboxProcess

DEVICES = "/v1.0/deviceManagement/managedDevices?$top=50&$select=id"


def order(sandbox: SandboxProcess, kind: str, **more: Any) -> None:
    sandbox.post("/sandbox/faults", {"kind": kind, "match": {"path_contains": "managedDevices"}, **more})


@pytest.mark.parametrize(("rows", "extra"), [(3, 3), (-3, -3)])
def test_rows_that_move_come_twice_or_are_missing(graph: GraphCaller, rows: int, extra: int) -> None:
    order(graph.sandbox, "shift_rows", rows=rows)
    ids = [device["id"] for device in graph.pages(DEVICES)]

    total = graph.sandbox.get("/sandbox/state")["managed_devices"]
    assert len(ids) == total + extra
    assert len(set(ids)) == min(total, total + extra)


def test_link_may_lead_to_the_same_page_again(graph: GraphCaller) -> None:
    order(graph.sandbox, "loop_page", count=2)
    first = graph("GET", DEVICES).json()

    second = graph("GET", first["@odata.nextLink"]).json()
    assert second["value"] == first["value"]
    third = graph("GET", second["@odata.nextLink"]).json()
    assert third["value"] == first["value"]
    assert graph("GET", third["@odata.nextLink"]).json()["value"] != first["value"]


def test_shrunken_answer_leaves_out_the_same_rows_each_time(graph: GraphCaller) -> None:
    order(graph.sandbox, "shrink", share=0.4, count=-1)
    ids = [[device["id"] for device in graph.pages(DEVICES)] for _ in range(2)]

    total = graph.sandbox.get("/sandbox/state")["managed_devices"]
    assert ids[0] == ids[1]
    assert 0.4 * total < len(ids[0]) < 0.8 * total


def test_fault_may_spare_the_first_pages(graph: GraphCaller) -> None:
    order(graph.sandbox, "status", status=503, skip=2)

    link, statuses = DEVICES, []
    for _ in range(3):
        answer = graph("GET", link)
        statuses.append(answer.status_code)
        link = answer.json().get("@odata.nextLink", "")
    assert statuses == [200, 200, 503]


def test_error_may_be_told_of_a_write_that_took_effect(graph: GraphCaller) -> None:
    path = f"/beta/deviceAppManagement/mobileApps/{graph.app('GIMP')}/assign"
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": graph.group("lararpilot")}
    fault = {"kind": "status_after", "status": 504, "match": {"method": "POST"}}
    graph.sandbox.post("/sandbox/faults", fault)

    assert graph("POST", path, {"mobileAppAssignments": [{"intent": "required", "target": target}]}).status_code == 504
    (entry,) = graph.sandbox.get("/sandbox/ledger?method=POST&executed=true&status=504&limit=1")
    assert entry["path"] == path
    assert len(graph.sandbox.get("/sandbox/assignments")[graph.app("GIMP")]) == 1


def test_fault_may_strike_one_identity_only(sandbox: SandboxProcess) -> None:
    sandbox.post("/sandbox/faults", {"kind": "status", "status": 503, "match": {"identity": "writer"}, "count": -1})
    reader, writer = (GraphCaller(sandbox.as_identity(name)) for name in ("reader", "writer"))

    assert [each("GET", "/v1.0/organization").status_code for each in (reader, writer)] == [200, 503]


def test_tokens_may_expire_inside_a_batch(graph: GraphCaller) -> None:
    graph.sandbox.post("/sandbox/faults", {"kind": "expire_tokens", "match": {"path_contains": "/groups"}})
    items = [
        {"id": str(number), "method": "GET", "url": "/groups?$top=1" if number else "/organization"}
        for number in (0, 1)
    ]

    answers = graph("POST", "/v1.0/$batch", {"requests": items}).json()["responses"]
    assert {each["id"]: each["status"] for each in answers} == {"0": 200, "1": 401}


def test_retry_after_may_be_a_date(graph: GraphCaller) -> None:
    graph.sandbox.post("/sandbox/faults", {"kind": "throttle", "retry_after": "date", "seconds": 7})

    assert graph("GET", "/v1.0/organization").headers["Retry-After"].endswith(" GMT")


@pytest.mark.parametrize("query", ["colour=red", "status=x", "executed=perhaps"])
def test_ledger_refuses_filters_it_does_not_have(sandbox: SandboxProcess, query: str) -> None:
    assert sandbox.session.get(f"{sandbox.url}/sandbox/ledger?{query}", timeout=10).status_code == 400
