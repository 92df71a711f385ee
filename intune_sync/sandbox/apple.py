"""Apple's enrolment program (ADE): the token, its syncs, and the Macs that Apple School Manager points at us.

https://learn.microsoft.com/intune/intune-service/enrollment/device-enrollment-program-enroll-macos
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from .chance import guid
from .clock import DAY, HOUR, NEVER, graph_date
from .device_switches import APPLE_FULL_SYNC_DAYS, APPLE_SYNC_ERROR, APPLE_SYNC_PAUSE_SECONDS, APPLE_TOKEN_DAYS
from .devices import Device

if TYPE_CHECKING:
    from .world import World

Json = dict[str, Any]

TOKEN_EXPIRED = 4001
TOKEN_LASTS = 365 * DAY
EVERY_SECONDS = 12 * HOUR


@dataclass(slots=True)
class AppleProgram:
    """`hidden` are the ordinals of Macs deleted in Intune: the next full sync brings them back, for Apple still
    points at us. `assigned` gives profile id and time by ordinal. `renewed_at` is when a token was uploaded,
    `public_key` the certificate that Intune has made for the next one.
    """

    id: str
    profile_id: str
    started_at: float
    synced_at: float
    full_sync_at: float
    asked_at: float
    manual_at: float = 0.0
    error: int = 0
    hidden: set[int] = field(default_factory=set)
    assigned: dict[int, tuple[str, float]] = field(default_factory=dict)
    is_default: bool = True
    apple_id: str = ""
    renewed_at: float = 0.0
    public_key: str = ""


def make_program(seed: int, now: float) -> AppleProgram:
    hours = now - 5 * HOUR
    return AppleProgram(guid(seed, "apple"), guid(seed, "apple profile"), now, hours, now - 8 * DAY, hours)


def listed_macs(world: World) -> list[Device]:
    return [each for each in world.fleet.devices if each.is_mac and each.ordinal not in world.apple.hidden]


def identity_id(world: World, device: Device) -> str:
    return guid(world.seed, "apple device", device.ordinal)


def token_expires_at(world: World) -> float:
    if world.apple.renewed_at:
        return world.apple.renewed_at + TOKEN_LASTS
    return world.apple.started_at + world.settings[APPLE_TOKEN_DAYS] * DAY


def renew(world: World, apple_id: str, now: float) -> None:
    """A token from Apple takes the place of the present one. What the last sync ended with stands until the next."""
    world.apple.apple_id, world.apple.renewed_at = apple_id, now


def make_public_key(world: World, now: float) -> str:
    """A new certificate, to be handed in at Apple School Manager for a token."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{world.tenant.domain} DEP")])
    starts = datetime.fromtimestamp(int(now), UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(starts).not_valid_after(starts + timedelta(seconds=TOKEN_LASTS))
    certificate = builder.sign(key, hashes.SHA256())
    world.apple.public_key = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return world.apple.public_key


def may_sync(world: World, now: float) -> bool:
    return now - world.apple.manual_at >= world.settings[APPLE_SYNC_PAUSE_SECONDS]


def sync(world: World, now: float) -> None:
    """A full one when the last full one is old enough: it brings back what was deleted. An expired token ends it."""
    apple = world.apple
    apple.asked_at = now
    expired = now >= token_expires_at(world)
    apple.error = TOKEN_EXPIRED if expired else int(world.settings[APPLE_SYNC_ERROR])
    if apple.error:
        return
    apple.synced_at = now
    if now - apple.full_sync_at >= world.settings[APPLE_FULL_SYNC_DAYS] * DAY:
        apple.full_sync_at = now
        apple.hidden.clear()
        for device in listed_macs(world):
            if device.intune_id is None:
                world.life.push(now + HOUR / world.life.pace, "enrol", device.ordinal)


def on_sync(world: World, subject: int | str, at: float) -> None:
    """The one that comes by itself, twice a day."""
    sync(world, at)
    world.life.push(at + EVERY_SECONDS, "apple_sync", 0)


def setting_json(world: World) -> Json:
    apple = world.apple
    return {
        "id": apple.id,
        "appleIdentifier": apple.apple_id or f"asm@{world.tenant.domain}",
        "tokenName": "Apple School Manager",
        "tokenType": "appleSchoolManager",
        "tokenExpirationDateTime": graph_date(float(int(token_expires_at(world)))),
        "lastModifiedDateTime": graph_date(float(int(max(apple.synced_at, apple.renewed_at)))),
        "lastSuccessfulSyncDateTime": graph_date(float(int(apple.synced_at))),
        "lastSyncTriggeredDateTime": graph_date(float(int(apple.asked_at))),
        "lastSyncErrorCode": apple.error,
        "syncedDeviceCount": len(listed_macs(world)),
        "dataSharingConsentGranted": True,
        "shareTokenWithSchoolDataSyncService": False,
        "roleScopeTagIds": ["0"],
    }


def identity_json(world: World, device: Device) -> Json:
    profile, assigned_at = world.apple.assigned.get(device.ordinal, (world.apple.profile_id, device.registered_at))
    return {
        "@odata.type": "#microsoft.graph.importedAppleDeviceIdentity",
        "id": identity_id(world, device),
        "serialNumber": device.serial,
        "requestedEnrollmentProfileId": profile,
        "requestedEnrollmentProfileAssignmentDateTime": graph_date(assigned_at),
        "isSupervised": True,
        "discoverySource": "deviceEnrollmentProgram",
        "createdDateTime": graph_date(device.registered_at),
        "lastContactedDateTime": graph_date(device.last_sync_at) if device.intune_id else NEVER,
        "description": device.model.marketing_name,
        "enrollmentState": "enrolled" if device.intune_id else "notContacted",
        "platform": "macOS",
        "isDeleted": False,
    }


def profile_json(world: World) -> Json:
    return {
        "@odata.type": "#microsoft.graph.depMacOSEnrollmentProfile",
        "id": world.apple.profile_id,
        "displayName": "Mac i skolan",
        "description": "Utan användare, obligatorisk.",
        "requiresUserAuthentication": False,
        "isDefault": world.apple.is_default,
        "isMandatory": True,
        "supervisedModeEnabled": True,
        "profileRemovalDisabled": True,
        "waitForDeviceConfiguredConfirmation": True,
        "enabledSkipKeys": ["AppleID", "Siri", "ScreenTime"],
    }
