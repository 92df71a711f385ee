"""The report AutopilotV1DeploymentStatus: one row for each enrolment attempt that is remembered.

https://learn.microsoft.com/intune/intune-service/fundamentals/reports-export-graph-available-reports
"""

from collections.abc import Iterator, Mapping
from typing import Any

from .attempts import ACCOUNT_SETUP, DEVICE_SETUP, STATUS_PAGE, Attempt, enrollment_state, iso_duration
from .clock import NEVER, graph_date
from .device_switches import ENROLMENT_HISTORY_DAYS
from .world import World

ATTEMPT_COLUMNS = (
    "DeviceId",
    "DeviceName",
    "DeviceSerialNumber",
    "DeviceRegisteredDateTime",
    "AutopilotProfileName",
    "DeploymentState",
    "DeploymentStartDateTime",
    "DeploymentEndDateTime",
    "DeploymentDuration",
    "DeploymentTotalDuration",
    "DeviceSetupStatus",
    "DeviceSetupDuration",
    "UserSetupStatus",
    "AccountSetupDuration",
    "EnrollmentStatus",
    "EnrollmentMethod",
    "EnrollmentDateTime",
    "ESPPolicyId",
    "ESPPolicyName",
    "FailureReason",
    "FailureDetails",
    "EspDeviceSetupFailureDetails",
    "EspUserSetupFailureDetails",
    "OS",
    "OSVersion",
    "UPN",
    "UserId",
)


def attempt_rows(world: World) -> Iterator[Mapping[str, Any]]:
    now = world.clock.now()
    return (_row(attempt, now) for attempt in _remembered(world, now))


def _remembered(world: World, now: float) -> list[Attempt]:
    return world.attempts.remembered(world.fleet.autopilot, now, world.settings[ENROLMENT_HISTORY_DAYS])


def _row(attempt: Attempt, now: float) -> dict[str, Any]:
    device, ended = attempt.device, now >= attempt.ended_at
    step, text = (attempt.failed_step, attempt.failure_text) if ended else ("", "")
    return {
        "DeviceId": attempt.intune_id,
        "DeviceName": device.name,
        "DeviceSerialNumber": device.serial,
        "DeviceRegisteredDateTime": graph_date(device.registered_at),
        "AutopilotProfileName": attempt.profile,
        "DeploymentState": attempt.state(now),
        "DeploymentStartDateTime": graph_date(attempt.started_at),
        "DeploymentEndDateTime": graph_date(attempt.ended_at) if ended else NEVER,
        "DeploymentDuration": iso_duration(attempt.seconds(now)),
        "DeploymentTotalDuration": iso_duration(attempt.seconds(now)),
        "DeviceSetupStatus": attempt.step_state(DEVICE_SETUP, now),
        "DeviceSetupDuration": iso_duration(attempt.step_seconds(DEVICE_SETUP, now)),
        "UserSetupStatus": attempt.step_state(ACCOUNT_SETUP, now),
        "AccountSetupDuration": iso_duration(attempt.step_seconds(ACCOUNT_SETUP, now)),
        "EnrollmentStatus": enrollment_state(attempt, now),
        "EnrollmentMethod": "azureADJoinedUsingDeviceAuthWithAutopilotProfile",
        "EnrollmentDateTime": graph_date(attempt.ended_at) if ended and attempt.failure is None else NEVER,
        "ESPPolicyId": "",
        "ESPPolicyName": STATUS_PAGE,
        "FailureReason": text.partition(":")[0],
        "FailureDetails": "" if step in (DEVICE_SETUP, ACCOUNT_SETUP) else text,
        "EspDeviceSetupFailureDetails": text if step == DEVICE_SETUP else "",
        "EspUserSetupFailureDetails": text if step == ACCOUNT_SETUP else "",
        "OS": "Windows",
        "OSVersion": device.os_version,
        "UPN": device.user_principal_name,
        "UserId": device.user_id,
    }
