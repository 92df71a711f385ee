"""Reports on computers: attempts to enrol them, and settings of compliance policies that they do not meet.

No column that names a person is asked for. `AutopilotV1DeploymentStatus` has what beta's autopilotEvents gives fifty at
a time; `NoncompliantDevicesAndSettings` is the only report that names the policies of all computers at once.
https://learn.microsoft.com/intune/intune-service/fundamentals/reports-export-graph-available-reports
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fleet.models import EnrolmentAttempt
from intune_sync.payloads.devices import own_serial
from intune_sync.payloads.reports import report_job
from intune_sync.payloads.values import known, parse_date, parse_duration, parse_id, text

Outcome, Step = EnrolmentAttempt.Outcome, EnrolmentAttempt.Step
_OUTCOMES = {
    **{outcome.value.lower(): outcome.value for outcome in Outcome},
    **{str(number): outcome.value for number, outcome in enumerate(Outcome)},
}
"""Reports write the name of a deploymentState or, as Microsoft numbers them, its number."""
_PERSON = re.compile(r"[^\s@<>()\"',;:]+@[^\s@<>()\"',;:]+")

_ATTEMPT_COLUMNS = [
    "DeviceId",
    "DeviceSerialNumber",
    "AutopilotProfileName",
    "DeploymentState",
    "DeploymentStartDateTime",
    "DeploymentEndDateTime",
    "DeploymentTotalDuration",
    "DeviceSetupStatus",
    "DeviceSetupDuration",
    "UserSetupStatus",
    "AccountSetupDuration",
    "EnrollmentDateTime",
    "FailureReason",
    "FailureDetails",
    "EspDeviceSetupFailureDetails",
    "EspUserSetupFailureDetails",
    "OSVersion",
]
_SETTING_COLUMNS = ["DeviceId", "PolicyName", "SettingName", "SettingNm", "SettingStatus", "ErrorCode"]


@dataclass(frozen=True)
class AttemptRow:
    """In the order of the columns of the staging table."""

    intune_id: UUID | None
    serial_key: str | None
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    deployment_time: timedelta | None
    device_setup_time: timedelta | None
    account_setup_time: timedelta | None
    failed_step: str
    reason: str
    profile_name: str
    os_version: str


@dataclass(frozen=True)
class BreachRow:
    """In the order of the columns of the staging table."""

    intune_id: UUID
    policy_name: str
    setting: str
    state: str
    error_code: str


def attempts_job() -> dict[str, Any]:
    return report_job("AutopilotV1DeploymentStatus", _ATTEMPT_COLUMNS)


def breaches_job() -> dict[str, Any]:
    return report_job("NoncompliantDevicesAndSettings", _SETTING_COLUMNS)


def attempt_row(row: Mapping[str, str]) -> AttemptRow | None:
    """None for a row that does not say when, or of which computer."""
    started = parse_date(row.get("DeploymentStartDateTime")) or parse_date(row.get("EnrollmentDateTime"))
    intune_id = parse_id(row.get("DeviceId"))
    serial = own_serial(text(row.get("DeviceSerialNumber"), 100).strip())
    if started is None or not (intune_id or serial):
        return None
    outcome = _outcome(row, "DeploymentState")
    step = _failed_step(row, outcome)
    return AttemptRow(
        intune_id=intune_id,
        serial_key=serial.upper() if serial else None,
        started_at=started,
        ended_at=parse_date(row.get("DeploymentEndDateTime")),
        outcome=outcome,
        deployment_time=parse_duration(row.get("DeploymentTotalDuration")),
        device_setup_time=parse_duration(row.get("DeviceSetupDuration")),
        account_setup_time=parse_duration(row.get("AccountSetupDuration")),
        failed_step=step,
        reason=_reason(row, step),
        profile_name=text(row.get("AutopilotProfileName"), 300),
        os_version=text(row.get("OSVersion"), 50),
    )


def breach_row(row: Mapping[str, str]) -> BreachRow | None:
    """None for a row without a computer."""
    intune_id = parse_id(row.get("DeviceId"))
    if intune_id is None:
        return None
    error = text(row.get("ErrorCode"), 20)
    return BreachRow(
        intune_id=intune_id,
        policy_name=text(row.get("PolicyName"), 300),
        setting=text(row.get("SettingNm_loc") or row.get("SettingNm") or row.get("SettingName"), 300),
        state=text(row.get("SettingStatus_loc") or row.get("SettingStatus"), 60),
        error_code="" if error in ("", "0") else error,
    )


def _outcome(row: Mapping[str, str], column: str) -> str:
    said = text(row.get(column), 60)
    return known(_OUTCOMES.get(said.lower(), said), Outcome, Outcome.UNKNOWN, column)


def _failed_step(row: Mapping[str, str], outcome: str) -> str:
    if outcome != Outcome.FAILURE:
        return ""
    if _outcome(row, "DeviceSetupStatus") == Outcome.FAILURE:
        return Step.DEVICE_SETUP
    return Step.ACCOUNT_SETUP if _outcome(row, "UserSetupStatus") == Outcome.FAILURE else Step.ENROLMENT


def _reason(row: Mapping[str, str], step: str) -> str:
    """What Intune says of the step that failed, without the addresses of people that it may hold."""
    details = {
        Step.DEVICE_SETUP: row.get("EspDeviceSetupFailureDetails"),
        Step.ACCOUNT_SETUP: row.get("EspUserSetupFailureDetails"),
    }
    said = [row.get("FailureReason"), details.get(Step(step)) if step else None, row.get("FailureDetails")]
    return _PERSON.sub("…", text(" · ".join(part for part in said if part), 2_000))
