"""The reports there are, and their rows.

https://learn.microsoft.com/intune/intune-service/fundamentals/reports-export-graph-available-reports
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .apps import App
from .assignments import FILTER_FIELDS
from .attempt_rows import ATTEMPT_COLUMNS, attempt_rows
from .clock import graph_date
from .installs import STATE_NAMES, Said, State
from .outcomes import error_detail
from .switches import switch
from .world import World

Row = Mapping[str, Any]

REPORT_LAG_SECONDS = switch(
    "report_lag_seconds", 0.0, "How long reports of apps do not know yet what has happened on a computer."
)

# Numbers of resultantAppState, as the report's AppInstallState has them.
STATE_TEXTS = {
    1: "Installed",
    2: "Failed",
    3: "Not installed",
    4: "Uninstall failed",
    5: "Pending install",
    -1: "Not applicable",
    99: "Unknown",
}
DETAIL_TEXTS = {0: "", 1000: "Waiting for install status", 1010: "Requirements not met", 2000: "Install failed"}
_APPLICATION = re.compile(r"ApplicationId\s+eq\s+'([^']*)'", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Report:
    """`localized` gives the texts of `_loc` twins by value; `rows` takes the world and the filter's text."""

    name: str
    columns: tuple[str, ...]
    filters: tuple[str, ...]
    rows: Callable[[World, str], Iterator[Row]]
    expected_rows: Callable[[World, str], int]
    required_filters: tuple[str, ...] = ()
    localized: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)


def _filtered_app(world: World, filter_text: str) -> App | None:
    found = _APPLICATION.search(filter_text)
    return world.catalogue.apps.get(found[1].lower()) if found else None


def _install_rows(world: World, filter_text: str) -> Iterator[Row]:
    app = _filtered_app(world, filter_text)
    if app is None:
        return
    filtered = any(item["target"].get(FILTER_FIELDS[1]) in ("include", "exclude") for item in app.assignments)
    for ordinal, (said, error, changed_at) in _said(world, app):
        device = world.fleet.devices[ordinal]
        state = _reported(said)
        detail = _detail(state)
        yield {
            "ApplicationId": app.id,
            "AppInstallState": state,
            "AppInstallStateDetails": detail,
            "AppVersion": app.spec.version,
            "AssignmentFilterIdsExist": filtered,
            "DeviceId": device.intune_id,
            "DeviceName": device.name,
            "ErrorCode": error,
            "HexErrorCode": f"0x{error & 0xFFFFFFFF:08X}",
            "InstallState": state,
            "InstallStateDetail": error_detail(app, error) or detail,
            "LastModifiedDateTime": graph_date(changed_at),
            "Platform": "macOS" if device.is_mac else "Windows",
            "UserId": device.user_id,
            "UserName": "",
            "UserPrincipalName": device.user_principal_name,
        }


def _said(world: World, app: App) -> Iterator[tuple[int, Said]]:
    """By ordinal what the reports know of the computers that the app concerns, each computer with its own lag."""
    installs, now = world.installs.by_app[app.id], world.clock.now()
    if not world.settings[REPORT_LAG_SECONDS]:
        yield from ((ordinal, installs.current(ordinal)) for ordinal in installs.rows())
        return
    for ordinal in range(len(world.fleet.devices)):
        said = installs.said(ordinal, now - world.life.lag(REPORT_LAG_SECONDS, 66, ordinal, app.number))
        if said[0]:
            yield ordinal, said


def _counts(world: World, app: App) -> dict[str, int]:
    """By name of state."""
    if not world.settings[REPORT_LAG_SECONDS]:
        return world.installs.by_app[app.id].counts()
    totals = dict.fromkeys(STATE_NAMES.values(), 0)
    for _ordinal, (state, _error, _changed_at) in _said(world, app):
        totals[STATE_NAMES[State(state)]] += 1
    return totals


def _install_count(world: World, filter_text: str) -> int:
    app = _filtered_app(world, filter_text)
    return sum(1 for _ in world.installs.by_app[app.id].rows()) if app else 0


def _reported(state: int) -> int:
    return -1 if state == State.NOT_APPLICABLE else state


def _detail(state: int) -> int:
    return {5: 1000, -1: 1010, 2: 2000}.get(state, 0)


def _aggregate_rows(world: World, filter_text: str) -> Iterator[Row]:
    for app in world.catalogue.listed():
        counts = _counts(world, app)
        total = sum(counts.values())
        if not total:
            continue
        platform = {"macos": "macOS", "windows": "Windows"}.get(app.spec.platform or "", "Windows")
        yield {
            "ApplicationId": app.id,
            "DisplayName": app.spec.display_name,
            "Publisher": app.spec.publisher,
            "Platform": platform,
            "AppPlatform": platform,
            "AppVersion": app.spec.version,
            "InstalledDeviceCount": counts["installed"],
            "FailedDeviceCount": counts["failed"],
            "PendingInstallDeviceCount": counts["pendingInstall"],
            "NotApplicableDeviceCount": counts["notApplicable"],
            "NotInstalledDeviceCount": counts["notInstalled"],
            **dict.fromkeys(_USER_COUNTS, 0),
            "FailedDevicePercentage": round(100 * counts["failed"] / total, 2),
        }


_USER_COUNTS = (
    "InstalledUserCount",
    "FailedUserCount",
    "PendingInstallUserCount",
    "NotApplicableUserCount",
    "NotInstalledUserCount",
)

_INSTALL_COLUMNS = (
    "DeviceName",
    "UserPrincipalName",
    "Platform",
    "AppVersion",
    "DeviceId",
    "ApplicationId",
    "AppInstallState",
    "AppInstallStateDetails",
    "AssignmentFilterIdsExist",
    "ErrorCode",
    "HexErrorCode",
    "InstallState",
    "InstallStateDetail",
    "LastModifiedDateTime",
    "UserId",
    "UserName",
)
_AGGREGATE_COLUMNS = (
    "ApplicationId",
    "DisplayName",
    "Publisher",
    "Platform",
    "AppPlatform",
    "AppVersion",
    "InstalledDeviceCount",
    "FailedDeviceCount",
    "PendingInstallDeviceCount",
    "NotApplicableDeviceCount",
    "NotInstalledDeviceCount",
    *_USER_COUNTS,
    "FailedDevicePercentage",
)
_REPORTS = (
    Report(
        "AutopilotV1DeploymentStatus",
        ATTEMPT_COLUMNS,
        (),
        lambda world, filter_text: attempt_rows(world),
        lambda world, filter_text: len(world.attempts.listed),
    ),
    Report(
        "DeviceInstallStatusByApp",
        _INSTALL_COLUMNS,
        ("ApplicationId", "AppInstallState", "HexErrorCode"),
        _install_rows,
        _install_count,
        required_filters=("ApplicationId",),
        localized={
            "AppInstallState": STATE_TEXTS,
            "AppInstallStateDetails": DETAIL_TEXTS,
            "InstallState": STATE_TEXTS,
            "InstallStateDetail": DETAIL_TEXTS,
        },
    ),
    Report(
        "AppInstallStatusAggregate",
        _AGGREGATE_COLUMNS,
        ("Platform", "FailedDevicePercentage"),
        _aggregate_rows,
        lambda world, filter_text: len(world.catalogue.apps),
    ),
)
REPORTS = {report.name: report for report in _REPORTS}
