"""Which application permissions each identity needs in Entra, and what does not work without them.

https://learn.microsoft.com/graph/permissions-reference
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

DEVICES, APPS = "DeviceManagementManagedDevices", "DeviceManagementApps"
CONFIGURATION, SERVICE = "DeviceManagementConfiguration", "DeviceManagementServiceConfig"


@dataclass(frozen=True)
class Need:
    """Any one of `roles` is enough; the first is the least. `lost` says what does not work without any of them."""

    roles: tuple[str, ...]
    lost: str


def _read(area: str, lost: str) -> Need:
    return Need((f"{area}.Read.All", f"{area}.ReadWrite.All"), lost)


def _write(area: str, lost: str) -> Need:
    return Need((f"{area}.ReadWrite.All",), lost)


_GROUP_MEMBERS = ("GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All")
NEEDS: dict[str, tuple[Need, ...]] = {
    "reader": (
        _read(DEVICES, "computers, their compliance and detected software are not read"),
        _read(APPS, "apps and their assignments are not read"),
        _write(CONFIGURATION, "install status and other reports are not read: exporting one is a write"),
        _read(SERVICE, "Autopilot registrations and deployment profiles are not read"),
        _read("Device", "members of groups cannot be told apart"),
        Need(_GROUP_MEMBERS, "groups and their members are not read"),
    ),
    "writer": (
        _read(DEVICES, "a write cannot be checked against the computers"),
        _write(APPS, "apps are neither assigned nor created"),
        _write(SERVICE, "computers are not registered in Autopilot, and group tags are not changed"),
        Need(("Device.ReadWrite.All",), "computers are not put into groups"),
        Need(("Group.ReadWrite.All",), "groups are not created or renamed, and do not get their rule back"),
        Need(("User.Read.All", "User.ReadWrite.All"), "users are not looked up before a computer is given to one"),
    ),
    "destructive": (
        Need((f"{DEVICES}.PrivilegedOperations.All",), "computers are not restarted, synchronised, reset or wiped"),
        _write(DEVICES, "passwords and keys of computers are not rotated"),
    ),
}
HARMLESS = frozenset({"Organization.Read.All"})
"""Asked for nowhere, and useful to see whether Graph answers."""


@dataclass(frozen=True)
class Judgement:
    """`missing` are needs that no role meets; `surplus` are roles that nothing of the portal's work needs."""

    granted: list[str]
    missing: list[Need]
    surplus: list[str]


def judge(identities: Iterable[str], granted: Iterable[str]) -> Judgement:
    """What the roles of one registration are worth to all the identities that it serves."""
    roles = set(granted)
    needs = list(dict.fromkeys(need for identity in identities for need in NEEDS[identity]))
    used = {role for need in needs for role in need.roles}
    return Judgement(
        granted=sorted(roles),
        missing=[need for need in needs if not roles & set(need.roles)],
        surplus=sorted(roles - used - HARMLESS),
    )
