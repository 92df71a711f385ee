"""Autopilot imports: records that say later what became of each computer, and the sync that makes identities known.

https://learn.microsoft.com/graph/api/resources/intune-enrollment-importedwindowsautopilotdeviceidentity
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .chance import guid, hexadecimal, name_number, unit
from .device_switches import (
    AUTOPILOT_SYNC_FAILS,
    AUTOPILOT_SYNC_SECONDS,
    DUPLICATE_ERROR_CODE,
    IMPORT_ERROR_RATE,
    IMPORT_PENDING_SECONDS,
    IMPORT_SECONDS,
    IMPORT_VISIBLE_SECONDS,
    OTHER_TENANT_RATE,
    OTHER_TENANT_SERIALS,
)
from .devices import Device
from .enrolment import plan_first_start
from .tenant import HardwareModel

if TYPE_CHECKING:
    from .world import World

Json = dict[str, Any]


@dataclass(slots=True)
class ImportRecord:
    """`is_repeated`: the same serial or hash stood earlier in the same batch."""

    id: str
    import_id: str
    serial: str
    product_key: str
    hash_text: str
    group_tag: str
    user: str
    is_repeated: bool = False
    status: str = "unknown"
    registration_id: str = ""
    error_code: int = 0
    error_name: str = ""

    def shown(self) -> Json:
        return {
            "id": self.id,
            "serialNumber": self.serial,
            "productKey": self.product_key,
            "hardwareIdentifier": None,
            "groupTag": self.group_tag,
            "assignedUserPrincipalName": self.user,
            "importId": self.import_id,
            "state": {
                "deviceImportStatus": self.status,
                "deviceRegistrationId": self.registration_id,
                "deviceErrorCode": self.error_code,
                "deviceErrorName": self.error_name,
            },
        }


@dataclass(slots=True)
class Imports:
    """Records stay until somebody deletes them."""

    records: dict[str, ImportRecord] = field(default_factory=dict)
    written: int = 0
    sync_status: str = "completed"
    synced_at: float = 0.0
    asked_at: float = 0.0


def import_rows(world: World, rows: list[Json]) -> list[ImportRecord]:
    """Take the rows in; what becomes of each is told by its record later."""
    imports, now = world.imports, world.clock.now()
    import_id = guid(world.seed, "import", imports.written)
    seen: set[str] = set()
    records = []
    for row in rows:
        imports.written += 1
        serial, hash_text = row.get("serialNumber") or "", row.get("hardwareIdentifier") or ""
        marks = {
            mark for mark in (f"s{serial.upper()}" if serial else "", f"h{hash_text}" if hash_text else "") if mark
        }
        record = ImportRecord(
            guid(world.seed, "import record", imports.written),
            import_id,
            serial,
            row.get("productKey") or "",
            hash_text,
            row.get("groupTag") or "",
            row.get("assignedUserPrincipalName") or "",
            is_repeated=bool(marks & seen),
        )
        seen |= marks
        imports.records[record.id] = record
        records.append(record)
        pending = now + world.life.lag(IMPORT_PENDING_SECONDS, 96, imports.written)
        world.life.push(pending, "import_pending", record.id)
        world.life.push(pending + world.life.lag(IMPORT_SECONDS, 97, imports.written), "import_ends", record.id)
    return records


def on_pending(world: World, subject: int | str, at: float) -> None:
    if record := world.imports.records.get(str(subject)):
        record.status = "pending"


def on_end(world: World, subject: int | str, at: float) -> None:
    """A record that was deleted before takes its row with it."""
    record = world.imports.records.get(str(subject))
    if record is None:
        return
    if fault := _fault(world, record):
        record.status, (record.error_code, record.error_name) = "error", fault
        return
    device = _register(world, record, at)
    record.status, record.registration_id = "complete", str(device.autopilot_id)
    world.life.push(at + world.life.lag(IMPORT_VISIBLE_SECONDS, 98, device.ordinal), "identity_visible", device.ordinal)


def on_visible(world: World, subject: int | str, at: float) -> None:
    device = world.fleet.devices[int(subject)]
    if device.autopilot_id and device.autopilot_id not in world.fleet.by_autopilot_id:
        world.fleet.list_identity(device)
        world.life.retag(device, at)
        device.profile_status = "notAssigned"
        plan_first_start(world, device, at)


def on_sync_end(world: World, subject: int | str, at: float) -> None:
    failed = world.settings[AUTOPILOT_SYNC_FAILS]
    world.imports.sync_status = "failed" if failed else "completed"
    if not failed:
        world.imports.synced_at = at


def begin_sync(world: World, now: float) -> None:
    world.imports.sync_status, world.imports.asked_at = "inProgress", now
    world.life.push(now + world.life.lag(AUTOPILOT_SYNC_SECONDS, 99, int(now)), "sync_ends", 0)


def _fault(world: World, record: ImportRecord) -> tuple[int, str] | None:
    """What the service finds wrong with the row, in the order in which it looks."""
    if not record.serial and not record.product_key:
        return 803, "MissingZtdSerialNumberAndProductKey"
    if not _is_hash(record.hash_text) or _chance(world, 101, record) < world.settings[IMPORT_ERROR_RATE]:
        return 802, "InvalidZtdHardwareHash"
    if record.is_repeated:
        return int(world.settings[DUPLICATE_ERROR_CODE]), "ZtdDeviceDuplicated"
    known = world.fleet.windows_computer(record.serial)
    if known is not None and known.autopilot_id:
        return 806, "ZtdDeviceAlreadyAssigned"
    listed = {serial.strip().upper() for serial in world.settings[OTHER_TENANT_SERIALS].split(",")} - {""}
    by_seed = known is None and _chance(world, 100, record) < world.settings[OTHER_TENANT_RATE]
    if by_seed or record.serial.upper() in listed:
        return 808, "ZtdDeviceAssignedToOtherTenant"
    return None


def _is_hash(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) > 0
    except (binascii.Error, ValueError):
        return False


def _chance(world: World, kind: int, record: ImportRecord) -> float:
    return unit(world.seed, kind, name_number(record.serial.upper()))


def _register(world: World, record: ImportRecord, at: float) -> Device:
    device = world.fleet.windows_computer(record.serial)
    if device is None:
        device = _new_computer(world, record)
        world.life.grow()
        world.fleet.add(device)
    elif not device.is_in_entra:
        world.fleet.add_to_entra(device)
    device.autopilot_id = guid(world.seed, "autopilot", device.ordinal, record.id)
    device.registered_at, device.group_tag, device.entra_tag = float(int(at)), record.group_tag, ""
    device.assigned_user, device.profile_status, device.profile_at = record.user, "notAssigned", 0.0
    world.views.forget(device.ordinal)
    return device


def _new_computer(world: World, record: ImportRecord) -> Device:
    seed, ordinal = world.seed, len(world.fleet.devices)
    model = _model(world, record)
    short = hexadecimal(6, seed, "name", ordinal).upper()
    return Device(
        ordinal=ordinal,
        serial=record.serial,
        model=model,
        group_tag=record.group_tag,
        entra_tag="",
        entra_object_id=guid(seed, "entra", ordinal, record.id),
        entra_device_id=guid(seed, "device", ordinal, record.id),
        autopilot_id=None,
        intune_id=None,
        name=f"{record.group_tag.replace('-', '')}-{short}",
        user_principal_name="",
        user_id="",
        registered_at=0.0,
        enrolled_at=0.0,
        last_sync_at=0.0,
        os_version="10.0.26100.2314",
        compliance="compliant",
        free_storage_bytes=model.storage_gb * 700_000_000,
        enrollment_state="notContacted",
        profile_status="notAssigned",
        enrolments=0,
    )


def _model(world: World, record: ImportRecord) -> HardwareModel:
    models = [model for model in world.tenant.hardware_models if not model.is_mac]
    return models[int(_chance(world, 102, record) * len(models))]
