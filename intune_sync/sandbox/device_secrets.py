"""What Entra keeps to get into a computer: the local administrator's password (Windows LAPS) and BitLocker's keys.

https://learn.microsoft.com/graph/api/devicelocalcredentialinfo-get
https://learn.microsoft.com/graph/api/bitlockerrecoverykey-get
"""

from __future__ import annotations

import base64
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .chance import guid, hexadecimal, mix, name_number, unit
from .clock import DAY, graph_date
from .devices import Device

if TYPE_CHECKING:
    from .world import World

Json = dict[str, Any]

PASSWORD_LASTS = 30 * DAY
ACCOUNT, ACCOUNT_NUMBER = "Administrator", 500
READS_PASSWORD, READS_KEY = "Recover device local administrator password", "Read BitLocker key"


@dataclass(frozen=True, slots=True)
class LocalPassword:
    device: Device
    backed_up_at: float
    text: str


@dataclass(frozen=True, slots=True)
class RecoveryKey:
    id: str
    device: Device
    created_at: float
    text: str


def local_passwords(world: World) -> list[LocalPassword]:
    """One for each Windows computer that has enrolled and that Entra still has."""
    rotated = _rotations(world, "rotateLocalAdminPassword")
    return [
        _local_password(world.seed, each, rotated[each.ordinal]) for each in world.fleet.entra if _has_secrets(each)
    ]


def recovery_keys(world: World) -> list[RecoveryKey]:
    """Of every encrypted Windows computer, those that were rotated away too."""
    rotated = _rotations(world, "rotateBitLockerKeys")
    return [
        _recovery_key(world.seed, device, at)
        for device in world.fleet.entra
        if _has_secrets(device) and device.is_encrypted
        for at in _since_enrolment(device, rotated[device.ordinal])
    ]


def password_json(found: LocalPassword) -> Json:
    return {
        "id": found.device.entra_device_id,
        "deviceName": found.device.name,
        "lastBackupDateTime": graph_date(found.backed_up_at),
        "refreshDateTime": graph_date(found.backed_up_at + PASSWORD_LASTS),
    }


def credentials_json(found: LocalPassword) -> list[Json]:
    computer = name_number(found.device.entra_device_id)
    domain = "-".join(str(mix(computer, place) % 4_000_000_000) for place in range(3))
    credential = {
        "accountName": ACCOUNT,
        "accountSid": f"S-1-5-21-{domain}-{ACCOUNT_NUMBER}",
        "backupDateTime": graph_date(found.backed_up_at),
        "passwordBase64": base64.b64encode(found.text.encode("utf-16-le")).decode(),
    }
    return [credential]


def key_json(found: RecoveryKey) -> Json:
    return {
        "id": found.id,
        "createdDateTime": graph_date(found.created_at),
        "volumeType": "operatingSystemVolume",
        "deviceId": found.device.entra_device_id,
    }


def _has_secrets(device: Device) -> bool:
    return not device.is_mac and device.enrolled_at > 0


def _rotations(world: World, kind: str) -> defaultdict[int, list[float]]:
    """When the remote action was done, by ordinal."""
    found: defaultdict[int, list[float]] = defaultdict(list)
    for action in world.actions.by_id.values():
        if action.kind == kind and action.state == "done":
            found[action.ordinal].append(action.changed_at)
    return found


def _since_enrolment(device: Device, rotated: list[float]) -> list[float]:
    return [device.enrolled_at, *sorted(at for at in rotated if at > device.enrolled_at)]


def _local_password(seed: int, device: Device, rotated: list[float]) -> LocalPassword:
    """The computer changes it by itself when it is old, at the first check-in after that."""
    last = _since_enrolment(device, rotated)[-1]
    renewals = max(0, int((device.last_sync_at - last) // PASSWORD_LASTS))
    at = last + renewals * PASSWORD_LASTS
    return LocalPassword(device, at, hexadecimal(14, seed, "laps", device.ordinal, at))


def _recovery_key(seed: int, device: Device, at: float) -> RecoveryKey:
    """Eight groups of six digits, each a multiple of eleven, as Windows makes them."""
    groups = [11 * int(65_536 * unit(seed, 130, device.ordinal, int(at), place)) for place in range(8)]
    identifier = guid(seed, "bitlocker", device.ordinal, at)
    return RecoveryKey(identifier, device, at, "-".join(f"{group:06d}" for group in groups))
