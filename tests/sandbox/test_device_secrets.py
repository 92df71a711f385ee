"""Local administrators' passwords and BitLocker's keys: who may read them, when they come, and that it is audited."""

import base64
import re
from typing import Any

import pytest

from tests.contract import validate_request, validate_response
from tests.sandbox.conftest import CHECKED, GraphCaller
from tests.sandbox.test_odd_requests import ODD_QUERIES

DEVICES = "/v1.0/deviceManagement/managedDevices"
PASSWORDS = "/v1.0/directory/deviceLocalCredentials"
KEYS = "/v1.0/informationProtection/bitlocker/recoveryKeys"
DAY = 86_400


@pytest.fixture
def graph(own_sandbox: Any) -> GraphCaller:
    """Signed in as one that may read both kinds of secrets and manage computers."""
    sandbox = own_sandbox(devices=80)
    roles = ["DeviceLocalCredential.Read.All", "BitlockerKey.Read.All", "DeviceManagementManagedDevices.ReadWrite.All"]
    sandbox.post("/sandbox/registrations", {"name": "single", "roles": roles})
    return GraphCaller(sandbox)


def computer(graph: GraphCaller, *, system: str = "Windows", encrypted: bool = True) -> Any:
    """One that is on and whose Intune record is the only one of its serial number."""
    found = graph.pages(f"{DEVICES}?$filter=operatingSystem eq '{system}'")
    once = [each for each in found if sum(each["serialNumber"] == other["serialNumber"] for other in found) == 1]
    newest = sorted(once, key=lambda each: str(each["lastSyncDateTime"]), reverse=True)
    return next(each for each in newest if each["isEncrypted"] == encrypted)


def credentials(graph: GraphCaller, device: Any) -> Any:
    """The whole answer. The description that the tests check against lacks `credentials`; all else is checked."""
    url = f"{graph.sandbox.url}{PASSWORDS}/{device['azureADDeviceId']}?$select=credentials"
    answer = graph.session.get(url, timeout=10)
    assert answer.status_code == 200
    if CHECKED:
        validate_request("GET", url)
        known = {name: value for name, value in answer.json().items() if name != "credentials"}
        validate_response("GET", url, 200, known)
    return answer.json()


def keys(graph: GraphCaller, device: Any) -> list[Any]:
    return graph.pages(f"{KEYS}?$filter=deviceId eq '{device['azureADDeviceId']}'")


def rotate(graph: GraphCaller, device: Any, action: str) -> None:
    graph.sandbox.post("/sandbox/settings", {"action_failure_rate": 0})
    graph.sandbox.post("/sandbox/devices", {"id": device["id"], "act": "on"})
    assert graph("POST", f"/beta/deviceManagement/managedDevices/{device['id']}/{action}").status_code == 204
    graph.live(3600)
    assert [each["state"] for each in graph.sandbox.get("/sandbox/actions")] == ["done"]


def test_password_comes_only_when_it_is_selected_and_is_audited(graph: GraphCaller) -> None:
    device = computer(graph)
    path = f"{PASSWORDS}/{device['azureADDeviceId']}"
    plain = graph("GET", path).json()
    assert graph.sandbox.get("/sandbox/secret-reads") == []

    (credential,) = credentials(graph, device)["credentials"]
    assert "credentials" not in plain
    assert plain["deviceName"] == device["deviceName"]
    assert set(credential) == {"accountName", "accountSid", "backupDateTime", "passwordBase64"}
    assert len(base64.b64decode(credential["passwordBase64"]).decode("utf-16-le")) == 14
    (event,) = graph.sandbox.get("/sandbox/secret-reads")
    assert event["activity"] == "Recover device local administrator password"
    assert (event["device_id"], event["client_id"]) == (device["azureADDeviceId"], graph.sandbox.client_id)


def test_list_of_passwords_has_every_enrolled_windows_computer_and_no_secret(graph: GraphCaller) -> None:
    listed = graph.pages(f"{PASSWORDS}?$top=20")

    windows = graph.pages(f"{DEVICES}?$filter=operatingSystem eq 'Windows'")
    assert {each["id"] for each in listed} == {each["azureADDeviceId"] for each in windows}
    assert all(set(each) == {"id", "deviceName", "lastBackupDateTime", "refreshDateTime"} for each in listed)
    assert graph("GET", f"{PASSWORDS}?$select=credentials").status_code == 400


