"""Which of Microsoft's services a call goes to, and what it costs there: each has limits of its own.

https://learn.microsoft.com/graph/throttling-limits
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

WINDOW_SECONDS = 5
SHARE = 0.8
"""Of what Microsoft allows."""


@dataclass(frozen=True)
class Limits:
    """Published, for one app in one tenant: calls of any kind, writes, and the seconds over which each is counted."""

    any_calls: int
    any_seconds: int
    writes: int
    write_seconds: int

    def in_a_window(self, kind: str) -> int:
        """What the portal allows itself in WINDOW_SECONDS. The published seconds are a multiple of them, so whoever
        keeps to this keeps to SHARE."""
        most, seconds = (self.writes, self.write_seconds) if kind == "write" else (self.any_calls, self.any_seconds)
        return int(most * SHARE * WINDOW_SECONDS / seconds)


SERVICES: Mapping[str, Limits] = {
    "devices": Limits(2000, 20, 200, 20),
    "apps": Limits(1000, 20, 100, 20),
    "enrolment": Limits(1000, 20, 100, 20),
    "reports": Limits(1000, 20, 100, 20),
    "configuration": Limits(1000, 20, 100, 20),
    # Resource units rather than calls, and those of a tenant with fifty to five hundred users.
    "entra": Limits(5000, 10, 3000, 150),
}
_PATHS = [
    (re.compile(pattern, re.IGNORECASE), service)
    for pattern, service in (
        (r"deviceAppManagement\b", "apps"),
        (r"deviceManagement/reports\b", "reports"),
        (
            r"deviceManagement/(windowsAutopilot|importedWindowsAutopilot|importedDevice|autopilot|dep|deviceEnrollment|apple)",
            "enrolment",
        ),
        (r"deviceManagement/(managedDevice|detectedApps|comanaged|remoteAction|deviceManagementScripts)", "devices"),
        (r"deviceManagement\b", "configuration"),
        (r"users/[^/]+/mobileAppIntentAndStates", "devices"),
    )
]
_VERSION = re.compile(r"^(https?://[^/]+)?/?(v1\.0/|beta/)?")


@dataclass(frozen=True)
class Charge:
    """`kind` is "any" or "write"."""

    service: str
    kind: str
    cost: int


def service_of(url: str) -> str:
    """Of an address or a path, with or without the version; "" for a batch, which is no service's."""
    path = _VERSION.sub("", url)
    if path.startswith("$batch"):
        return ""
    return next((service for pattern, service in _PATHS if pattern.match(path)), "entra")


def charges(calls: Iterable[tuple[str, str]]) -> list[Charge]:
    """What these calls, as method and address, cost together: a write counts as a call too."""
    costs: dict[tuple[str, str], int] = {}
    for method, url in calls:
        service = service_of(url)
        if not service:
            continue
        units = _entra_units(method, url) if service == "entra" else 1
        costs[service, "any"] = costs.get((service, "any"), 0) + units
        if method != "GET":
            costs[service, "write"] = costs.get((service, "write"), 0) + 1
    return [Charge(service, kind, cost) for (service, kind), cost in costs.items()]


def _entra_units(method: str, url: str) -> int:
    """Resource units of a directory call: by kind, one less for `$select`, one more for `$expand`, at least one."""
    path, _mark, query = url.partition("?")
    units = 1
    if method == "GET":
        if path.endswith("/transitiveMembers"):
            units = 5
        elif "/members" in path:
            units = 3
        elif path.endswith(("/users", "/memberOf")):
            units = 2
    return max(1, units - ("select=" in query) + ("expand=" in query))
