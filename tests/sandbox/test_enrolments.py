"""Enrolment attempts: remembered for weeks, with durations and the step that failed, fifty events to a page."""

import base64
import re
from typing import Any

import pytest

from tests.sandbox.conftest import GraphCaller
from tests.sandbox.test_reports import finished, rows

EVENTS = "/beta/deviceManagement/autopilotEvents"
IDENTITIES = "/v1.0/deviceManagement/windowsAutopilotDeviceIdentities"
IMPORT = "/v1.0/deviceManagement/importedWindowsAutopilotDeviceIdentities/import"
HOUR, DAY = 3600, 86_400
QUICK = {"enrolment_after_seconds": 60, "import_seconds": 10, "import_visible_seconds": 10, "other_tenant_rate": 0}


@pytest.fixture
def graph(own_sandbox: Any) -> GraphCaller:
    return GraphCaller(own_sandbox(devices=200))


def start_new_computers(graph: GraphCaller, count: int = 12, **settings: float) -> set[str]:
    """Import computers whose enrolment begins soon after; their serials."""
    graph.sandbox.post("/sandbox/settings", QUICK | settings)
    hashes = [base64.b64encode(f"hash {number}".encode()).decode() for number in range(count)]
    rows = [{"serialNumber": f"NEW{number}", "hardwareIdentifier": each} for number, each in enumerate(hashes)]
    assert graph("POST", IMPORT, {"importedWindowsAutopilotDeviceIdentities": rows}).status_code == 200
    graph.live(200)
    return {each["serialNumber"] for each in rows}


def events(graph: GraphCaller, serials: set[str]) -> list[Any]:
    return [each for each in graph.pages(EVENTS) if each["deviceSerialNumber"] in serials]


def test_attempt_is_in_progress_and_then_a_success_with_durations(graph: GraphCaller) -> None:
    serials = start_new_computers(graph, enrolment_failure_rate=0, enrolment_seconds=4000)
    begun = events(graph, serials)
    graph.live(8000)
    ended = events(graph, serials)

    assert {each["deploymentState"] for each in begun} == {"inProgress"}
    assert len(begun) == len(ended) == 12
    assert {each["deploymentState"] for each in ended} == {"success"}
    assert all(re.fullmatch(r"PT(\d+H)?(\d+M)?(\d+S)?", each["deploymentDuration"]) for each in ended)
    assert all(each["deploymentEndDateTime"] > each["deploymentStartDateTime"] for each in ended)


def test_failed_attempt_names_the_step_and_is_tried_again(graph: GraphCaller) -> None:
    serials = start_new_computers(graph, enrolment_failure_rate=1)
    graph.live(1400)

    failed = events(graph, serials)
    assert {each["deploymentState"] for each in failed} == {"failure"}
    assert all(each["enrollmentFailureDetails"].startswith("0x") for each in failed)
    assert {"failure", "notAttempted"} <= {each["deviceSetupStatus"] for each in failed}
    states = {each["serialNumber"]: each["enrollmentState"] for each in graph.pages(IDENTITIES)}
    assert {states[serial] for serial in serials} == {"failed"}

    graph.sandbox.post("/sandbox/settings", {"enrolment_failure_rate": 0})
    graph.live(8 * HOUR)
    later = events(graph, serials)
    assert len(later) == 2 * len(serials)
    assert {each["deploymentState"] for each in later} == {"failure", "successOnRetry"}
    states = {each["serialNumber"]: each["enrollmentState"] for each in graph.pages(IDENTITIES)}
    assert {states[serial] for serial in serials} == {"enrolled"}


def test_events_come_fifty_to_a_page(graph: GraphCaller) -> None:
    start_new_computers(graph, enrolment_failure_rate=1)
    graph.live(10 * DAY)

    page = graph("GET", f"{EVENTS}?$top=200").json()
    assert len(page["value"]) == 50
    everything = graph.pages(EVENTS)
    assert len(everything) == len({each["id"] for each in everything}) > 100


def test_attempts_are_forgotten_after_weeks(graph: GraphCaller) -> None:
    serials = start_new_computers(graph, enrolment_failure_rate=0)
    graph.live(DAY)
    assert len(events(graph, serials)) == 12

    graph.live(30 * DAY)
    assert events(graph, serials) == []


def test_report_has_the_same_attempts(graph: GraphCaller) -> None:
    serials = start_new_computers(graph, enrolment_failure_rate=1)
    graph.live(1400)

    found = rows(graph, finished(graph, reportName="AutopilotV1DeploymentStatus"))
    mine = {row["DeviceSerialNumber"]: row for row in found if row["DeviceSerialNumber"] in serials}
    for event in events(graph, serials):
        row = mine[event["deviceSerialNumber"]]
        assert row["DeploymentState"] == event["deploymentState"] == "failure"
        details = (row["FailureDetails"], row["EspDeviceSetupFailureDetails"], row["EspUserSetupFailureDetails"])
        assert event["enrollmentFailureDetails"] in details
        assert row["DeviceSetupStatus"] == event["deviceSetupStatus"]


def test_history_before_the_start_has_failures_too(graph: GraphCaller) -> None:
    graph.sandbox.post("/sandbox/settings", {"enrolment_history_days": 5000})

    listed = graph.pages(EVENTS)
    failed = {each["deviceSerialNumber"] for each in listed if each["deploymentState"] == "failure"}
    retried = {each["deviceSerialNumber"] for each in listed if each["deploymentState"] == "successOnRetry"}
    assert failed == retried
    assert 5 < len(failed) < len(listed) / 5


def test_history_survives_a_reset(graph: GraphCaller) -> None:
    graph.sandbox.post("/sandbox/settings", {"enrolment_history_days": 5000, "enrolment_failure_rate": 0})
    event = next(each for each in graph.pages(EVENTS) if each["deploymentState"] == "success")
    graph.sandbox.post("/sandbox/devices", {"serial": event["deviceSerialNumber"], "act": "reset"})
    graph.sandbox.post("/sandbox/devices", {"serial": event["deviceSerialNumber"], "act": "start"})
    graph.live(HOUR)

    both = [each for each in graph.pages(EVENTS) if each["deviceSerialNumber"] == event["deviceSerialNumber"]]
    assert [each["deploymentState"] for each in both] == ["success", "success"]
    assert both[0]["id"] == event["id"]
    assert both[1]["deviceId"] != event["deviceId"]
