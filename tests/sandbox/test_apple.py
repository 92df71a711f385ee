"""Apple's enrolment program: token, syncs with their pauses, and Macs that come back."""

from datetime import datetime
from typing import Any

import pytest
from cryptography import x509

from tests.contract import needs_contract, validate_request
from tests.sandbox.conftest import GraphCaller

SETTINGS = "/beta/deviceManagement/depOnboardingSettings"
DEVICES = "/v1.0/deviceManagement/managedDevices"
HOUR, DAY = 3600, 86_400


@pytest.fixture
def graph(own_sandbox: Any) -> GraphCaller:
    return GraphCaller(own_sandbox(devices=400))


def setting(graph: GraphCaller) -> Any:
    return graph("GET", SETTINGS).json()["value"][0]


def sync(graph: GraphCaller) -> int:
    return graph("POST", f"{SETTINGS}/{setting(graph)['id']}/syncWithAppleDeviceEnrollmentProgram").status_code


def macs(graph: GraphCaller) -> list[Any]:
    return graph.pages(f"{SETTINGS}/{setting(graph)['id']}/importedAppleDeviceIdentities")


def test_second_sync_within_a_quarter_is_refused(graph: GraphCaller) -> None:
    assert [sync(graph), sync(graph)] == [204, 400]

    graph.live(15 * 60)
    assert sync(graph) == 204


def test_expired_token_ends_the_sync_with_an_error(graph: GraphCaller) -> None:
    graph.sandbox.post("/sandbox/settings", {"apple_token_days": 1})
    assert setting(graph)["lastSyncErrorCode"] == 0
    graph.live(2 * DAY)
    last = setting(graph)["lastSuccessfulSyncDateTime"]

    assert sync(graph) == 204
    after = setting(graph)
    assert after["lastSyncErrorCode"] != 0
    assert after["lastSuccessfulSyncDateTime"] == last < after["lastSyncTriggeredDateTime"]
    assert after["tokenExpirationDateTime"] < after["lastSyncTriggeredDateTime"]


def test_sync_ends_with_the_error_of_the_switch(graph: GraphCaller) -> None:
    graph.sandbox.post("/sandbox/settings", {"apple_sync_error": 5012})
    sync(graph)

    assert setting(graph)["lastSyncErrorCode"] == 5012


def test_deleted_mac_comes_back_with_the_next_full_sync(graph: GraphCaller) -> None:
    assert sync(graph) == 204  # a full one: the next is due in seven days
    mac = next(each for each in macs(graph) if each["enrollmentState"] == "enrolled")
    path = f"{SETTINGS}/{setting(graph)['id']}/importedAppleDeviceIdentities/{mac['id']}"
    assert graph("DELETE", path).status_code == 400
    (record,) = graph("GET", f"{DEVICES}?$filter=serialNumber eq '{mac['serialNumber']}'").json()["value"]
    graph("DELETE", f"{DEVICES}/{record['id']}")
    graph.live(HOUR)
    assert graph("DELETE", path).status_code == 204

    serials = []
    for days in (1, 7, 1):
        graph.live(days * DAY)
        serials.append(mac["serialNumber"] in {each["serialNumber"] for each in macs(graph)})
    assert serials == [False, True, True]
    (again,) = graph("GET", f"{DEVICES}?$filter=serialNumber eq '{mac['serialNumber']}'").json()["value"]
    assert again["id"] != record["id"]


def test_profile_is_assigned_by_serial_number(graph: GraphCaller) -> None:
    token = setting(graph)["id"]
    profile = graph("GET", f"{SETTINGS}/{token}/enrollmentProfiles").json()["value"][0]["id"]
    mac = macs(graph)[0]
    path = f"{SETTINGS}/{token}/enrollmentProfiles/{profile}/updateDeviceProfileAssignment"

    assert graph("POST", path, {"deviceIds": [mac["id"]]}).status_code == 400
    assert graph("POST", path, {"deviceIds": [mac["serialNumber"]]}).status_code == 204
    after = next(each for each in macs(graph) if each["id"] == mac["id"])
    assigned = "requestedEnrollmentProfileAssignmentDateTime"
    assert after["requestedEnrollmentProfileId"] == profile
    assert after[assigned] > mac[assigned]


def test_macs_are_apples_and_only_apples(graph: GraphCaller) -> None:
    listed = {each["serialNumber"] for each in macs(graph)}

    managed = graph.pages(f"{DEVICES}?$filter=operatingSystem eq 'macOS'")
    assert listed >= {each["serialNumber"] for each in managed}
    assert setting(graph)["syncedDeviceCount"] == len(listed)


def test_new_token_from_apple_lasts_a_year_and_lets_syncs_succeed_again(graph: GraphCaller) -> None:
    graph.sandbox.post("/sandbox/settings", {"apple_token_days": 1})
    graph.live(2 * DAY)
    assert sync(graph) == 204
    expired = setting(graph)
    path = f"{SETTINGS}/{expired['id']}"

    body = {"appleId": "it@asm.example", "depToken": "MIAGCSqGSIb3DQEHA6CAMIACAQAxggFy"}
    assert graph("POST", f"{path}/uploadDepToken", body).status_code == 204
    renewed = setting(graph)
    assert renewed["appleIdentifier"] == "it@asm.example"
    assert renewed["lastSyncErrorCode"] == expired["lastSyncErrorCode"] != 0
    assert renewed["lastModifiedDateTime"] > expired["lastModifiedDateTime"]
    days = datetime.fromisoformat(renewed["tokenExpirationDateTime"]) - datetime.fromisoformat(
        renewed["lastModifiedDateTime"]
    )
    assert days.days == 365

    graph.live(15 * 60)
    assert sync(graph) == 204
    assert setting(graph)["lastSyncErrorCode"] == 0
    graph.live(364 * DAY)
    graph.live(2 * DAY)
    assert setting(graph)["lastSyncErrorCode"] != 0


@pytest.mark.parametrize("body", [{}, {"appleId": "it@asm.example"}, {"appleId": " ", "depToken": "MIAG"}])
def test_incomplete_token_is_refused(graph: GraphCaller, body: Any) -> None:
    before = setting(graph)

    assert graph("POST", f"{SETTINGS}/{before['id']}/uploadDepToken", body).status_code == 400
    assert setting(graph) == before


def test_public_key_stays_until_another_is_made(graph: GraphCaller) -> None:
    path = f"{SETTINGS}/{setting(graph)['id']}"
    asked = [graph("GET", f"{path}/getEncryptionPublicKey{brackets}").json()["value"] for brackets in ("()", "")]
    made = graph("POST", f"{path}/generateEncryptionPublicKey").json()["value"]

    assert asked[0] == asked[1] != made
    assert graph("GET", f"{path}/getEncryptionPublicKey()").json()["value"] == made
    assert x509.load_pem_x509_certificate(made.encode()).not_valid_after_utc


@needs_contract
def test_renewal_of_apples_token_has_microsofts_shape(graph: GraphCaller) -> None:
    path = f"{SETTINGS}/{setting(graph)['id']}"

    calls: list[tuple[str, str, Any, int]] = [
        ("POST", f"{path}/generateEncryptionPublicKey", None, 200),
        ("GET", f"{path}/getEncryptionPublicKey()", None, 200),
        ("POST", f"{path}/uploadDepToken", {"appleId": "it@asm.example", "depToken": "MIAG"}, 204),
    ]
    for method, url, body, status in calls:
        validate_request(method, url, body)
        assert graph(method, url, body).status_code == status, url
