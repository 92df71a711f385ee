"""Export jobs and the two reports on installations.

https://learn.microsoft.com/intune/intune-service/fundamentals/reports-export-graph-apis
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from deployments.models import InstallStatus
from intune_sync.graph import BatchRequest
from intune_sync.payloads.values import parse_date, parse_id, text

log = logging.getLogger(__name__)

EXPORT_JOBS_PATH = "deviceManagement/reports/exportJobs"
SUMMARY_COLUMNS = {
    "InstalledDeviceCount": "installed",
    "FailedDeviceCount": "failed",
    "PendingInstallDeviceCount": "pending",
    "NotApplicableDeviceCount": "not_applicable",
    "NotInstalledDeviceCount": "not_installed",
}
_DETAIL_COLUMNS = [
    "DeviceId",
    "AppInstallState",
    "HexErrorCode",
    "InstallStateDetail",
    "LastModifiedDateTime",
]
_State = InstallStatus.State
_STATES = {
    **{state.value.lower(): state.value for state in _State},
    # Numbers of resultantAppState, and the words of the localized twin.
    "-1": _State.NOT_APPLICABLE,
    "1": _State.INSTALLED,
    "2": _State.FAILED,
    "3": _State.NOT_INSTALLED,
    "4": _State.UNINSTALL_FAILED,
    "5": _State.PENDING,
    "99": _State.UNKNOWN,
}


@dataclass(frozen=True)
class InstallRow:
    intune_id: UUID
    state: str
    error_code: str
    detail: str
    reported_at: datetime | None


def summary_job() -> dict[str, Any]:
    """One row per app with its computers by state: cheap, and enough to see which apps have changed."""
    return report_job("AppInstallStatusAggregate", ["ApplicationId", *SUMMARY_COLUMNS])


def details_job(app_id: UUID | str) -> dict[str, Any]:
    """One row per computer of one app; without this filter the report is refused."""
    return {**report_job("DeviceInstallStatusByApp", _DETAIL_COLUMNS), "filter": f"(ApplicationId eq '{app_id}')"}


def report_job(report: str, columns: list[str]) -> dict[str, Any]:
    return {
        "reportName": report,
        "select": columns,
        "format": "csv",
        "localizationType": "localizedValuesAsAdditionalColumn",
    }


def job_request(job_id: str) -> BatchRequest:
    return BatchRequest(job_id, "GET", f"/{EXPORT_JOBS_PATH}/{job_id}")


def summary_counts(row: Mapping[str, str]) -> tuple[UUID, dict[str, int]] | None:
    """The app, and its computers by state; None for a row without an app."""
    app_id = parse_id(row.get("ApplicationId"))
    counts = {name: int(float(row.get(column) or 0)) for column, name in SUMMARY_COLUMNS.items()}
    return (app_id, counts) if app_id else None


def install_row(row: Mapping[str, str]) -> InstallRow | None:
    """None for a row without a computer."""
    intune_id = parse_id(row.get("DeviceId"))
    if intune_id is None:
        return None
    error = text(row.get("HexErrorCode"), 20)
    return InstallRow(
        intune_id=intune_id,
        state=_state(row),
        error_code="" if error.strip("0x") == "" else error,
        detail=text(row.get("InstallStateDetail_loc", row.get("InstallStateDetail")), 200),
        reported_at=parse_date(row.get("LastModifiedDateTime")),
    )


def _state(row: Mapping[str, str]) -> str:
    """The report writes a number or a name, and a text beside it; whichever of them we know."""
    value, words = row.get("AppInstallState") or "", row.get("AppInstallState_loc") or ""
    found = _STATES.get(value.lower()) or _STATES.get(words.replace(" ", "").lower())
    if found is None:
        log.warning("Graph sent an install state that we do not know: %.20r %.40r", value, words)
    return found or _State.UNKNOWN
