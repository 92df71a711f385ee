"""What lists of computers hold and refuse: odd values by switch, refused queries, the window of the last check-ins."""

from typing import Any

import pytest

from tests.sandbox.conftest import GraphCaller

DEVICES = "/v1.0/deviceManagement/managedDevices"
IDENTITIES = "/v1.0/deviceManagement/windowsAutopilotDeviceIdentities"
POLICIES = "/v1.0/deviceManagement/deviceCompliancePolicies"


def raw(graph: GraphCaller, path: str) -> list[Any]:
    """All items without a check of their shape: odd values break Microsoft's own description."""
    return list(graph.session.get(graph.sandbox.url + path, timeout=10).json()["value"])


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_odd_values_come_by_switch(graph: GraphCaller, version: str) -> None:
    path = f"/{version}/deviceManagement/managedDevices"
    before = raw(graph, path)
    graph.sandbox.post("/sandbox/settings", {"odd_data": True})
    odd = raw(graph, path)
    graph.sandbox.delete("/sandbox/settings")

    assert any(each["lastSyncDateTime"] == "0001-01-01T00:00:00Z" for each in odd)
    assert any(each["userPrincipalName"] is None for each in odd)
    assert any(each["serialNumber"] == "" for each in odd)
    assert {"quarantined"} <= {each["complianceState"] for each in odd}
    assert any("<img" in each["deviceName"] and "Å" in each["deviceName"] for each in odd)
    assert all(set(each) == set(before[0]) for each in odd)
    assert raw(graph, path) == before


def test_odd_identities_come_by_switch(graph: GraphCaller) -> None:
    graph.sandbox.post("/sandbox/settings", {"odd_data": True})
    odd = raw(graph, IDENTITIES)
    graph.sandbox.delete("/sandbox/settings")

    assert any(each["groupTag"] is None for each in odd)
    assert "hibernated" in {each["enrollmentState"] for each in odd}
    assert any("<b>" in str(each["displayName"]) for each in odd)


def test_selection_on_identities_fails_unless_switched_off(graph: GraphCaller) -> None:
    assert graph("GET", f"{IDENTITIES}?$select=id,serialNumber").status_code == 500

    graph.sandbox.post("/sandbox/settings", {"identity_select_fails": False})
    assert set(graph("GET", f"{IDENTITIES}?$select=id&$top=1").json()["value"][0]) == {"id"}
    graph.sandbox.delete("/sandbox/settings")


def test_window_gives_exactly_the_computers_that_checked_in_since(own_sandbox: Any) -> None:
    graph = GraphCaller(own_sandbox(devices=200))
    graph.live(900)
    since = graph.sandbox.get("/sandbox/clock")["now"][:19] + "Z"
    graph.live(900)

    changed = graph.pages(f"{DEVICES}?$filter=lastSyncDateTime ge {since}&$select=id,lastSyncDateTime&$top=7")
    everything = graph.pages(f"{DEVICES}?$select=id,lastSyncDateTime")
    expected = {each["id"] for each in everything if each["lastSyncDateTime"][:19] + "Z" >= since}
    assert {each["id"] for each in changed} == expected
    assert 0 < len(changed) < 60


def test_two_records_share_a_serial_and_the_older_one_is_silent(graph: GraphCaller) -> None:
    by_serial: dict[str, list[Any]] = {}
    for device in graph.pages(DEVICES):
        by_serial.setdefault(device["serialNumber"], []).append(device)

    twice = [devices for serial, devices in by_serial.items() if len(devices) == 2 and "ystem" not in serial]
    assert twice
    for old, new in (sorted(devices, key=lambda each: each["enrolledDateTime"]) for devices in twice):
        assert old["lastSyncDateTime"] < new["enrolledDateTime"]
        assert old["azureADDeviceId"] == new["azureADDeviceId"]


def test_every_computer_has_a_state_for_its_platforms_policy(graph: GraphCaller) -> None:
    policies = {each["id"]: each for each in graph.pages(POLICIES)}
    devices = graph.pages(DEVICES)
    bad = next(each for each in devices if each["complianceState"] == "noncompliant")

    (state,) = graph("GET", f"{DEVICES}/{bad['id']}/deviceCompliancePolicyStates").json()["value"]
    assert state["state"] == "nonCompliant"
    assert state["settingStates"][0]["state"] == "nonCompliant"
    assert graph("GET", f"{POLICIES}/{state['id']}").json() | {"@odata.context": ""} == {
        **policies[state["id"]],
        "@odata.context": "",
    }


