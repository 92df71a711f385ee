"""The software of one computer as its page shows it: what shall be there, whether it is, and by which decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deployments.models import ChangeTarget, InstallStatus, Intent
from deployments.software import EffectiveApp
from deployments.status import DeviceStatus
from fleet.models import Device

State = InstallStatus.State
STATUS_OF_STATE = {
    State.INSTALLED: DeviceStatus.INSTALLED,
    State.FAILED: DeviceStatus.FAILED,
    State.UNINSTALL_FAILED: DeviceStatus.FAILED,
    State.PENDING: DeviceStatus.WAITING_FOR_DEVICE,
    State.NOT_INSTALLED: DeviceStatus.WAITING_FOR_DEVICE,
    State.NOT_APPLICABLE: DeviceStatus.NOT_APPLICABLE,
    State.UNKNOWN: DeviceStatus.UNKNOWN,
}
LABELS: dict[DeviceStatus, str | Promise] = {status: status.label for status in DeviceStatus}
LABELS[DeviceStatus.INSTALLED] = _("Installed")


@dataclass(frozen=True)
class SoftwareRow:
    """`status` looks like its code in `schools.status`; `as_of` is when what it says was true."""

    app: EffectiveApp
    report: InstallStatus | None
    status: str
    label: str | Promise
    as_of: datetime | None


def software_rows(
    device: Device,
    apps: Iterable[EffectiveApp],
    reports: Mapping[int, InstallStatus],
    targets: Iterable[ChangeTarget],
) -> list[SoftwareRow]:
    """`reports` by app version id; `targets` of the computer with their changes loaded."""
    unwritten = {target.change.app_version_id for target in targets if _is_on_its_way(target)}
    return [_row(device, app, reports.get(app.version.pk) if app.version else None, unwritten) for app in apps]


def _is_on_its_way(target: ChangeTarget) -> bool:
    return target.change.written_at is None and target.change.change_set.status in ("applying", "failed")


def _row(device: Device, app: EffectiveApp, report: InstallStatus | None, unwritten: set[int]) -> SoftwareRow:
    status, label = _status(device, app, report, unwritten)
    return SoftwareRow(app, report, status, label, report.reported_at if report else device.last_check_in_at)


def _status(
    device: Device, app: EffectiveApp, report: InstallStatus | None, unwritten: set[int]
) -> tuple[str, str | Promise]:
    """Silence is never success: without a report it is somebody's turn, and the label says whose."""
    if app.version is None:
        return "not_applicable", _("There is none for %(platform)s") % {"platform": device.get_platform_display()}
    if app.version.pk in unwritten:
        return _said(DeviceStatus.WAITING_FOR_INTUNE)
    if app.intent is not None and not app.is_carried and (report is None or report.state != State.INSTALLED):
        return "not_applicable", _("Intune cannot carry it out")
    if app.intent == Intent.UNINSTALL:
        return _uninstall(report)
    found = STATUS_OF_STATE[State(report.state)] if report else _without_report(device, app)
    if app.intent == Intent.AVAILABLE and found not in (DeviceStatus.INSTALLED, DeviceStatus.FAILED):
        return "available", _("Can be installed")
    return _said(found)


def _without_report(device: Device, app: EffectiveApp) -> DeviceStatus:
    decided_at, heard_at = app.origin.activated_at, device.last_check_in_at
    has_checked_in = heard_at is not None and decided_at is not None and heard_at >= decided_at
    return DeviceStatus.WAITING_FOR_INTUNE if has_checked_in else DeviceStatus.WAITING_FOR_DEVICE


def _uninstall(report: InstallStatus | None) -> tuple[str, str | Promise]:
    if report is None or report.state == State.NOT_INSTALLED:
        return "installed", _("Not on the computer")
    if report.state in (State.FAILED, State.UNINSTALL_FAILED):
        return _said(DeviceStatus.FAILED)
    return _said(DeviceStatus.WAITING_FOR_DEVICE)


def _said(status: DeviceStatus) -> tuple[str, str | Promise]:
    return status.value, LABELS[status]
