"""Published limits per service; Retry-After comes whole, decimal or not at all."""

from typing import Any

from tests.sandbox.conftest import GraphCaller


def send_writes(graph: GraphCaller, count: int) -> list[Any]:
    """Harmless writes to apps: assignments that do not exist are deleted."""
    path = f"/beta/deviceAppManagement/mobileApps/{graph.app('GIMP')}/assignments/none"
    return [graph("DELETE", path) for _ in range(count)]


def test_hundred_app_writes_in_twenty_seconds_are_the_limit(own_sandbox: Any) -> None:
    sandbox = own_sandbox(devices=60, throttle="published")
    answers = send_writes(GraphCaller(sandbox), 140)

    statuses = [answer.status_code for answer in answers]
    assert statuses[:100] == [404] * 100
    assert statuses.count(429) >= 20


def test_retry_after_is_whole_decimal_or_absent_in_turn(own_sandbox: Any) -> None:
    sandbox = own_sandbox(devices=60, throttle="published")
    refused = [answer for answer in send_writes(GraphCaller(sandbox), 140) if answer.status_code == 429]

    values = {answer.headers.get("Retry-After") for answer in refused}
    assert None in values
    assert any(value and value.isdigit() for value in values)
    assert any(value and "." in value for value in values)
    assert all(answer.json()["error"]["code"] == "TooManyRequests" for answer in refused)


def test_limit_is_lifted_after_waiting(own_sandbox: Any) -> None:
    sandbox = own_sandbox(devices=60, throttle="published")
    graph = GraphCaller(sandbox)
    send_writes(graph, 140)

    sandbox.advance(30)
    assert send_writes(graph, 1)[0].status_code == 404


def test_one_service_does_not_throttle_another(own_sandbox: Any) -> None:
    sandbox = own_sandbox(devices=60, throttle="published")
    graph = GraphCaller(sandbox)
    send_writes(graph, 140)

    assert graph("GET", "/v1.0/deviceManagement/managedDevices?$top=1").status_code == 200


def test_directory_answers_tell_what_they_cost(graph: GraphCaller) -> None:
    everyone = graph.group("terminsklar-all")

    costs = [
        graph("GET", path).headers["x-ms-resource-unit"]
        for path in (f"/v1.0/groups/{everyone}/members", f"/v1.0/groups/{everyone}/members?$select=id", "/v1.0/devices")
    ]
    assert costs == ["3", "2", "1"]
