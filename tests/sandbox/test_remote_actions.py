"""Remote actions: a 204 means queued, twice posted is twice queued, and computers that are off make them wait."""

from collections import Counter
from typing import Any

import pytest

from tests.contract import validate_request
from tests.sandbox.conftest import CHECKED, GraphCaller

DEVICES = "/v1.0/deviceManagement/managedDevices"
BETA_DEVICES = "/beta/deviceManagement/managedDevices"
IDENTITIES = "/v1.0/deviceManagement/windowsAutopilotDeviceIdentities"
HOUR, DAY = 3600, 86_400


@pytest.fixture
def graph(own_sandbox: Any) -> GraphCaller:
    graph = GraphCaller(own_sandbox(devices=150))
    graph.sandbox.post("/sandbox/settings", {"action_failure_rate": 0, "enrolment_failure_rate": 0})
    return graph


def computer(graph: GraphCaller, system: str = "Windows", *, on: bool = True) -> Any:
    devices = graph.pages(f"{DEVICES}?$filter=operatingSystem eq '{system}'")
    serials = Counter(device["serialNumber"] for device in devices)
    device = next(
        each for each in devices if serials[each["serialNumber"]] == 1 and "ystem" not in each["serialNumber"]
    )
    graph.sandbox.post("/sandbox/devices", {"id": device["id"], "act": "on" if on else "off"})
    return device


def act(graph: GraphCaller, device: Any, action: str, body: Any = None, base: str = DEVICES) -> int:
    url = f"{base}/{device['id']}/{action}"
    if CHECKED:
        validate_request("POST", url, body)
    return graph("POST", url, body).status_code


def results(graph: GraphCaller, device: Any) -> list[tuple[str, str]]:
    shown = graph("GET", f"{DEVICES}/{device['id']}").json()
    return [(each["actionName"], each["actionState"]) for each in shown["deviceActionResults"]]


def queued(graph: GraphCaller, kind: str) -> list[Any]:
    return [each for each in graph.sandbox.get("/sandbox/actions") if each["kind"] == kind]


def test_action_is_pending_then_active_then_done(graph: GraphCaller) -> None:
    graph.sandbox.post("/sandbox/settings", {"action_seconds": 400, "action_run_seconds": 4000})
    device = computer(graph)
    assert act(graph, device, "rebootNow") == 204
    seen = [results(graph, device)]
    for seconds in (700, 7000):
        graph.live(seconds)
        seen.append(results(graph, device))

    assert seen == [[("rebootNow", "pending")], [("rebootNow", "active")], [("rebootNow", "done")]]


def test_same_call_twice_queues_twice(graph: GraphCaller) -> None:
    device = computer(graph)
    graph.sandbox.delete("/sandbox/ledger")
    assert [act(graph, device, "syncDevice") for _ in range(2)] == [204, 204]

    ledger = graph.sandbox.get("/sandbox/ledger", params={"method": "POST", "path_contains": "syncDevice"})
    both = queued(graph, "syncDevice")
    assert len(ledger) == len(both) == 2
    assert {each["request_id"] for each in both} == {each["request_id"] for each in ledger}


def test_computer_that_is_off_keeps_the_action_pending(graph: GraphCaller) -> None:
    device = computer(graph, on=False)
    act(graph, device, "syncDevice")
    graph.live(3 * DAY)
    assert results(graph, device) == [("syncDevice", "pending")]

    graph.sandbox.post("/sandbox/devices", {"id": device["id"], "act": "on"})
    graph.live(HOUR)
    assert results(graph, device) == [("syncDevice", "done")]


def test_action_can_fail(graph: GraphCaller) -> None:
    graph.sandbox.post("/sandbox/settings", {"action_failure_rate": 1})
    device = computer(graph)
    act(graph, device, "wipe", {})
    graph.live(HOUR)

    shown = graph("GET", f"{DEVICES}/{device['id']}").json()
    assert results(graph, device) == [("factoryReset", "failed")]
    assert shown["managementState"] == "wipeFailed"