def test_compliance_summary_counts_the_computers(graph: GraphCaller) -> None:
    summary = graph("GET", "/v1.0/deviceManagement/deviceCompliancePolicyDeviceStateSummary").json()

    states = [each["complianceState"] for each in graph.pages(DEVICES)]
    assert summary["compliantDeviceCount"] == states.count("compliant")
    assert summary["nonCompliantDeviceCount"] == states.count("noncompliant") > 0
    assert summary["inGracePeriodCount"] == states.count("inGracePeriod")


def test_notes_are_kept(graph: GraphCaller) -> None:
    device = graph("GET", f"{DEVICES}?$top=1").json()["value"][0]

    assert graph("PATCH", f"{DEVICES}/{device['id']}", {"notes": "Vagn 3"}).status_code == 204
    assert graph("GET", f"{DEVICES}/{device['id']}").json()["notes"] == "Vagn 3"


def test_large_group_is_listed_whole(own_sandbox: Any) -> None:
    graph = GraphCaller(own_sandbox(devices=2500))
    everyone = graph.group("terminsklar-all")

    members = graph.pages(f"/v1.0/groups/{everyone}/members?$top=999&$select=id")
    assert len({each["id"] for each in members}) == 2500


@pytest.mark.parametrize("body", [{}, {"serial": "none"}, {"act": "dance"}, []])
def test_script_for_one_computer_says_what_it_lacks(graph: GraphCaller, body: Any) -> None:
    if isinstance(body, dict) and "act" in body:
        body["id"] = graph("GET", f"{DEVICES}?$top=1").json()["value"][0]["id"]
    answer = graph.sandbox.session.post(f"{graph.sandbox.url}/sandbox/devices", json=body, timeout=10)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_script_moves_a_computer_to_another_school(own_sandbox: Any) -> None:
    graph = GraphCaller(own_sandbox(devices=80))
    identity = graph("GET", f"{IDENTITIES}?$top=1").json()["value"][0]
    graph.sandbox.post("/sandbox/devices", {"id": identity["id"], "act": "move", "group_tag": "GY-TEKN"})

    assert graph("GET", f"{IDENTITIES}/{identity['id']}").json()["groupTag"] == "GY-TEKN"


def test_detected_software_lists_as_many_computers_as_it_counts(graph: GraphCaller) -> None:
    found = graph.pages("/v1.0/deviceManagement/detectedApps")

    for each in found:
        path = f"/v1.0/deviceManagement/detectedApps/{each['id']}/managedDevices?$select=id,operatingSystem&$top=100"
        computers = graph.pages(path)
        assert len(computers) == each["deviceCount"] > 0
        systems = {computer["operatingSystem"] for computer in computers}
        assert systems == {"macOS" if each["platform"] == "macOS" else "Windows"}


def test_computers_own_software_is_what_the_whole_list_names_it_for(graph: GraphCaller) -> None:
    found = graph.pages("/v1.0/deviceManagement/detectedApps")
    records = graph.pages(f"{DEVICES}?$select=id,operatingSystem&$top=100")[:40]
    named: dict[str, set[str]] = {each["id"]: set() for each in records}
    for app in found:
        for computer in graph.pages(f"/v1.0/deviceManagement/detectedApps/{app['id']}/managedDevices?$select=id"):
            named.get(computer["id"], set()).add(app["id"])

    for device in records:
        own = graph.pages(f"/beta/deviceManagement/managedDevices/{device['id']}/detectedApps")
        assert all(each in found for each in own)
        assert {each["id"] for each in own} == named[device["id"]]
    assert any(named.values())


def test_computers_own_software_is_beta_alone(graph: GraphCaller) -> None:
    device = graph("GET", f"{DEVICES}?$top=1").json()["value"][0]["id"]

    assert graph("GET", f"{DEVICES}/{device}/detectedApps").status_code == 400
    assert graph("GET", "/beta/deviceManagement/managedDevices/unknown/detectedApps").status_code == 404


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_computer_has_its_primary_user_or_none(graph: GraphCaller, version: str) -> None:
    records = graph.pages(f"{DEVICES}?$top=100")
    used = next(each for each in records if each["userId"])
    shared = next(each for each in records if not each["userId"])
    path = f"/{version}/deviceManagement/managedDevices"

    (user,) = graph("GET", f"{path}/{used['id']}/users").json()["value"]
    assert (user["id"], user["userPrincipalName"]) == (used["userId"], used["userPrincipalName"])
    assert graph("GET", f"/v1.0/users/{user['id']}").json().items() >= user.items()
    assert graph("GET", f"{path}/{used['id']}/users?$select=id").json()["value"] == [{"id": used["userId"]}]
    assert graph("GET", f"{path}/{shared['id']}/users").json()["value"] == []
    assert graph("GET", f"{path}/unknown/users").status_code == 404
