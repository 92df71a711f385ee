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
    """`devices` has every computer at its ordinal and never shrinks; `managed`, `autopilot` and `entra` list what
    Intune, Autopilot and Entra have, in the order of their arrival. What leaves them moves up what stands behind,
    between two pages as well.
    """

    def __init__(self, devices: list[Device]) -> None:
        self.devices = [device for device in devices if not device.is_leftover]
        self.leftovers = len(devices) - len(self.devices)
        self.entra = list(self.devices)
        self.managed = [device for device in devices if device.intune_id]
        self.autopilot = [device for device in self.devices if device.autopilot_id]
        self.by_intune_id = {device.intune_id: device for device in self.managed if device.intune_id}
        self.by_autopilot_id = {device.autopilot_id: device for device in self.autopilot if device.autopilot_id}
        self.by_entra_object_id = {device.entra_object_id: device for device in self.devices}
        self._by_serial: dict[str, list[Device]] = {}

    def enrol(self, device: Device, intune_id: str) -> None:
        device.intune_id = intune_id
        self.managed.append(device)
        self.by_intune_id[intune_id] = device

    def drop_record(self, device: Device) -> None:
        """The computer's Intune record is gone."""
        if device.intune_id:
            del self.by_intune_id[device.intune_id]
            _take_out(self.managed, device)
            device.intune_id = None

    def leave_behind(self, device: Device) -> None:
        """The computer leaves its Intune record as a leftover and has none of its own any more."""
        self.leftovers += 1
        left = replace(
            device,
            ordinal=-self.leftovers,
            autopilot_id=None,
            offline_until=FOREVER,
            is_leftover=True,
            management_state="managed",
            actions=None,
        )
        self.managed[_place(self.managed, device)] = left
        self.by_intune_id[str(device.intune_id)] = left
        device.intune_id = None

    def add(self, device: Device) -> None:
        """A computer nobody knew: Entra has it at once, Autopilot lists it by `list_identity`."""
        self.devices.append(device)
        self.add_to_entra(device)
        if self._by_serial:
            self._by_serial.setdefault(device.serial.upper(), []).append(device)

    def windows_computer(self, serial: str) -> Device | None:
        """The one with that serial that is registered, or else any that was."""
        if not self._by_serial:
            for device in self.devices:
                if not device.is_mac:
                    self._by_serial.setdefault(device.serial.upper(), []).append(device)
        found = self._by_serial.get(serial.upper(), [])
        return max(found, key=lambda each: each.autopilot_id is not None, default=None)

    def add_to_entra(self, device: Device) -> None:
        device.is_in_entra = True
        self.entra.append(device)
        self.by_entra_object_id[device.entra_object_id] = device

    def drop_from_entra(self, device: Device) -> None:
        if device.is_in_entra:
            device.is_in_entra = False
            _take_out(self.entra, device)
            del self.by_entra_object_id[device.entra_object_id]

    def list_identity(self, device: Device) -> None:
        self.autopilot.append(device)
        self.by_autopilot_id[str(device.autopilot_id)] = device

    def drop_identity(self, device: Device) -> None:
        if device.autopilot_id in self.by_autopilot_id:
            del self.by_autopilot_id[device.autopilot_id]
            _take_out(self.autopilot, device)
        device.autopilot_id, device.is_leaving_autopilot = None, False


def _place(devices: list[Device], device: Device) -> int:
    """By identity: two rows of one computer may be equal."""
    return next(place for place, each in enumerate(devices) if each is device)


def _take_out(devices: list[Device], device: Device) -> None:
    del devices[_place(devices, device)]


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
    profile_status = "assignedInSync" if started else _waiting_status(chance(8))
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
        enrolments=int(started),
        profile_status=profile_status,
        offline_until=offline_until,
        profile_at=registered_at + 5_400 if profile_status.startswith("assigned") else 0.0,
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
            ordinal=-1 - number,
            intune_id=guid(seed, "leftover", number),
            last_sync_at=float(int(device.enrolled_at - DAY)),
            enrolled_at=float(int(earlier)),
            autopilot_id=None,
            offline_until=FOREVER,
            is_leftover=True,
        )