def test_action_the_platform_lacks_is_not_supported(graph: GraphCaller) -> None:
    mac = computer(graph, "macOS")
    assert act(graph, mac, "cleanWindowsDevice", {"keepUserData": False}) == 204
    graph.live(HOUR)

    assert results(graph, mac) == [("cleanWindowsDevice", "notSupported")]


def test_wiped_computer_vanishes_and_enrols_anew_under_another_id(graph: GraphCaller) -> None:
    device = computer(graph)
    act(graph, device, "wipe", {"keepUserData": False})
    assert graph("GET", f"{DEVICES}/{device['id']}").json()["managementState"] == "wipePending"
    graph.live(1200)
    assert graph("GET", f"{DEVICES}/{device['id']}").status_code == 404
    (identity,) = [each for each in graph.pages(IDENTITIES) if each["serialNumber"] == device["serialNumber"]]
    assert identity["enrollmentState"] == "pendingReset"
    assert act(graph, device, "syncDevice") == 404

    graph.live(6 * HOUR)
    (again,) = graph("GET", f"{DEVICES}?$filter=serialNumber eq '{device['serialNumber']}'").json()["value"]
    assert again["id"] != device["id"]
    assert again["azureADDeviceId"] == device["azureADDeviceId"]
    assert [each["state"] for each in queued(graph, "wipe")] == ["done"]


def test_old_record_stays_beside_the_new_one_by_switch(graph: GraphCaller) -> None:
    graph.sandbox.post("/sandbox/settings", {"leaves_old_record": True})
    device = computer(graph)
    act(graph, device, "wipe", {})
    graph.live(6 * HOUR)

    both = graph("GET", f"{DEVICES}?$filter=serialNumber eq '{device['serialNumber']}'").json()["value"]
    assert [each["id"] == device["id"] for each in both].count(True) == 1
    assert len(both) == 2
    old = next(each for each in both if each["id"] == device["id"])
    assert old["lastSyncDateTime"] < next(each for each in both if each is not old)["lastSyncDateTime"]


def test_wiped_computer_can_stay_away(graph: GraphCaller) -> None:
    graph.sandbox.post("/sandbox/settings", {"wipe_returns_seconds": 0})
    device = computer(graph)
    act(graph, device, "wipe", {})
    graph.live(10 * DAY)

    assert graph("GET", f"{DEVICES}?$filter=serialNumber eq '{device['serialNumber']}'").json()["value"] == []


def test_autopilot_reset_keeps_the_record(graph: GraphCaller) -> None:
    device = computer(graph)
    act(graph, device, "wipe", {"keepEnrollmentData": True, "keepUserData": False})
    graph.live(HOUR)

    assert results(graph, device) == [("automaticRedeployment", "done")]
    audits = graph.pages("/beta/deviceManagement/remoteActionAudits")
    assert [(each["action"], each["actionState"]) for each in audits] == [("automaticRedeployment", "done")]


def test_reset_installs_everything_again(graph: GraphCaller) -> None:
    device = computer(graph)
    before = graph.sandbox.get("/sandbox/state")["installs"]["installed"]
    act(graph, device, "wipe", {"keepEnrollmentData": True})
    graph.live(400)
    emptied = graph.sandbox.get("/sandbox/state")["installs"]["installed"]
    graph.live(6 * HOUR)

    assert emptied < before
    assert graph.sandbox.get("/sandbox/state")["installs"]["installed"] > emptied


def test_retired_computer_leaves_and_does_not_come_back(graph: GraphCaller) -> None:
    device = computer(graph)
    act(graph, device, "retire")
    assert graph("GET", f"{DEVICES}/{device['id']}").json()["managementState"] == "retirePending"
    graph.live(5 * DAY)

    assert graph("GET", f"{DEVICES}?$filter=serialNumber eq '{device['serialNumber']}'").json()["value"] == []


