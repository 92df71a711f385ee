"""`$batch`: limits, order, dependants, and faults of single requests inside."""

from typing import Any

import pytest

from tests.sandbox.conftest import GraphCaller
from tests.sandbox_process import SandboxProcess


def item(number: int, url: str = "/organization", method: str = "GET", **more: Any) -> dict[str, Any]:
    return {"id": str(number), "method": method, "url": url, **more}


def batch(graph: GraphCaller, items: list[Any], version: str = "v1.0") -> Any:
    return graph("POST", f"/{version}/$batch", {"requests": items})


def by_id(answer: Any) -> dict[str, Any]:
    return {each["id"]: each for each in answer.json()["responses"]}


def test_twenty_requests_are_answered_in_any_order(graph: GraphCaller) -> None:
    answer = batch(graph, [item(number) for number in range(20)])

    order = [each["id"] for each in answer.json()["responses"]]
    assert sorted(order, key=int) == [str(number) for number in range(20)]
    assert order != sorted(order, key=int)


@pytest.mark.parametrize(
    "items",
    [
        [],
        [item(number) for number in range(21)],
        [item(1), item(1)],
        [{**item(1), "id": "a"}, {**item(1), "id": "A"}],
        [item(1, method="POST", url="/groups", body={})],
        [item(1, url="https://graph.microsoft.com/v1.0/organization")],
        [item(1, dependsOn=["9"])],
        [item(1, dependsOn="9")],
        [item(1, headers=["Accept"])],
        ["not an object"],
        [item(1, dependsOn=["2"]), item(2, dependsOn=["1"])],
    ],
    ids=[
        "empty",
        "21",
        "same id",
        "same id but for case",
        "no content type",
        "absolute url",
        "unknown parent",
        "text for a list",
        "list for headers",
        "text for a request",
        "circle",
    ],
)
def test_malformed_batch_is_refused_whole(graph: GraphCaller, items: list[Any]) -> None:
    assert batch(graph, items).status_code == 400


def test_each_request_has_its_own_status(graph: GraphCaller) -> None:
    answers = by_id(batch(graph, [item(1), item(2, "/groups/missing"), item(3, "/beta-only")]))

    assert {number: each["status"] for number, each in answers.items()} == {"1": 200, "2": 404, "3": 400}


def test_method_that_a_path_lacks_is_405_of_that_request_alone(graph: GraphCaller) -> None:
    answers = by_id(batch(graph, [item(1), item(2, method="DELETE"), item(3, dependsOn=["2"])]))

    assert {number: each["status"] for number, each in answers.items()} == {"1": 200, "2": 405, "3": 424}
    assert answers["2"]["body"]["error"]["code"] == "Request_BadRequest"
    alone = graph.session.delete(f"{graph.sandbox.url}/v1.0/organization", timeout=10)
    assert (alone.status_code, alone.json()["error"]["code"]) == (405, "Request_BadRequest")


def test_path_that_a_version_lacks_is_405_in_a_batch_by_switch(sandbox: SandboxProcess, graph: GraphCaller) -> None:
    lacking = [item(1), item(2, "/deviceManagement/assignmentFilters")]
    assert by_id(batch(graph, lacking))["2"]["status"] == 400

    sandbox.post("/sandbox/settings", {"batch_unknown_segment": "405"})
    answers = by_id(batch(graph, lacking))
    assert (answers["1"]["status"], answers["2"]["status"]) == (200, 405)
    assert graph("GET", "/v1.0/deviceManagement/assignmentFilters").status_code == 400


def test_dependants_of_a_failure_are_not_run(sandbox: SandboxProcess, graph: GraphCaller) -> None:
    since = sandbox.get("/sandbox/state")["requests"]
    chain = [item(1, "/groups/missing"), item(2, dependsOn=["1"]), item(3, dependsOn=["2"]), item(4)]

    answers = by_id(batch(graph, chain))
    assert [answers[str(number)]["status"] for number in (1, 2, 3, 4)] == [404, 424, 424, 200]
    assert len(sandbox.get(f"/sandbox/ledger?since={since}")) == 3


def test_throttling_of_one_request_leaves_the_others_alone(sandbox: SandboxProcess, graph: GraphCaller) -> None:
    fault = {"kind": "throttle", "match": {"path_contains": "/groups"}, "retry_after": 2.128}
    sandbox.post("/sandbox/faults", fault)

    answer = batch(graph, [item(1), item(2, "/groups?$top=1")])
    answers = by_id(answer)
    assert (answer.status_code, answers["1"]["status"], answers["2"]["status"]) == (200, 200, 429)
    assert answers["2"]["headers"]["Retry-After"] == "2.128"


def test_writes_in_a_batch_take_effect(graph: GraphCaller) -> None:
    app, school = graph.app("GIMP"), graph.group("terminsklar-school-gy-ronn")
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": school}
    body = {"mobileAppAssignments": [{"intent": "required", "target": target}]}
    url = f"/deviceAppManagement/mobileApps/{app}/assign"
    write = item(1, url, "POST", body=body, headers={"Content-Type": "application/json"})

    assert by_id(batch(graph, [write], "beta"))["1"]["status"] == 204
    assert len(graph.sandbox.get("/sandbox/assignments")[app]) == 1


def test_inner_header_makes_an_advanced_query(graph: GraphCaller) -> None:
    url = f"/groups/{graph.group('terminsklar-all')}/members/$count"

    answers = by_id(batch(graph, [item(1, url), item(2, url, headers={"ConsistencyLevel": "eventual"})]))
    assert answers["1"]["status"] == 400
    assert answers["2"]["body"] == 300


def test_ledger_names_the_batch_around_a_request(sandbox: SandboxProcess, graph: GraphCaller) -> None:
    since = sandbox.get("/sandbox/state")["requests"]
    batch(graph, [item(1), item(2)])

    outer, *inner = sandbox.get(f"/sandbox/ledger?since={since}")
    assert outer["path"] == "/v1.0/$batch"
    assert [entry["batch"] for entry in inner] == [outer["n"]] * 2