def test_rotated_password_is_another_one(graph: GraphCaller) -> None:
    device = computer(graph)
    before = credentials(graph, device)
    assert credentials(graph, device) == before

    rotate(graph, device, "rotateLocalAdminPassword")
    after = credentials(graph, device)
    assert after["lastBackupDateTime"] > before["lastBackupDateTime"]
    assert after["credentials"][0]["passwordBase64"] != before["credentials"][0]["passwordBase64"]


def test_password_changes_by_itself_within_a_month_of_a_computer_that_is_on(graph: GraphCaller) -> None:
    device = computer(graph)
    graph.sandbox.post("/sandbox/devices", {"id": device["id"], "act": "on"})
    before = credentials(graph, device)

    graph.live(32 * DAY)
    assert credentials(graph, device)["lastBackupDateTime"] >= before["refreshDateTime"]


def test_mac_has_neither_password_nor_key(graph: GraphCaller) -> None:
    mac = computer(graph, system="macOS")

    assert graph("GET", f"{PASSWORDS}/{mac['azureADDeviceId']}").status_code == 404
    assert keys(graph, mac) == []


def test_key_comes_only_when_it_is_selected_and_is_audited(graph: GraphCaller) -> None:
    device = computer(graph)
    (listed,) = keys(graph, device)
    plain = graph("GET", f"{KEYS}/{listed['id']}").json()
    assert graph.sandbox.get("/sandbox/secret-reads") == []

    whole = graph("GET", f"{KEYS}/{listed['id']}?$select=key").json()
    assert "key" not in listed
    assert "key" not in plain
    assert re.fullmatch(r"\d{6}(-\d{6}){7}", whole["key"])
    assert all(int(group) % 11 == 0 for group in whole["key"].split("-"))
    assert [each["activity"] for each in graph.sandbox.get("/sandbox/secret-reads")] == ["Read BitLocker key"]


def test_rotated_key_stands_beside_the_old_one(graph: GraphCaller) -> None:
    device = computer(graph)
    (before,) = keys(graph, device)

    rotate(graph, device, "rotateBitLockerKeys")
    old, new = keys(graph, device)
    assert old == before
    assert new["createdDateTime"] > old["createdDateTime"]
    first, second = (graph("GET", f"{KEYS}/{each['id']}?$select=key").json()["key"] for each in (old, new))
    assert first != second


def test_computer_without_encryption_has_no_key(graph: GraphCaller) -> None:
    assert keys(graph, computer(graph, encrypted=False)) == []


@pytest.mark.parametrize("path", [f"{PASSWORDS}/unknown", f"{KEYS}/unknown"])
def test_unknown_secret_is_not_found(graph: GraphCaller, path: str) -> None:
    assert graph("GET", path).status_code == 404


def test_each_kind_needs_its_own_role(own_sandbox: Any) -> None:
    sandbox = own_sandbox(devices=60)
    wanted = {
        "DeviceLocalCredential.Read.All": [200, 403],
        "BitlockerKey.Read.All": [403, 200],
        "Device.Read.All": [403] * 2,
    }
    for role, statuses in wanted.items():
        sandbox.post("/sandbox/registrations", {"name": "reader", "roles": [role]})
        reader = GraphCaller(sandbox.as_identity("reader"))
        assert [reader("GET", path).status_code for path in (PASSWORDS, KEYS)] == statuses


def test_odd_query_is_never_an_internal_error(graph: GraphCaller) -> None:
    device = computer(graph)["id"]
    paths = [
        PASSWORDS,
        KEYS,
        f"{DEVICES}/{device}/users",
        f"/beta/deviceManagement/managedDevices/{device}/detectedApps",
    ]
    odd = [f"{path}?{query}" for path in paths for query in ODD_QUERIES]

    assert [path for path in odd if graph("GET", path).status_code not in (200, 400)] == []