def test_resets_may_show_in_management_state_only(graph: GraphCaller) -> None:
    graph.sandbox.post("/sandbox/settings", {"hides_resets": True})
    device = computer(graph, on=False)
    act(graph, device, "wipe", {})

    assert results(graph, device) == []
    assert graph("GET", f"{DEVICES}/{device['id']}").json()["managementState"] == "wipePending"
    assert len(queued(graph, "wipe")) == 1


def test_new_name_shows_after_the_next_check_in(graph: GraphCaller) -> None:
    device = computer(graph)
    assert act(graph, device, "setDeviceName", {"deviceName": "NY-ÅÄÖ"}, BETA_DEVICES) == 204
    graph.live(2 * DAY)

    assert graph("GET", f"{DEVICES}/{device['id']}").json()["deviceName"] == "NY-ÅÄÖ"


def test_sync_makes_the_computer_check_in(graph: GraphCaller) -> None:
    device = computer(graph)
    graph.live(60)
    asked = graph.sandbox.get("/sandbox/clock")["now"]
    act(graph, device, "syncDevice")
    graph.live(600)

    assert graph("GET", f"{DEVICES}/{device['id']}").json()["lastSyncDateTime"][:19] >= asked[:19]


@pytest.mark.parametrize(
    ("action", "body"),
    [("rotateBitLockerKeys", None), ("rotateLocalAdminPassword", None), ("shutDown", None), ("remoteLock", None)],
)
def test_beta_knows_the_other_actions(graph: GraphCaller, action: str, body: Any) -> None:
    device = computer(graph)

    assert act(graph, device, action, body, BETA_DEVICES) == 204
    graph.live(HOUR)
    supported = action.startswith("rotate")
    assert results(graph, device)[0] == (action, "done" if supported else "notSupported")


@pytest.mark.parametrize("action", ["setDeviceName", "rotateBitLockerKeys", "rotateLocalAdminPassword"])
def test_beta_actions_do_not_exist_in_v1(graph: GraphCaller, action: str) -> None:
    device = computer(graph)

    assert graph("POST", f"{DEVICES}/{device['id']}/{action}", {}).status_code == 400


def test_bulk_action_sorts_computers_by_what_became_of_each(graph: GraphCaller) -> None:
    windows, mac = computer(graph), computer(graph, "macOS")
    body = {"actionName": "quickScan", "deviceIds": [windows["id"], mac["id"], "11111111-1111-5111-a111-111111111111"]}
    answer = graph("POST", f"{BETA_DEVICES}/executeAction", body).json()

    assert answer["successfulDeviceIds"] == [windows["id"]]
    assert answer["notSupportedDeviceIds"] == [mac["id"]]
    assert len(answer["notFoundDeviceIds"]) == 1
    too_many = {"actionName": "syncDevice", "deviceIds": [windows["id"]] * 101}
    assert graph("POST", f"{BETA_DEVICES}/executeAction", too_many).status_code == 400


def test_deleted_record_is_pending_first_and_then_not_found(graph: GraphCaller) -> None:
    device = computer(graph)
    assert graph("DELETE", f"{DEVICES}/{device['id']}").status_code == 204
    assert graph("GET", f"{DEVICES}/{device['id']}").json()["managementState"] == "deletePending"
    graph.live(1200)

    assert graph("GET", f"{DEVICES}/{device['id']}").status_code == 404
    assert graph("DELETE", f"{DEVICES}/{device['id']}").status_code == 404
    assert act(graph, device, "wipe", {}) == 404


def test_computer_may_vanish_between_list_and_look(graph: GraphCaller) -> None:
    device = computer(graph)
    graph.sandbox.post("/sandbox/devices", {"id": device["id"], "act": "leave"})

    assert graph("GET", f"{DEVICES}/{device['id']}").status_code == 404
    assert device["id"] not in {each["id"] for each in graph.pages(DEVICES)}
