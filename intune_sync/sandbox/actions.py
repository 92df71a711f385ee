"""Remote actions: queued by a call, taken up by the computer when it is on, and ended one way or another.

https://learn.microsoft.com/graph/api/resources/intune-devices-manageddevice
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .chance import guid, name_number, unit
from .clock import DAY, MINUTE, graph_date
from .device_switches import (
    ACTION_FAILURE_RATE,
    ACTION_RUN_SECONDS,
    ACTION_SECONDS,
    HIDES_RESETS,
    WIPE_RETURNS_SECONDS,
)
from .devices import Device
from .enrolment import leave

if TYPE_CHECKING:
    from .world import World

Json = dict[str, Any]

WINDOWS, MACOS = "windows", "macos"
BOTH = (WINDOWS, MACOS)
# segment of the path: the name that results and audits give it, and the platforms that can do it
KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "wipe": ("factoryReset", BOTH),
    "autopilotReset": ("automaticRedeployment", (WINDOWS,)),
    "cleanWindowsDevice": ("cleanWindowsDevice", (WINDOWS,)),
    "retire": ("removeCompanyData", BOTH),
    "syncDevice": ("syncDevice", BOTH),
    "rebootNow": ("rebootNow", BOTH),
    "shutDown": ("shutDown", (MACOS,)),
    "remoteLock": ("remoteLock", (MACOS,)),
    "resetPasscode": ("resetPasscode", ()),
    "locateDevice": ("locateDevice", (WINDOWS,)),
    "bypassActivationLock": ("bypassActivationLock", (MACOS,)),
    "disableLostMode": ("disableLostMode", ()),
    "windowsDefenderScan": ("quickScan", (WINDOWS,)),
    "fullScan": ("fullScan", (WINDOWS,)),
    "windowsDefenderUpdateSignatures": ("windowsDefenderUpdateSignatures", (WINDOWS,)),
    "setDeviceName": ("setDeviceName", BOTH),
    "rotateBitLockerKeys": ("rotateBitLockerKeys", (WINDOWS,)),
    "rotateLocalAdminPassword": ("rotateLocalAdminPassword", (WINDOWS,)),
    "rotateFileVaultKey": ("rotateFileVaultKey", (MACOS,)),
    "initiateOnDemandProactiveRemediation": ("initiateOnDemandProactiveRemediation", (WINDOWS,)),
}
RESETS = frozenset({"wipe", "autopilotReset", "retire", "cleanWindowsDevice"})
MANAGEMENT_STATES = {"wipe": ("wipePending", "wipeIssued", "wipeFailed")} | {
    "retire": ("retirePending", "retireIssued", "retireFailed")
}


@dataclass(slots=True)
class RemoteAction:
    id: str
    kind: str
    ordinal: int
    intune_id: str
    device_name: str
    client_id: str
    request_id: str
    requested_at: float
    changed_at: float
    parameters: Json
    state: str = "pending"

    @property
    def name(self) -> str:
        return KINDS[self.kind][0]

    def result(self) -> Json:
        """As it stands in `deviceActionResults`."""
        return {
            "actionName": self.name,
            "actionState": self.state,
            "startDateTime": graph_date(self.requested_at),
            "lastUpdatedDateTime": graph_date(self.changed_at),
        }

    def shown(self) -> Json:
        """What the control surface tells a test: one row for each action that was queued."""
        return {
            "id": self.id,
            "kind": self.kind,
            "managed_device_id": self.intune_id,
            "client_id": self.client_id,
            "request_id": self.request_id,
            "requested_at": graph_date(self.requested_at),
            "changed_at": graph_date(self.changed_at),
            "parameters": self.parameters,
            "state": self.state,
        }


@dataclass(slots=True)
class Actions:
    """Every action that was ever queued, by id, in order."""

    by_id: dict[str, RemoteAction] = field(default_factory=dict)


def queue(world: World, device: Device, kind: str, parameters: Json, *, by: tuple[str, str]) -> RemoteAction:
    """Not idempotent: the same call again queues the same action again. `by` is client id and request id."""
    now = world.clock.now()
    action = RemoteAction(
        guid(world.seed, "action", len(world.actions.by_id)),
        kind,
        device.ordinal,
        str(device.intune_id),
        device.name,
        *by,
        now,
        now,
        parameters,
    )
    world.actions.by_id[action.id] = action
    if not (kind in RESETS and world.settings[HIDES_RESETS]):
        device.actions = [*(device.actions or ()), action]
    if kind in MANAGEMENT_STATES:
        device.management_state = MANAGEMENT_STATES[kind][0]
    world.views.forget(device.ordinal)
    world.life.push(now + world.life.lag(ACTION_SECONDS, 110, len(world.actions.by_id)), "action_start", action.id)
    return action


def on_start(world: World, subject: int | str, at: float) -> None:
    """A computer that is off leaves the action pending; it is taken up at its next check-in."""
    action = world.actions.by_id[str(subject)]
    device = world.fleet.by_intune_id.get(action.intune_id)
    if action.state != "pending":
        return
    if device is None:
        _move(world, action, "canceled", at)
    elif device.model.platform not in KINDS[action.kind][1]:
        _move(world, action, "notSupported", at)
    elif device.is_online(at):
        _move(world, action, "active", at)
        world.life.push(at + world.life.lag(ACTION_RUN_SECONDS, 111, len(world.actions.by_id)), "action_end", action.id)


def on_end(world: World, subject: int | str, at: float) -> None:
    action = world.actions.by_id[str(subject)]
    device = world.fleet.by_intune_id.get(action.intune_id)
    if device is None or action.state != "active":
        _move(world, action, "canceled", at)
    elif unit(world.seed, 112, name_number(action.id)) < world.settings[ACTION_FAILURE_RATE]:
        _move(world, action, "failed", at)
    else:
        _move(world, action, "done", at)
        _carry_out(world, device, action, at)


def _move(world: World, action: RemoteAction, state: str, at: float) -> None:
    action.state, action.changed_at = state, at
    device = world.fleet.by_intune_id.get(action.intune_id)
    if device is not None:
        states = MANAGEMENT_STATES.get(action.kind)
        if states and state in ("active", "failed", "notSupported"):
            device.management_state = states[1] if state == "active" else states[2]
        world.views.forget(device.ordinal)


def _carry_out(world: World, device: Device, action: RemoteAction, at: float) -> None:
    life = world.life
    if action.kind == "wipe":
        leave(world, device, wiped=True)
        back = world.settings[WIPE_RETURNS_SECONDS]
        if back and (device.autopilot_id or device.is_mac):
            life.push(at + back / life.pace, "enrol", device.ordinal)
    elif action.kind == "retire":
        leave(world, device, wiped=False)
    elif action.kind in ("autopilotReset", "cleanWindowsDevice"):
        world.installs.forget(device.ordinal, wiped=True)
        life.fall_silent(device)
        life.check_in_soon(device, at + 10 * MINUTE / life.pace)
        if action.kind == "autopilotReset":
            device.user_principal_name = device.user_id = ""
    elif action.kind == "syncDevice":
        life.check_in_soon(device, at)
    elif action.kind == "setDeviceName":
        device.new_name = str(action.parameters.get("deviceName") or "")
    elif action.kind == "rebootNow":
        life.check_in_soon(device, at + 2 * MINUTE / life.pace)
    elif action.kind == "shutDown":
        device.offline_until = at + 0.5 * DAY / life.pace
    world.views.forget(device.ordinal)


def audit_json(action: RemoteAction, owner: str) -> Json:
    """A `remoteActionAudit`; what its list of actions has no word for is unknown."""
    return {
        "id": action.id,
        "action": "unknown" if action.name in ("syncDevice", "bypassActivationLock") else action.name,
        "actionState": action.state,
        "bulkDeviceActionId": None,
        "deviceActionCategory": "single",
        "deviceDisplayName": action.device_name,
        "deviceIMEI": "",
        "deviceOwnerUserPrincipalName": owner,
        "initiatedByUserPrincipalName": None,
        "managedDeviceId": action.intune_id,
        "requestDateTime": graph_date(action.requested_at),
        "userName": "",
    }
