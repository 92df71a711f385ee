"""Every path the sandbox answers, in both versions, has the shape Microsoft describes."""

from typing import Any

import pytest

from tests.contract import ContractBroken, needs_contract, validate_request, validate_response
from tests.sandbox.conftest import GraphCaller

pytestmark = needs_contract

IDENTITIES = "deviceManagement/windowsAutopilotDeviceIdentities"
BOTH = [
    "deviceManagement/managedDevices",
    "deviceManagement/managedDevices?$select=id,deviceName,lastSyncDateTime&$top=20",
    IDENTITIES,
    "deviceAppManagement/mobileApps?$expand=assignments",
    "deviceAppManagement/mobileApps?$filter=isof('microsoft.graph.win32LobApp')",
    "deviceManagement/importedWindowsAutopilotDeviceIdentities",
    "deviceManagement/reports/exportJobs",
    "groups?$top=999",
]
V1_ONLY = [
    "organization",
    "deviceManagement/detectedApps",
    "deviceManagement/managedDeviceOverview",
    "deviceManagement/managedDevices/$count",
    "deviceManagement/windowsAutopilotDeviceIdentities/$count",
    "deviceManagement/deviceCompliancePolicies",
    "deviceManagement/deviceCompliancePolicyDeviceStateSummary",
    "deviceManagement/auditEvents",
    "devices?$top=50",
]
BETA_ONLY = [
    "deviceManagement/assignmentFilters",
    "deviceManagement/windowsAutopilotDeploymentProfiles",
    "deviceManagement/windowsAutopilotSettings",
    "deviceManagement/autopilotEvents",
    "deviceManagement/depOnboardingSettings",
    "deviceManagement/remoteActionAudits",
    "deviceAppManagement/mobileApps?$filter=isAssigned eq true",
]
PATHS = (
    [f"/{version}/{path}" for version in ("v1.0", "beta") for path in BOTH]
    + [f"/v1.0/{path}" for path in V1_ONLY]
    + [f"/beta/{path}" for path in BETA_ONLY]
)


@pytest.mark.parametrize("path", PATHS)
def test_list_has_microsofts_shape(graph: GraphCaller, path: str) -> None:
    validate_request("GET", path)

    assert graph("GET", path).status_code == 200


@pytest.mark.parametrize("version", ["v1.0", "beta"])
@pytest.mark.parametrize(
    "collection", ["deviceManagement/managedDevices", IDENTITIES, "deviceAppManagement/mobileApps", "groups"]
)
def test_single_object_has_microsofts_shape(graph: GraphCaller, version: str, collection: str) -> None:
    for item in graph("GET", f"/{version}/{collection}?$top=30").json()["value"]:
        assert graph("GET", f"/{version}/{collection}/{item['id']}").status_code == 200


def test_group_paths_have_microsofts_shape(graph: GraphCaller) -> None:
    everyone = graph.group("terminsklar-all")
    device = graph("GET", f"/v1.0/groups/{everyone}/members?$top=1").json()["value"][0]

    cast = f"/v1.0/groups/{everyone}/members/microsoft.graph.device?$count=true"
    assert graph("GET", cast, ConsistencyLevel="eventual").json()["@odata.count"] == 300
    assert graph("GET", f"/v1.0/groups/{everyone}/members/$count", ConsistencyLevel="eventual").text == "300"
    assert graph("GET", f"/v1.0/devices/{device['id']}").json()["deviceId"] == device["deviceId"]


def test_paths_of_one_computer_have_microsofts_shape(graph: GraphCaller) -> None:
    device = graph("GET", "/v1.0/deviceManagement/managedDevices?$top=1").json()["value"][0]["id"]
    paths = [f"/{version}/deviceManagement/managedDevices/{device}/users?$select=id" for version in ("v1.0", "beta")]

    for path in [*paths, f"/beta/deviceManagement/managedDevices/{device}/detectedApps?$top=5"]:
        validate_request("GET", path)
        assert graph("GET", path).status_code == 200


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_writes_and_their_refusals_have_microsofts_shape(graph: GraphCaller, version: str) -> None:
    app, school = graph.app("GIMP"), graph.group("terminsklar-school-gy-ronn")
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": school}
    item = {"@odata.type": "#microsoft.graph.mobileAppAssignment", "intent": "required", "target": target}
    identity = graph("GET", f"/{version}/{IDENTITIES}?$top=1").json()["value"][0]["id"]
    path = f"/{version}/deviceAppManagement/mobileApps/{app}"

    calls: list[tuple[str, str, Any, int]] = [
        ("POST", f"{path}/assign", {"mobileAppAssignments": [item]}, 204),
        ("POST", f"{path}/assign", {"mobileAppAssignments": [item, item]}, 400),
        ("POST", f"{path}/assign", {"mobileAppAssignments": []}, 204),
        ("POST", f"{path}/assignments", item, 201),
        ("DELETE", f"{path}/assignments/{school}_1_0", None, 204),
        ("DELETE", f"{path}/assignments/{school}_1_0", None, 404),
        ("POST", f"/{version}/{IDENTITIES}/{identity}/updateDeviceProperties", {"displayName": "Vagn 3"}, 204),
        ("POST", f"/{version}/deviceManagement/reports/exportJobs", {"reportName": "AppInstallStatusAggregate"}, 201),
        ("POST", f"/{version}/deviceManagement/reports/exportJobs", {"reportName": "Unknown"}, 400),
    ]
    for method, url, body, status in calls:
        validate_request(method, url, body)
        assert graph(method, url, body).status_code == status, url


def test_contract_refuses_a_property_microsoft_does_not_have() -> None:
    device = {"id": "1", "deviceNme": "X"}

    with pytest.raises(ContractBroken, match="deviceNme"):
        validate_response("GET", "/v1.0/deviceManagement/managedDevices", 200, {"value": [device]})


def test_contract_refuses_a_misspelt_request_inside_a_batch() -> None:
    inner = {"id": "1", "method": "GET", "url": "/deviceManagement/managedDevicez"}

    with pytest.raises(ContractBroken, match="managedDevicez"):
        validate_request("POST", "/v1.0/$batch", {"requests": [inner]})


def test_contract_refuses_a_filter_in_a_v1_assignment() -> None:
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "deviceAndAppManagementAssignmentFilterId": "1"}
    body = {"mobileAppAssignments": [{"intent": "required", "target": target}]}

    validate_request("POST", "/beta/deviceAppManagement/mobileApps/1/assign", body)
    with pytest.raises(ContractBroken):
        validate_request("POST", "/v1.0/deviceAppManagement/mobileApps/1/assign", body)


def test_contract_refuses_an_answer_of_the_wrong_app_type() -> None:
    app = {"@odata.type": "#microsoft.graph.webApp", "id": "1", "packageIdentifier": "X"}

    with pytest.raises(ContractBroken, match="packageIdentifier"):
        validate_response("GET", "/beta/deviceAppManagement/mobileApps", 200, {"value": [app]})
