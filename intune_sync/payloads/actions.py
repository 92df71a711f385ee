"""Remote actions: how each is called, and by what names Intune tells of it afterwards.

https://learn.microsoft.com/graph/api/resources/intune-devices-manageddevice, …/intune-devices-deviceactionresult
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from intune_sync.graph.beta import BETA

RESULTS = {"$select": "id,serialNumber,deviceActionResults"}


@dataclass(frozen=True)
class Call:
    """`names` are those of the action's results. In beta only, where `version` says so."""

    segment: str
    names: frozenset[str]
    body: Mapping[str, Any] | None = None
    version: str = "v1.0"


def _call(segment: str, *names: str, body: Mapping[str, Any] | None = None, version: str = "v1.0") -> Call:
    return Call(segment, frozenset(name.lower() for name in (segment, *names)), body, version)


CALLS: dict[str, Call] = {
    "syncDevice": _call("syncDevice"),
    "rebootNow": _call("rebootNow", "reboot"),
    "windowsDefenderScan": _call("windowsDefenderScan", "quickScan", body={"quickScan": True}),
    "rotateLocalAdminPassword": _call("rotateLocalAdminPassword", version=BETA),
    "rotateBitLockerKeys": _call("rotateBitLockerKeys", version=BETA),
    "autopilotReset": _call(
        "wipe",
        "autopilotReset",
        "automaticRedeployment",
        "factoryResetKeepEnrollmentData",
        body={"keepEnrollmentData": True, "keepUserData": False},
    ),
    "cleanWindowsDevice": _call("cleanWindowsDevice", "cleanWindows", body={"keepUserData": False}),
    "retire": _call("retire", "removeCompanyData"),
    "wipe": _call("wipe", "factoryReset", body={"keepEnrollmentData": False, "keepUserData": False}),
}
VANISHES = frozenset({"retire", "wipe"})
"""After these the record of the computer goes away by itself."""


@dataclass(frozen=True)
class Result:
    name: str
    started: str
    state: str = field(compare=False)

    def as_json(self) -> list[str]:
        return [self.name, self.started]


def device_path(intune_id: str | UUID) -> str:
    return f"deviceManagement/managedDevices/{intune_id}"


def action_path(intune_id: str | UUID, action: str) -> str:
    return f"{device_path(intune_id)}/{CALLS[action].segment}"


def results_of(raw: Mapping[str, Any], action: str) -> list[Result]:
    """What Intune tells of this action on the computer."""
    found: Iterable[Mapping[str, Any]] = raw.get("deviceActionResults") or []
    return [
        Result(str(each.get("actionName")), str(each.get("startDateTime")), str(each.get("actionState")))
        for each in found
        if str(each.get("actionName")).lower() in CALLS[action].names
    ]
