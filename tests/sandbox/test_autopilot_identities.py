"""Autopilot identities: tags and users, profiles that lag, the sync, and the order in which things may be deleted."""

from typing import Any

import pytest

from tests.sandbox.conftest import GraphCaller

IDENTITIES = "/beta/deviceManagement/windowsAutopilotDeviceIdentities"
DEVICES = "/v1.0/deviceManagement/managedDevices"
SETTINGS = "/beta/deviceManagement/windowsAutopilotSettings"
PROFILES = "/beta/deviceManagement/windowsAutopilotDeploymentProfiles"
HOUR = 3600


@pytest.fixture
def graph(own_sandbox: Any) -> GraphCaller:
    return GraphCaller(own_sandbox(devices=120))


def enrolled(graph: GraphCaller) -> Any:
    return next(each for each in graph.pages(IDENTITIES) if each["enrollmentState"] == "enrolled")


def unenrolled(graph: GraphCaller) -> Any:
    identity = enrolled(graph)
    graph.sandbox.post("/sandbox/devices", {"id": identity["id"], "act": "leave"})
    return identity


def look(graph: GraphCaller, identity: Any) -> Any:
    return graph("GET", f"{IDENTITIES}/{identity['id']}").json()


def test_retag_travels_hop_by_hop_and_restarts_the_profile(graph: GraphCaller) -> None:
    slow = {"tag_to_entra_seconds": 1000, "entra_to_groups_seconds": 10_000, "profile_seconds": 1000}
    graph.sandbox.post("/sandbox/settings", slow)
    identity, group = enrolled(graph), graph.group("terminsklar-school-gy-tekn")
    (entra,) = graph("GET", f"/v1.0/devices?$filter=deviceId eq '{identity['azureAdDeviceId']}'").json()["value"]
    graph("POST", f"{IDENTITIES}/{identity['id']}/updateDeviceProperties", {"groupTag": "GY-TEKN"})

    def seen() -> tuple[str, bool, bool, str]:
        now = graph("GET", f"/v1.0/devices/{entra['id']}").json()
        members = {each["id"] for each in graph.pages(f"/v1.0/groups/{group}/members?$top=999&$select=id")}
        shown = look(graph, identity)
        tagged = "[OrderID]:GY-TEKN" in now["physicalIds"]
        return shown["groupTag"], tagged, entra["id"] in members, shown["deploymentProfileAssignmentStatus"]

    stages = [seen()]
    for seconds in (1600, 16_000, 1600):
        graph.live(seconds)
        stages.append(seen())
    assert stages == [
        ("GY-TEKN", False, False, "pending"),
        ("GY-TEKN", True, False, "pending"),
        ("GY-TEKN", True, True, "assignedInSync"),
        ("GY-TEKN", True, True, "assignedInSync"),
    ]


def test_profile_is_pending_then_assigned_then_in_sync(graph: GraphCaller) -> None:
    graph.sandbox.post("/sandbox/settings", {"profile_seconds": 10_000})
    identity = enrolled(graph)
    graph("POST", f"{IDENTITIES}/{identity['id']}/updateDeviceProperties", {"groupTag": "GY-TEKN"})
    seen = []
    for _ in range(12):
        status = look(graph, identity)["deploymentProfileAssignmentStatus"]
        seen += [status] if status not in seen else []
        graph.live(2500)

    assert seen == ["pending", "assignedUnkownSyncState", "assignedInSync"]


def test_user_is_assigned_by_domain_only_and_taken_away(graph: GraphCaller) -> None:
    domain = graph("GET", "/v1.0/organization").json()["value"][0]["verifiedDomains"][0]["name"]
    path = f"{IDENTITIES}/{enrolled(graph)['id']}"
    stranger = {"userPrincipalName": "anna@example.com", "addressableUserName": "Anna"}

    assert graph("POST", f"{path}/assignUserToDevice", stranger).status_code == 400
    nobody = {"userPrincipalName": f"finns-inte@{domain}", "addressableUserName": "Åsa"}
    assert graph("POST", f"{path}/assignUserToDevice", nobody).status_code == 204
    shown = graph("GET", path).json()
    assert (shown["userPrincipalName"], shown["addressableUserName"]) == (f"finns-inte@{domain}", "Åsa")
    assert graph("POST", f"{path}/unassignUserFromDevice").status_code == 204
    assert graph("GET", path).json()["userPrincipalName"] == ""


def test_identity_of_an_enrolled_computer_is_not_deleted(graph: GraphCaller) -> None:
    identity = enrolled(graph)

    assert graph("DELETE", f"{IDENTITIES}/{identity['id']}").status_code == 400
    graph.live(HOUR)
    assert look(graph, identity)["id"] == identity["id"]


