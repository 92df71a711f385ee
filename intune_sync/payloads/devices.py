"""Autopilot identities, from beta, and managed devices, from v1.0.

No field that names a person is asked for. Autopilot's list is read whole: `$select` on it has been answered with 500.
https://learn.microsoft.com/graph/api/resources/intune-enrollment-windowsautopilotdeviceidentity
https://learn.microsoft.com/graph/api/resources/intune-devices-manageddevice
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fleet.models import Device, Platform
from intune_sync.graph.beta import BETA
from intune_sync.payloads.values import known, parse_date, parse_id, text

AUTOPILOT_PATH = "deviceManagement/windowsAutopilotDeviceIdentities"
AUTOPILOT_VERSION = BETA
"""v1.0 does not say whether a profile has reached the computer, nor that one is blocked."""
DEVICES_PATH = "deviceManagement/managedDevices"
DEVICES_PARAMS = {
    "$select": "id,deviceName,serialNumber,manufacturer,model,operatingSystem,osVersion,complianceState,"
    "totalStorageSpaceInBytes,freeStorageSpaceInBytes,enrolledDateTime,lastSyncDateTime,azureADDeviceId,"
    "deviceCategoryDisplayName,managedDeviceOwnerType"
}
"""Every name that we use, and none that tells of a person."""
PLACEHOLDER_SERIALS = frozenset(
    [
        "system serial number",
        "serial number",
        "chassis serial number",
        "default string",
        "to be filled by o.e.m.",
        "to be filled by oem",
        "o.e.m.",
        "oem",
        "not applicable",
        "not available",
        "not specified",
        "n/a",
        "na",
        "none",
        "null",
        "unknown",
        "undefined",
        "invalid",
        "123456789",
        "1234567890",
        "0123456789",
    ]
)
"""What boards report whose maker did not write a serial number; many computers share them. Compared in lower case."""
UNNAMED = "–"
PLATFORMS = {"windows": Platform.WINDOWS, "macos": Platform.MACOS}


def devices_params(since: datetime | None) -> dict[str, str]:
    """All managed devices, or those that have been in touch since then; Intune has no delta query."""
    if since is None:
        return DEVICES_PARAMS
    return {**DEVICES_PARAMS, "$filter": f"lastSyncDateTime ge {since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}


def own_serial(serial: str) -> str | None:
    """The serial number, or None for one that identifies no computer: empty, a placeholder, one sign repeated."""
    if serial.lower() in PLACEHOLDER_SERIALS or len(set(serial) - {" ", "-", "."}) < 2:
        return None
    return serial


@dataclass(frozen=True)
class AutopilotRow:
    graph_id: UUID
    serial: str
    own_serial: str | None
    group_tag: str
    manufacturer: str
    model: str
    enrollment_state: str
    profile_status: str
    entra_device_id: UUID | None
    managed_device_id: UUID | None
    contacted_at: datetime | None


@dataclass(frozen=True)
class ManagedDeviceRow:
    graph_id: UUID
    serial: str
    own_serial: str | None
    name: str
    category: str
    manufacturer: str
    model: str
    platform: str
    os_version: str
    compliance_state: str
    storage_total_bytes: int | None
    storage_free_bytes: int | None
    enrolled_at: datetime | None
    last_check_in_at: datetime | None
    entra_device_id: UUID | None


def autopilot_row(raw: dict[str, Any]) -> AutopilotRow:
    serial = text(raw.get("serialNumber"), 100).strip()
    return AutopilotRow(
        graph_id=UUID(raw["id"]),
        serial=serial,
        own_serial=own_serial(serial),
        group_tag=text(raw.get("groupTag"), 100),
        manufacturer=text(raw.get("manufacturer"), 100) or UNNAMED,
        model=text(raw.get("model"), 100) or UNNAMED,
        enrollment_state=known(raw.get("enrollmentState"), Device.Enrollment, "unknown", "enrollmentState"),
        profile_status=known(
            raw.get("deploymentProfileAssignmentStatus"), Device.ProfileStatus, "unknown", "profile status"
        ),
        entra_device_id=parse_id(raw.get("azureActiveDirectoryDeviceId")),
        managed_device_id=parse_id(raw.get("managedDeviceId")),
        contacted_at=parse_date(raw.get("lastContactedDateTime")),
    )


def managed_device_row(raw: dict[str, Any]) -> ManagedDeviceRow | None:
    """None for what is not one of our computers: telephones and tablets, and a person's own."""
    platform = PLATFORMS.get(text(raw.get("operatingSystem"), 40).lower())
    if platform is None or raw.get("managedDeviceOwnerType") == "personal":
        return None
    serial = text(raw.get("serialNumber"), 100).strip()
    total = raw.get("totalStorageSpaceInBytes") or None
    return ManagedDeviceRow(
        graph_id=UUID(raw["id"]),
        serial=serial,
        own_serial=own_serial(serial),
        name=text(raw.get("deviceName"), 100),
        category=_category(raw, platform),
        manufacturer=text(raw.get("manufacturer"), 100) or UNNAMED,
        model=text(raw.get("model"), 100) or UNNAMED,
        platform=platform,
        os_version=text(raw.get("osVersion"), 50),
        compliance_state=known(raw.get("complianceState"), Device.Compliance, "unknown", "complianceState"),
        storage_total_bytes=total,
        storage_free_bytes=raw.get("freeStorageSpaceInBytes") if total else None,
        enrolled_at=parse_date(raw.get("enrolledDateTime")),
        last_check_in_at=parse_date(raw.get("lastSyncDateTime")),
        entra_device_id=parse_id(raw.get("azureADDeviceId")),
    )


def _category(raw: dict[str, Any], platform: str) -> str:
    """A Mac has no Autopilot identity: its device category carries the tag of its school. "Unknown" means none."""
    category = text(raw.get("deviceCategoryDisplayName"), 100) if platform == Platform.MACOS else ""
    return "" if category == "Unknown" else category
