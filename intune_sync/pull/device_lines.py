"""Managed devices and Autopilot identities as lines of COPY, in the order of the columns that are staged."""

from __future__ import annotations

import re
from dataclasses import fields
from operator import attrgetter, itemgetter
from typing import Any

from intune_sync.payloads.devices import (
    PLACEHOLDER_SERIALS,
    AutopilotRow,
    ManagedDeviceRow,
    autopilot_row,
    managed_device_row,
)
from intune_sync.pull.lines import ANY, GUID, MOMENT, SERIAL, TEXT, Lines, microseconds

Raw = dict[str, Any]

_DEVICE = itemgetter(
    "id",
    "serialNumber",
    "deviceName",
    "totalStorageSpaceInBytes",
    "freeStorageSpaceInBytes",
    "enrolledDateTime",
    "lastSyncDateTime",
    "azureADDeviceId",
)
_DEVICE_KIND = itemgetter(
    "deviceCategoryDisplayName",
    "manufacturer",
    "model",
    "operatingSystem",
    "osVersion",
    "complianceState",
    "managedDeviceOwnerType",
)
_DEVICE_CELLS = attrgetter(*[field.name for field in fields(ManagedDeviceRow)])
_SIZES = r"[1-9]\d{0,17}\t\d{1,18}"
_PLAIN_DEVICE = re.compile(
    "\t".join([GUID, SERIAL, r"\w+", TEXT, *[ANY] * 6, _SIZES, MOMENT, MOMENT, GUID]) + "\n", re.ASCII
)


def device_lines() -> Lines[Raw]:
    return Lines(_careful_device, _DEVICE_KIND, slice(4, 10), _quick_device, _PLAIN_DEVICE, kind_decides=True)


def _careful_device(raw: Raw) -> tuple[Any, ...] | None:
    row = managed_device_row(raw)
    cells: tuple[Any, ...] | None = None if row is None else _DEVICE_CELLS(row)
    return cells


def _quick_device(raw: Raw, kind: str) -> str:
    graph_id, serial, name, total, free, enrolled, seen, entra_id = _DEVICE(raw)
    if serial.lower() in PLACEHOLDER_SERIALS:
        raise KeyError(serial)
    start = f"{graph_id}\t{serial}\t{serial}\t" + name  # no text: TypeError
    return f"{start}\t{kind}\t{total}\t{free}\t{microseconds(enrolled)}\t{microseconds(seen)}\t{entra_id}\n"


_IDENTITY = itemgetter(
    "id", "serialNumber", "groupTag", "azureActiveDirectoryDeviceId", "managedDeviceId", "lastContactedDateTime"
)
_IDENTITY_KIND = itemgetter("manufacturer", "model", "enrollmentState", "deploymentProfileAssignmentStatus")
_IDENTITY_CELLS = attrgetter(*[field.name for field in fields(AutopilotRow)])
_PLAIN_IDENTITY = re.compile("\t".join([GUID, SERIAL, r"\w+", TEXT, *[ANY] * 4, GUID, GUID, MOMENT]) + "\n", re.ASCII)


def autopilot_lines() -> Lines[Raw]:
    return Lines(_careful_identity, _IDENTITY_KIND, slice(4, 8), _quick_identity, _PLAIN_IDENTITY)


def _careful_identity(raw: Raw) -> tuple[Any, ...]:
    cells: tuple[Any, ...] = _IDENTITY_CELLS(autopilot_row(raw))
    return cells


def _quick_identity(raw: Raw, kind: str) -> str:
    graph_id, serial, tag, entra_id, managed_id, seen = _IDENTITY(raw)
    if serial.lower() in PLACEHOLDER_SERIALS:
        raise KeyError(serial)
    start = f"{graph_id}\t{serial}\t{serial}\t" + tag  # no text: TypeError
    return f"{start}\t{kind}\t{entra_id}\t{managed_id}\t{microseconds(seen)}\n"