def test_identity_is_deleted_after_a_while(graph: GraphCaller) -> None:
    identity = unenrolled(graph)

    assert graph("DELETE", f"{IDENTITIES}/{identity['id']}").status_code == 204
    assert look(graph, identity)["id"] == identity["id"]
    graph.live(HOUR)
    assert graph("GET", f"{IDENTITIES}/{identity['id']}").status_code == 404
    assert identity["id"] not in {each["id"] for each in graph.pages(IDENTITIES)}


def test_entra_device_is_deleted_last(graph: GraphCaller) -> None:
    identity = enrolled(graph)
    (entra,) = graph("GET", f"/v1.0/devices?$filter=deviceId eq '{identity['azureAdDeviceId']}'").json()["value"]
    everyone = graph.group("terminsklar-all")

    assert graph("DELETE", f"/v1.0/devices/{entra['id']}").status_code == 400
    assert graph("DELETE", f"{DEVICES}/{identity['managedDeviceId']}").status_code == 204
    graph.live(HOUR)
    assert graph("DELETE", f"{IDENTITIES}/{identity['id']}").status_code == 204
    graph.live(HOUR)
    assert graph("DELETE", f"/v1.0/devices/{entra['id']}").status_code == 204
    assert graph("GET", f"/v1.0/devices/{entra['id']}").status_code == 200
    graph.live(HOUR)
    assert graph("GET", f"/v1.0/devices/{entra['id']}").status_code == 404
    members = {each["id"] for each in graph.pages(f"/v1.0/groups/{everyone}/members?$top=999&$select=id")}
    assert entra["id"] not in members


def test_deleted_identity_can_be_imported_again(graph: GraphCaller) -> None:
    identity = unenrolled(graph)
    graph("DELETE", f"{IDENTITIES}/{identity['id']}")
    graph.live(HOUR)
    body = {"serialNumber": identity["serialNumber"], "hardwareIdentifier": "aGFzaA==", "groupTag": "NY-TAGG"}
    graph("POST", "/v1.0/deviceManagement/importedWindowsAutopilotDeviceIdentities", body)
    graph.live(HOUR)

    again = [each for each in graph.pages(IDENTITIES) if each["serialNumber"] == identity["serialNumber"]]
    assert [(each["groupTag"], each["id"] != identity["id"]) for each in again] == [("NY-TAGG", True)]


def test_sync_runs_and_a_second_within_ten_minutes_is_refused(graph: GraphCaller) -> None:
    assert graph("POST", f"{SETTINGS}/sync").status_code == 204
    assert graph("GET", SETTINGS).json()["syncStatus"] == "inProgress"
    graph.live(180)

    assert graph("GET", SETTINGS).json()["syncStatus"] == "completed"
    assert graph("POST", f"{SETTINGS}/sync").status_code == 400
    graph.live(600)
    assert graph("POST", f"{SETTINGS}/sync").status_code == 204


def test_sync_can_fail(graph: GraphCaller) -> None:
    graph.sandbox.post("/sandbox/settings", {"autopilot_sync_fails": True})
    graph("POST", f"{SETTINGS}/sync")
    graph.live(180)

    assert graph("GET", SETTINGS).json()["syncStatus"] == "failed"


def test_profile_reaches_groups_one_by_one(graph: GraphCaller) -> None:
    school = graph.group("terminsklar-school-gy-tekn")
    new = {"@odata.type": "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile", "displayName": "Prov"}
    profile = graph("POST", PROFILES, new).json()["id"]
    target = {"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": school}}

    made = graph("POST", f"{PROFILES}/{profile}/assignments", target)
    assert made.status_code == 201
    assert graph("POST", f"{PROFILES}/{profile}/assignments", target).status_code == 400
    listed = graph("GET", f"{PROFILES}/{profile}/assignments").json()["value"]
    assert [each["target"]["groupId"] for each in listed] == [school]
    assert graph("DELETE", f"{PROFILES}/{profile}").status_code == 400
    assert graph("DELETE", f"{PROFILES}/{profile}/assignments/{made.json()['id']}").status_code == 204
    assert graph("DELETE", f"{PROFILES}/{profile}").status_code == 204


def test_computers_of_a_profile_are_those_it_was_assigned_to(graph: GraphCaller) -> None:
    first = graph("GET", PROFILES).json()["value"][0]
    assigned = {each["id"] for each in graph.pages(f"{PROFILES}/{first['id']}/assignedDevices")}

    expected = [
        each for each in graph.pages(IDENTITIES) if each["deploymentProfileAssignmentStatus"].startswith("assigned")
    ]
    assert assigned == {each["id"] for each in expected}
    assert graph("GET", f"{IDENTITIES}/{expected[0]['id']}/deploymentProfile").json()["id"] == first["id"]
