"""All computers, and how a seed makes them."""

from collections.abc import Iterator
from dataclasses import replace

from .chance import between, guid, hexadecimal, name_number, unit
from .clock import DAY, HOUR
from .devices import FOREVER, Device
from .tenant import HardwareModel, School, Tenant

WINDOWS_BUILDS = (
    ("10.0.19045.5131", 0.08),
    ("10.0.22621.4460", 0.17),
    ("10.0.22631.4460", 0.47),
    ("10.0.26100.2314", 1),
)
MAC_BUILDS = (("14.7.1 (23H222)", 0.4), ("15.1.1 (24B91)", 1))
PLACEHOLDER_SERIALS = ("System Serial Number", "Default string", "System Serial Number", "To be filled by O.E.M.")
ODD_NAMES = ("Ö-salen <bord 3>", "Åsa & Ängs-vagnen")
NOT_STARTED_SHARE, SILENT_SHARE, OFFLINE_SHARE, NONCOMPLIANT_SHARE = 0.015, 0.02, 0.06, 0.03


class Fleet:
    """`managed` lists Intune's records as they enrolled; every list only grows at its end, which paging relies on."""

    def __init__(self, devices: list[Device]) -> None:
        self.devices = [device for device in devices if not device.is_leftover]
        self.managed = [device for device in devices if device.intune_id]
        self.autopilot = [device for device in self.devices if device.autopilot_id]
        self.by_intune_id = {device.intune_id: device for device in self.managed if device.intune_id}
        self.by_autopilot_id = {device.autopilot_id: device for device in self.autopilot if device.autopilot_id}
        self.by_entra_object_id = {device.entra_object_id: device for device in self.devices}

    def enrol(self, device: Device, intune_id: str) -> None:
        device.intune_id = intune_id
        self.managed.append(device)
        self.by_intune_id[intune_id] = device


def make_devices(tenant: Tenant, seed: int, count: int, now: float) -> list[Device]:
    """`count` computers spread over the schools by weight, then the leftover records of a few that enrolled twice."""
    devices: list[Device] = []
    for school, size in zip(tenant.schools, _shares([school.weight for school in tenant.schools], count), strict=True):
        for model in _models_of(tenant, school, seed, size):
            devices.append(_make_device(tenant, seed, len(devices), school=school, model=model, now=now))
    _add_oddities(devices, seed)
    return devices + list(_leftovers(devices, seed))


def _shares(weights: list[int], count: int) -> list[int]:
    """`count` split in proportion to `weights`, by largest remainder."""
    total = sum(weights)
    exact = [count * weight / total for weight in weights]
    shares = [int(share) for share in exact]
    by_remainder = sorted(range(len(weights)), key=lambda index: (shares[index] - exact[index], index))
    for index in by_remainder[: count - sum(shares)]:
        shares[index] += 1
    return shares


def _models_of(tenant: Tenant, school: School, seed: int, size: int) -> Iterator[HardwareModel]:
    macs = [model for model in tenant.hardware_models if model.is_mac]
    others = [model for model in tenant.hardware_models if not model.is_mac]
    place = name_number(school.group_tag)
    for number in range(size):
        pool = macs if unit(seed, place, number, 1) < school.mac_share else others
        yield _pick(pool, unit(seed, place, number, 2))


def _pick(models: list[HardwareModel], chance: float) -> HardwareModel:
    left = chance * sum(model.weight for model in models)
    for model in models:
        left -= model.weight
        if left < 0:
            return model
    return models[-1]


def _make_device(
    tenant: Tenant, seed: int, ordinal: int, *, school: School, model: HardwareModel, now: float
) -> Device:
    def chance(number: int) -> float:
        return unit(seed, ordinal, number)

    started = model.is_mac or chance(1) >= NOT_STARTED_SHARE
    registered_at = float(int(now - between(40, 1100, seed, ordinal, 2) * DAY))
    enrolled_at = float(int(registered_at + between(2, 35, seed, ordinal, 3) * DAY)) if started else 0.0
    last_sync_at, offline_until = _last_sync(seed, ordinal, now) if started else (0.0, 0.0)
    short = hexadecimal(6, seed, "name", ordinal).upper()
    return Device(
        ordinal=ordinal,
        serial=_serial(model, seed, ordinal),
        model=model,
        group_tag=school.group_tag,
        entra_tag=school.group_tag,
        entra_object_id=guid(seed, "entra", ordinal),
        entra_device_id=guid(seed, "device", ordinal),
        autopilot_id=None if model.is_mac else guid(seed, "autopilot", ordinal),
        intune_id=guid(seed, "intune", ordinal) if started else None,
        name=f"{school.group_tag.replace('-', '')}-{short}",
        user_principal_name=_user(tenant, seed, ordinal) if started and chance(4) < 0.7 else "",
        user_id=guid(seed, "user", ordinal) if started and chance(4) < 0.7 else "",
        registered_at=registered_at,
        enrolled_at=min(enrolled_at, last_sync_at) if started else 0.0,
        last_sync_at=last_sync_at,
        os_version=_build(MAC_BUILDS if model.is_mac else WINDOWS_BUILDS, chance(5)),
        compliance=_compliance(chance(6)),
        free_storage_bytes=int((model.storage_gb * 1_000_000_000) * between(0.08, 0.72, seed, ordinal, 7)),
        enrollment_state="enrolled" if started else "notContacted",
        profile_status="assignedInSync" if started else _waiting_status(chance(8)),
        offline_until=offline_until,
    )


