"""How computers come under management and leave it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .chance import between, guid
from .clock import DAY, HOUR, MINUTE
from .device_switches import (
    ENROLMENT_AFTER_SECONDS,
    ENROLMENT_FAILURE_RATE,
    ENROLMENT_SECONDS,
    LEAVES_OLD_RECORD,
    PROFILE_SECONDS,
)
from .devices import Device

if TYPE_CHECKING:
    from .world import World


def plan_first_start(world: World, device: Device, at: float) -> None:
    """Somebody unpacks the computer, within weeks or when the switch says."""
    asked = world.settings[ENROLMENT_AFTER_SECONDS]
    seconds = asked or between(1 * HOUR, 20 * DAY, world.seed, 41, device.ordinal)
    world.life.push(at + seconds / world.life.pace, "enrol", device.ordinal)


def on_enrol(world: World, subject: int | str, at: float) -> None:
    """The computer is started and begins to enrol, unless it is managed already or nobody has registered it."""
    device = world.fleet.devices[int(subject)]
    if device.intune_id or not (device.autopilot_id or device.is_mac):
        return
    if device.is_mac:
        on_enrolled(world, subject, at)
        return
    number = len(world.attempts.listed)
    seconds = world.life.lag(ENROLMENT_SECONDS, 93, device.ordinal, number)
    rate = world.settings[ENROLMENT_FAILURE_RATE]
    profile = world.profiles.name_for(device, world.directory)
    attempt = world.attempts.begin(device, at, seconds, profile, rate)
    world.life.push(attempt.ended_at, "enrolled" if attempt.failure is None else "not_enrolled", device.ordinal)


def on_enrolled(world: World, subject: int | str, at: float) -> None:
    device = world.fleet.devices[int(subject)]
    if device.intune_id or not (device.autopilot_id or device.is_mac):
        return
    again = (device.enrolments,) if device.enrolments else ()
    device.enrolments += 1
    device.enrolled_at = device.last_sync_at = float(int(at))
    device.offline_until = 0.0
    device.enrollment_state = "enrolled"
    if device.profile_status == "assignedUnkownSyncState":
        device.profile_status = "assignedInSync"
    if not device.is_in_entra:
        world.fleet.add_to_entra(device)
    world.fleet.enrol(device, guid(world.seed, "intune", device.ordinal, *again))
    world.attempts.succeeded(device)
    world.directory.evaluate(device)
    world.views.forget(device.ordinal)
    world.life.check_in_soon(device, at + 3 * MINUTE / world.life.pace)


def on_not_enrolled(world: World, subject: int | str, at: float) -> None:
    """It is tried again within hours."""
    device = world.fleet.devices[int(subject)]
    if device.intune_id is None and device.autopilot_id:
        device.enrollment_state = "failed"
        world.views.forget(device.ordinal)
        wait = between(20 * MINUTE, 6 * HOUR, world.seed, 94, device.ordinal, len(world.attempts.listed))
        world.life.push(at + wait / world.life.pace, "enrol", device.ordinal)


def leave(world: World, device: Device, *, wiped: bool) -> None:
    """The computer's Intune record goes, or stays behind as an old one if the switch says so."""
    world.life.fall_silent(device)
    world.installs.forget(device.ordinal, wiped=wiped)
    if wiped and world.settings[LEAVES_OLD_RECORD]:
        world.fleet.leave_behind(device)
    else:
        world.fleet.drop_record(device)
    device.enrollment_state = "pendingReset" if wiped else "notContacted"
    device.management_state, device.new_name, device.actions = "managed", "", None
    device.user_principal_name = device.user_id = ""
    if wiped:
        device.free_storage_bytes = int(device.total_storage_bytes * 0.8)
    world.views.forget(device.ordinal)


def on_record_gone(world: World, subject: int | str, at: float) -> None:
    """A record that was deleted. The subject is its id: the computer may have another one by now."""
    device = world.fleet.by_intune_id.get(str(subject))
    if device is None:
        return
    if device.is_leftover:
        world.fleet.drop_record(device)
    else:
        leave(world, device, wiped=False)


def on_identity_gone(world: World, subject: int | str, at: float) -> None:
    device = world.fleet.by_autopilot_id.get(str(subject))
    if device is not None and device.is_leaving_autopilot:
        world.fleet.drop_identity(device)
        device.profile_status, device.profile_at = "notAssigned", 0.0
        world.views.forget(device.ordinal)
        world.life.retag(device, at)


def on_entra_gone(world: World, subject: int | str, at: float) -> None:
    device = world.fleet.by_entra_object_id.get(str(subject))
    if device is not None:
        world.fleet.drop_from_entra(device)
        for group in list(world.directory.groups.values()):
            if device.ordinal in group.members:
                world.directory.put_members(group, group.members - {device.ordinal})


def on_profile(world: World, subject: int | str, at: float) -> None:
    """A deployment profile finds the computer in two steps: pending, then assigned; in sync when it has been heard."""
    device = world.fleet.devices[int(subject)]
    if not device.autopilot_id:
        return
    wait = world.life.lag(PROFILE_SECONDS, 95, device.ordinal, int(at))
    if not world.profiles.profile_for(device, world.directory):
        device.profile_status, device.profile_at = "notAssigned", 0.0
    elif device.profile_status == "notAssigned":
        device.profile_status = "pending"
        world.life.push(at + wait, "profile", device.ordinal)
    elif device.profile_status == "pending":
        device.profile_status, device.profile_at = "assignedUnkownSyncState", float(int(at))
        world.life.push(at + wait, "profile", device.ordinal)
    elif device.profile_status == "assignedUnkownSyncState":
        device.profile_status = "assignedInSync"
    world.views.forget(device.ordinal)
