"""Software that the inventory has found on computers, whoever installed it."""

from dataclasses import dataclass

from .apps import App
from .chance import hexadecimal, unit
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
    found += [_other(world, number, item) for number, item in enumerate(OTHERS)]
    return [each for each in found if each.device_count]


def _of_app(world: World, app: App) -> Detected:
    spec, present = app.spec, world.installs.by_app[app.id].present
    count = sum(
        1
        for ordinal, is_there in enumerate(present)
        if is_there and unit(world.seed, 80, ordinal, app.number) < spec.kept_share
    )
    size = spec.size_mb * 1024 * 1024
    return Detected(spec.display_name, spec.publisher, spec.version, spec.platform or "windows", size, count)


def _other(world: World, number: int, item: tuple[str, str, str, str, float]) -> Detected:
    name, publisher, version, platform, share = item
    count = sum(
        device.model.platform == platform and unit(world.seed, 81, device.ordinal, number) < share
        for device in world.fleet.managed
    )
    return Detected(name, publisher, version, platform, 0, count)
