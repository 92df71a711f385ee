"""Answers of Graph for tests of matching: rows as Intune sends them, merged into the database without the network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from fleet.models import Device
from intune_sync.pull import autopilot, devices
from intune_sync.pull.device_lines import autopilot_lines, device_lines
from intune_sync.pull.lines import Lines
from intune_sync.pull.outcome import Pull
from intune_sync.pull.staging import staging

Raw = dict[str, Any]
LATEST = "2027-01-11T07:00:00Z"
EARLIER = "2026-03-01T07:00:00Z"


def guid(number: int) -> str:
    return str(UUID(int=0xFEED << 100 | number))


def managed(number: int, serial: str, **fields: Any) -> Raw:
    """A managed Windows device."""
    return {
        "id": guid(number),
        "deviceName": f"PC-{number}",
        "serialNumber": serial,
        "manufacturer": "Lenovo",
        "model": "20VKS0M400",
        "operatingSystem": "Windows",
        "osVersion": "10.0.26100.2314",
        "complianceState": "compliant",
        "totalStorageSpaceInBytes": 256_000_000_000,
        "freeStorageSpaceInBytes": 100_000_000_000,
        "enrolledDateTime": "2026-01-02T03:04:05.1234567Z",
        "lastSyncDateTime": LATEST,
        "azureADDeviceId": guid(number + 50_000),
        "deviceCategoryDisplayName": "Unknown",
        "managedDeviceOwnerType": "company",
        **fields,
    }


def identity(number: int, serial: str, tag: str = "", **fields: Any) -> Raw:
    """An Autopilot identity of a computer that is enrolled."""
    return {
        "id": guid(number),
        "serialNumber": serial,
        "groupTag": tag,
        "manufacturer": "Lenovo",
        "model": "20VKS0M400",
        "enrollmentState": "enrolled",
        "lastContactedDateTime": LATEST,
        "azureActiveDirectoryDeviceId": guid(number + 60_000),
        "managedDeviceId": "00000000-0000-0000-0000-000000000000",
        **fields,
    }


def merge_devices(pull: Pull, *raws: Raw) -> dict[str, int]:
    return _merge(pull, devices, "pulled_devices", device_lines(), raws)


def merge_autopilot(pull: Pull, *raws: Raw) -> dict[str, int]:
    return _merge(pull, autopilot, "pulled_autopilot", autopilot_lines(), raws)


def _merge(pull: Pull, module: Any, table_name: str, lines: Lines[Raw], raws: tuple[Raw, ...]) -> dict[str, int]:
    with staging(table_name, module.COLUMNS) as table:
        table.add_lines(lines(raws))
        with transaction.atomic():
            counts: dict[str, int] = module.merge(pull)
    return counts


def row_versions() -> dict[int, tuple[str, str]]:
    """Where PostgreSQL keeps each computer's row, and which statement wrote it: both change whenever it is written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, ctid::text, cmin::text FROM fleet_device")
        return {key: (place, command) for key, place, command in cursor.fetchall()}


def the_device(serial: str) -> Device:
    return Device.objects.get(serial_number=serial)


MakePull = Callable[..., Pull]
