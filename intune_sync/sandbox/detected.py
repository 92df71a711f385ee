"""Software that the inventory has found on computers, whoever installed it."""

from dataclasses import dataclass, replace

from .apps import App
from .chance import hexadecimal, unit
from .devices import Device
from .world import World

NOT_SOFTWARE = frozenset({"webApp"})
# name, publisher, version, platform, and the share of its computers that have it
OTHERS = (
    ("Microsoft Edge", "Microsoft Corporation", "131.0.2903.63", "windows", 1.0),
    ("Microsoft OneDrive", "Microsoft Corporation", "24.216.1027.0003", "windows", 0.98),
    ("Spotify", "Spotify AB", "1.2.50.335", "windows", 0.08),
    ("Roblox Player", "Roblox Corporation", "0.649.1", "windows", 0.035),
    ("Steam", "Valve Corporation", "2.10.91.91", "windows", 0.012),
    ("Safari", "Apple", "18.1", "macos", 1.0),
    ("Minecraft", "Mojang AB", "1.0.0", "macos", 0.05),
)


@dataclass(frozen=True, slots=True)
class Detected:
    name: str
    publisher: str
    version: str
    platform: str
    size_bytes: int
    device_count: int

    @property
    def id(self) -> str:
        return hexadecimal(64, 0, "detected", self.name, self.version, self.platform)


def detected_apps(world: World) -> list[Detected]:
    """In an order that stays; what no computer has is not listed."""
    found = [_of_app(world, app) for app in world.catalogue.apps.values() if app.spec.type not in NOT_SOFTWARE]
    found += [_other(world, number) for number in range(len(OTHERS))]
    return [each for each in found if each.device_count]


def computers_with(world: World, wanted: Detected) -> list[Device]:
    """Those whose inventory has found it, as Intune lists them."""
    for app in world.catalogue.apps.values():
        if app.spec.type not in NOT_SOFTWARE and _named(app).id == wanted.id:
            present = world.installs.by_app[app.id].present
            return [each for each in world.fleet.managed if _is_kept(world, app, present, each.ordinal)]
    number = next(place for place, item in enumerate(OTHERS) if item[0] == wanted.name and item[3] == wanted.platform)
    return [each for each in world.fleet.managed if _has_other(world, number, each)]


def detected_on(world: World, device: Device) -> list[Detected]:
    """What the inventory of that one computer has found."""
    apps = world.catalogue.apps.values()
    found = [
        _of_app(world, app)
        for app in apps
        if app.spec.type not in NOT_SOFTWARE
        and _is_kept(world, app, world.installs.by_app[app.id].present, device.ordinal)
    ]
    return found + [_other(world, number) for number in range(len(OTHERS)) if _has_other(world, number, device)]


def _of_app(world: World, app: App) -> Detected:
    present = world.installs.by_app[app.id].present
    return replace(_named(app), device_count=sum(_is_kept(world, app, present, place) for place in range(len(present))))


def _named(app: App) -> Detected:
    spec = app.spec
    size = spec.size_mb * 1024 * 1024
    return Detected(spec.display_name, spec.publisher, spec.version, spec.platform or "windows", size, 0)


def _is_kept(world: World, app: App, present: bytearray, ordinal: int) -> bool:
    if ordinal < 0 or not present[ordinal]:
        return False
    return unit(world.seed, 80, ordinal, app.number) < app.spec.kept_share


def _other(world: World, number: int) -> Detected:
    name, publisher, version, platform, _ = OTHERS[number]
    count = sum(_has_other(world, number, device) for device in world.fleet.managed)
    return Detected(name, publisher, version, platform, 0, count)


def _has_other(world: World, number: int, device: Device) -> bool:
    *_, platform, share = OTHERS[number]
    return device.model.platform == platform and unit(world.seed, 81, device.ordinal, number) < share
