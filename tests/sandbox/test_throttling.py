"""Published limits per service; Retry-After comes whole, decimal or not at all."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.sandbox.conftest import GraphCaller


@dataclass(frozen=True)
class Told:
    """What one request inside a batch was told."""

    status_code: int
    headers: dict[str, str]
    body: Any


def send_writes(graph: GraphCaller, count: int) -> list[Told]:
    """Harmless writes to apps: assignments that do not exist are deleted. In batches, to outrun the recovery."""
    url = f"/deviceAppManagement/mobileApps/{graph.app('GIMP')}/assignments/none"
    told: list[Told] = []
    while len(told) < count:
        items = [{"id": str(n), "method": "DELETE", "url": url} for n in range(min(20, count - len(told)))]
        answers = graph("POST", "/beta/$batch", {"requests": items}).json()["responses"]
        answers.sort(key=lambda each: int(each["id"]))
        told += [Told(each["status"], each["headers"], each["body"]) for each in answers]
    return told


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
    assert all(answer.body["error"]["code"] == "TooManyRequests" for answer in refused)


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


def throttled(own_sandbox: Any, **settings: Any) -> GraphCaller:
    sandbox = own_sandbox(devices=60)
    sandbox.post("/sandbox/settings", {"throttle": "published", **settings})
    return GraphCaller(sandbox)


@pytest.mark.parametrize(
    ("form", "looks_right"),
    [
        ("whole", str.isdigit),
        ("decimal", lambda text: "." in text),
        ("date", lambda text: text.endswith("GMT")),
        ("absent", lambda text: text == ""),
    ],
)
def test_retry_after_has_the_form_of_the_switch(own_sandbox: Any, form: str, looks_right: Any) -> None:
    answers = send_writes(throttled(own_sandbox, retry_after=form), 110)

    refused = [answer.headers.get("Retry-After", "") for answer in answers if answer.status_code == 429]
    assert refused
    assert all(looks_right(text) for text in refused)


def test_refusal_names_the_limit_and_whose_it_is(own_sandbox: Any) -> None:
    graph = throttled(own_sandbox)
    refused = send_writes(graph, 110)[-1]

    assert refused.headers["x-ms-throttle-information"] == "WriteLimitExceeded"
    scope = f"Tenant_Application/Write/{graph.sandbox.client_id}/{graph.sandbox.tenant_id}"
    assert refused.headers["x-ms-throttle-scope"] == scope


def test_calls_made_while_blocked_keep_the_block_alive(own_sandbox: Any) -> None:
    graph = throttled(own_sandbox, retry_after="decimal")
    waits = [float(each.headers["Retry-After"]) for each in send_writes(graph, 125) if each.status_code == 429]

    assert waits[-1] > waits[0]
    graph.sandbox.advance(waits[0] / 2)
    assert send_writes(graph, 1)[0].status_code == 429


def test_all_apps_of_a_tenant_share_twice_the_limit_of_one(own_sandbox: Any) -> None:
    sandbox = throttled(own_sandbox).sandbox
    sandbox.post("/sandbox/registrations", {"name": "reader", "roles": ["DeviceManagementApps.ReadWrite.All"]})

    told = [
        each
        for name in ("single", "writer", "reader")
        for each in send_writes(GraphCaller(sandbox.as_identity(name)), 95)
    ]
    refused = next((each for each in told if each.status_code == 429), None)
    assert refused is not None
    assert refused.headers["x-ms-throttle-scope"].startswith("Tenant/Write/")


def test_requests_of_a_batch_are_throttled_one_by_one(own_sandbox: Any) -> None:
    graph = throttled(own_sandbox)
    send_writes(graph, 95)

    assert {each.status_code for each in send_writes(graph, 20)} == {404, 429}


def test_directory_warns_above_four_fifths_of_its_limit(own_sandbox: Any) -> None:
    graph = throttled(own_sandbox)
    path = f"/v1.0/groups/{graph.group('lararpilot')}/members/none/$ref"
    items = [{"id": str(number), "method": "DELETE", "url": path.removeprefix("/v1.0")} for number in range(20)]
    for _ in range(130):
        graph.session.post(f"{graph.sandbox.url}/v1.0/$batch", json={"requests": items}, timeout=10)

    assert float(graph("DELETE", path).headers.get("x-ms-throttle-limit-percentage", 0)) > 0.8