def _last_sync(seed: int, ordinal: int, now: float) -> tuple[float, float]:
    """When the computer last checked in, and until when it stays off."""
    kind = unit(seed, ordinal, 10)
    if kind < SILENT_SHARE:
        return float(int(now - between(21, 90, seed, ordinal, 11) * DAY)), now + between(
            20, 90, seed, ordinal, 12
        ) * DAY
    if kind < SILENT_SHARE + OFFLINE_SHARE:
        back = now + between(0.1, 4, seed, ordinal, 12) * DAY
        return float(int(now - between(0.4, 5, seed, ordinal, 11) * DAY)), back
    last = now - between(0.02, 8, seed, ordinal, 11) * HOUR
    return (round(last, 7) if ordinal % 7 == 0 else float(int(last))), 0.0


def _serial(model: HardwareModel, seed: int, ordinal: int) -> str:
    """In the maker's own form; the ordinal is woven in, so that serials never collide."""
    letters = "BCDFGHJKLMNPQRSTVWXYZ0123456789"
    tail, number = "", ordinal + 31**3
    while number:
        number, digit = divmod(number, len(letters))
        tail = letters[digit] + tail
    noise = "".join(letters[int(unit(seed, ordinal, 20 + place) * len(letters))] for place in range(6))
    forms = {
        "Lenovo": "PF" + noise[:2] + tail,
        "HP": "5CG" + noise[:3] + tail,
        "Dell Inc.": noise[:3] + tail,
        "Acer": "NXVP" + noise[:6] + tail + "3400",
        "Apple": "C02" + noise[:5] + tail,
    }
    return forms.get(model.manufacturer, "0" + noise[:6] + tail + "53")


def _build(builds: tuple[tuple[str, float], ...], chance: float) -> str:
    return next(build for build, limit in builds if chance < limit)


def _compliance(chance: float) -> str:
    if chance < NONCOMPLIANT_SHARE:
        return "noncompliant"
    if chance < NONCOMPLIANT_SHARE + 0.01:
        return "inGracePeriod"
    return "unknown" if chance > 0.995 else "compliant"


def _waiting_status(chance: float) -> str:
    if chance < 0.1:
        return "notAssigned"
    return "pending" if chance < 0.25 else "assignedUnkownSyncState"


def _user(tenant: Tenant, seed: int, ordinal: int) -> str:
    return f"elev-{hexadecimal(10, seed, 'upn', ordinal)}@{tenant.domain}"


def _add_oddities(devices: list[Device], seed: int) -> None:
    """What every real inventory holds: boards without a serial, and names people typed themselves."""
    enrolled = [device for device in devices if device.intune_id and not device.is_mac]
    if len(enrolled) < 50:
        return
    for number, serial in enumerate(PLACEHOLDER_SERIALS):
        enrolled[int(unit(seed, 31, number) * len(enrolled))].serial = serial
    for number, name in enumerate(ODD_NAMES):
        enrolled[int(unit(seed, 32, number) * len(enrolled))].name = name


def _leftovers(devices: list[Device], seed: int) -> Iterator[Device]:
    enrolled = [device for device in devices if device.intune_id and not device.is_mac]
    for number in range(min(7, len(enrolled) // 40)):
        device = enrolled[int(unit(seed, 33, number) * len(enrolled))]
        earlier = device.enrolled_at - between(30, 300, seed, 34, number) * DAY
        yield replace(
            device,
            ordinal=len(devices) + number,
            intune_id=guid(seed, "leftover", number),
            last_sync_at=float(int(device.enrolled_at - DAY)),
            enrolled_at=float(int(earlier)),
            autopilot_id=None,
            offline_until=FOREVER,
            is_leftover=True,
        )
