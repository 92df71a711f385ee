"""Groups: dynamic ones follow their rule after a while, static ones are written by members."""

from typing import Any

import pytest

from tests.sandbox.conftest import GraphCaller
from tests.sandbox_process import SandboxProcess

RULE = '(device.devicePhysicalIds -any (_ -eq "[OrderID]:GY-RONN")) or (device.enrollmentProfileName -eq "GY-RONN")'


def new_group(graph: GraphCaller, nickname: str, **more: Any) -> Any:
    body = {"displayName": nickname, "mailNickname": nickname, "mailEnabled": False, "securityEnabled": True, **more}
    return graph("POST", "/v1.0/groups", body)


def member_count(graph: GraphCaller, group_id: str) -> int:
    return int(graph("GET", f"/v1.0/groups/{group_id}/members/$count", ConsistencyLevel="eventual").text)


def reference(device_id: str) -> str:
    return f"https://graph.microsoft.com/v1.0/directoryObjects/{device_id}"


def device_ids(graph: GraphCaller, count: int) -> list[str]:
    return [device["id"] for device in graph("GET", f"/v1.0/devices?$top={count}").json()["value"]]


def test_new_dynamic_group_gets_its_members_after_a_while(own_sandbox: Any) -> None:
    sandbox = own_sandbox(devices=200)
    graph = GraphCaller(sandbox)
    group = new_group(graph, "ronn-igen", groupTypes=["DynamicMembership"], membershipRule=RULE).json()["id"]

    sandbox.advance(60)
    assert member_count(graph, group) == 0
    sandbox.advance(600)
    assert member_count(graph, group) == member_count(graph, graph.group("terminsklar-school-gy-ronn")) > 0


def test_school_form_group_holds_its_schools(graph: GraphCaller) -> None:
    upper = member_count(graph, graph.group("terminsklar-form-gymnasieskola"))

    schools = graph.pages("/v1.0/groups?$filter=startswith(mailNickname,'terminsklar-school-gy-')")
    assert upper == sum(member_count(graph, school["id"]) for school in schools)
    assert len(schools) == 9


def test_new_group_tag_moves_a_computer_to_its_school(own_sandbox: Any) -> None:
    sandbox = own_sandbox(devices=200)
    graph = GraphCaller(sandbox)
    old, new = graph.group("terminsklar-school-gy-ronn"), graph.group("terminsklar-school-gr-almg")
    before = member_count(graph, old), member_count(graph, new)
    path = "/v1.0/deviceManagement/windowsAutopilotDeviceIdentities"
    identity = next(each for each in graph.pages(path) if each["groupTag"] == "GY-RONN")

    graph("POST", f"{path}/{identity['id']}/updateDeviceProperties", {"groupTag": "GR-ALMG"})
    assert (member_count(graph, old), member_count(graph, new)) == before
    sandbox.advance(1800)
    assert (member_count(graph, old), member_count(graph, new)) == (before[0] - 1, before[1] + 1)


@pytest.mark.parametrize(
    "rule", ["device.colour -eq", '(device.displayName -eq "a"', 'device.unknown -eq "x"', "nonsense"]
)
def test_rule_that_cannot_be_read_is_refused(graph: GraphCaller, rule: str) -> None:
    refused = new_group(graph, "trasig", groupTypes=["DynamicMembership"], membershipRule=rule)

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "Request_BadRequest")


def test_static_members_are_added_twenty_at_a_time(graph: GraphCaller) -> None:
    group, devices = new_group(graph, "klass-7b").json()["id"], device_ids(graph, 25)
    references = [reference(device) for device in devices]

    assert graph("PATCH", f"/v1.0/groups/{group}", {"members@odata.bind": references}).status_code == 400
    assert graph("PATCH", f"/v1.0/groups/{group}", {"members@odata.bind": references[:20]}).status_code == 204
    assert member_count(graph, group) == 20


def test_adding_members_is_all_or_nothing(graph: GraphCaller) -> None:
    group, (first, second) = new_group(graph, "klass-7c").json()["id"], device_ids(graph, 2)
    graph("POST", f"/v1.0/groups/{group}/members/$ref", {"@odata.id": reference(first)})

    refused = graph("PATCH", f"/v1.0/groups/{group}", {"members@odata.bind": [reference(second), reference(first)]})
    assert "added object references already exist" in refused.json()["error"]["message"]
    assert member_count(graph, group) == 1


def test_entra_knows_members_by_object_id_not_by_device_id(graph: GraphCaller) -> None:
    group = new_group(graph, "klass-7d").json()["id"]
    device = graph("GET", "/v1.0/devices?$top=1").json()["value"][0]

    body = {"@odata.id": reference(device["deviceId"])}
    assert graph("POST", f"/v1.0/groups/{group}/members/$ref", body).status_code == 404


def test_removing_a_member_twice_is_not_found(graph: GraphCaller) -> None:
    group, (device,) = new_group(graph, "klass-7e").json()["id"], device_ids(graph, 1)
    graph("POST", f"/v1.0/groups/{group}/members/$ref", {"@odata.id": reference(device)})

    path = f"/v1.0/groups/{group}/members/{device}/$ref"
    assert [graph("DELETE", path).status_code for _ in range(2)] == [204, 404]


def test_members_of_a_dynamic_group_cannot_be_written(sandbox: SandboxProcess, graph: GraphCaller) -> None:
    everyone, (device,) = graph.group("terminsklar-all"), device_ids(graph, 1)

    body = {"members@odata.bind": [reference(device)]}
    assert graph("PATCH", f"/v1.0/groups/{everyone}", body).status_code == 403


@pytest.mark.parametrize("query", ["$count=true", "$filter=displayName ne 'x'", "$filter=endswith(displayName,'x')"])
def test_advanced_queries_need_the_consistency_header(graph: GraphCaller, query: str) -> None:
    assert graph("GET", f"/v1.0/groups?{query}").status_code == 400

    with_count = query if query.startswith("$count") else f"{query}&$count=true"
    assert graph("GET", f"/v1.0/groups?{with_count}", ConsistencyLevel="eventual").status_code == 200


def test_group_without_mail_nickname_is_refused(graph: GraphCaller) -> None:
    body = {"displayName": "Utan", "mailEnabled": False, "securityEnabled": True}

    assert graph("POST", "/v1.0/groups", body).status_code == 400
