"""What a test does to one computer by hand, through `POST /sandbox/devices`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .device_json import managed_device
from .devices import FOREVER, Device
from .enrolment import leave, on_enrolled

if TYPE_CHECKING:
    from .world import World

Json = dict[str, Any]

ACTS = ("look", "off", "on", "check_in", "start", "enrol", "leave", "reset", "move")


def act(world: World, body: Json) -> Json:
    """Raises ValueError. `{"serial" or "id": …, "act": one of ACTS}`; `move` takes the new `group_tag`.

    `off` and `on` are the power switch; `start` begins an enrolment, `enrol` has it done at once; `leave` lets the
    Intune record vanish as if another administrator had deleted it, `reset` as if the computer had been wiped at its
    keyboard.
    """
    device, name, now = _found(world, body), body.get("act", "look"), world.clock.now()
    if name not in ACTS:
        raise ValueError(f"act must be one of {', '.join(ACTS)}")
    if name == "off":
        device.offline_until = FOREVER
        world.life.fall_silent(device)
    elif name in ("on", "check_in"):
        device.offline_until = 0.0
        if device.intune_id and not device.is_leftover:
            world.life.check_in_soon(device, now)
    elif name == "start":
        world.life.push(now, "enrol", device.ordinal)
    elif name == "enrol":
        on_enrolled(world, device.ordinal, now)
    elif name in ("leave", "reset") and device.intune_id and not device.is_leftover:
        leave(world, device, wiped=name == "reset")
    elif name == "move":
        device.group_tag = str(body.get("group_tag") or "")
        world.life.retag(device, now)
    world.views.forget(device.ordinal)
    return _shown(device)


def _found(world: World, body: Json) -> Device:
    """By serial number, or by the id of the Intune record, Autopilot identity or Entra object."""
    serial, identifier = body.get("serial"), str(body.get("id"))
    fleet = world.fleet
    by_id = fleet.by_intune_id.get(identifier) or fleet.by_autopilot_id.get(identifier)
    by_id = by_id or fleet.by_entra_object_id.get(identifier)
    found = by_id or next((each for each in fleet.devices if serial and each.serial == serial), None)
    if found is None:
        raise ValueError("needs the serial or id of a computer")
    return found


def _shown(device: Device) -> Json:
    return {
        "serial": device.serial,
        "autopilot_id": device.autopilot_id,
        "entra_object_id": device.entra_object_id if device.is_in_entra else None,
        "enrolments": device.enrolments,
        "managed_device": managed_device(device, "v1.0") if device.intune_id else None,
    }
