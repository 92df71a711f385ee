"""Whatever a client sends, the answer is one of Graph's errors and the lists stay readable."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.conftest import GraphCaller

ODD_VALUES: list[Any] = [None, True, -1, 1.5, "", "å<>\u0000", [], {}, [1], {"a": 1}]
ODD_QUERIES = [
    "$top=abc",
    "$top=-1",
    "$filter=(((",
    "$filter='",
    "$filter=id eq 5",
    "$filter=id in ()",
    "$filter=displayName gt 5",
    "$filter=lastSyncDateTime ge 'x'",
    "$filter=lastSyncDateTime ge 9999-99-99T00:00:00Z",
    "$filter=isof(null)",
    "$filter=groupTypes eq 'x'",
    "$select=,",
    "$expand=x",
    "$skiptoken=x",
    "$skiptoken=a.b.c",
]
LISTS = [
    "/v1.0/deviceManagement/managedDevices",
    "/beta/deviceManagement/windowsAutopilotDeviceIdentities",
    "/beta/deviceAppManagement/mobileApps?$expand=assignments",
    "/v1.0/groups",
    "/v1.0/devices",
]
ASSIGNMENT = {
    "intent": "required",
    "target": {
        "@odata.type": "#microsoft.graph.groupAssignmentTarget",
        "groupId": "x",
        "deviceAndAppManagementAssignmentFilterId": "x",
        "deviceAndAppManagementAssignmentFilterType": "include",
    },
    "settings": {"@odata.type": "#microsoft.graph.win32LobAppAssignmentSettings", "notifications": "hideAll"},
}
GROUP = {
    "displayName": "a",
    "mailNickname": "b",
    "mailEnabled": False,
    "securityEnabled": True,
    "groupTypes": ["DynamicMembership"],
    "membershipRule": 'device.displayName -eq "x"',
}
BODIES: dict[str, Any] = {
    "/beta/deviceAppManagement/mobileApps/{app}/assign": {"mobileAppAssignments": [ASSIGNMENT]},
    "/v1.0/groups": GROUP,
    "/v1.0/groups/{group}/members/$ref": {"@odata.id": "https://x/directoryObjects/1"},
    "/v1.0/deviceManagement/windowsAutopilotDeviceIdentities/{identity}/updateDeviceProperties": {"groupTag": "x"},
    "/v1.0/deviceManagement/windowsAutopilotDeviceIdentities/{identity}/assignUserToDevice": {
        "userPrincipalName": "a@b"
    },
    "/v1.0/deviceManagement/importedWindowsAutopilotDeviceIdentities/import": {
        "importedWindowsAutopilotDeviceIdentities": [{"serialNumber": "A", "hardwareIdentifier": "aGFzaA=="}]
    },
    "/beta/deviceManagement/depOnboardingSettings/{apple}/uploadDepToken": {"appleId": "a@b", "depToken": "MIAG"},
    "/v1.0/deviceManagement/managedDevices/{device}/wipe": {"keepUserData": False, "keepEnrollmentData": True},
    "/beta/deviceManagement/managedDevices/executeAction": {"actionName": "syncDevice", "deviceIds": ["x"]},
    "/beta/deviceManagement/windowsAutopilotDeploymentProfiles": {
        "@odata.type": "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile",
        "displayName": "a",
        "outOfBoxExperienceSetting": {"deviceUsageType": "shared"},
    },
    "/v1.0/deviceManagement/reports/exportJobs": {"reportName": "AppInstallStatusAggregate", "select": ["Platform"]},
    "/v1.0/$batch": {
        "requests": [{"id": "1", "method": "GET", "url": "/organization", "headers": {}, "dependsOn": []}]
    },
}


def variants(value: Any) -> Iterator[Any]:
    """The value with every part of it replaced by each odd value in turn."""
    yield from ODD_VALUES
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            for odd in variants(value[key]):
                changed = copy.copy(value)
                changed[key] = odd
                yield changed


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.rsplit("/", 1)[-1])
def test_odd_body_is_never_an_internal_error(own_sandbox: Any, path: str) -> None:
    sandbox = own_sandbox(devices=60)
    graph = GraphCaller(sandbox)
    identity = graph("GET", LISTS[1]).json()["value"][0]["id"]
    device, group = graph("GET", LISTS[0]).json()["value"][0]["id"], graph.group("lararpilot")
    apple = graph("GET", "/beta/deviceManagement/depOnboardingSettings").json()["value"][0]["id"]
    url = path.format(app=graph.app("GIMP"), group=group, identity=identity, device=device, apple=apple)

    for body in variants(BODIES[path]):
        answer = graph.session.post(sandbox.url + url, json=body, timeout=10)
        assert answer.status_code < 500, (body, answer.text)
    assert all(graph("GET", each).status_code == 200 for each in LISTS)


@pytest.mark.parametrize("query", ODD_QUERIES)
@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.rsplit("/", 1)[-1])
def test_odd_query_is_never_an_internal_error(graph: GraphCaller, path: str, query: str) -> None:
    assert graph("GET", f"{path.partition('?')[0]}?{query}").status_code in (200, 400)


def test_body_that_is_not_json_is_refused(graph: GraphCaller) -> None:
    answer = graph.session.post(f"{graph.sandbox.url}/v1.0/groups", data=b"{", timeout=10)

    assert answer.status_code == 400
    assert "JSON" in answer.json()["error"]["message"]


@pytest.mark.parametrize("seconds", [-1, "x", None, 1e300])
def test_clock_moves_forward_and_not_without_end(graph: GraphCaller, seconds: Any) -> None:
    answer = graph.sandbox.session.post(
        f"{graph.sandbox.url}/sandbox/clock", json={"advance_seconds": seconds}, timeout=10
    )

    assert answer.status_code == 400
