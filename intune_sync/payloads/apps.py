"""Apps with their assignments, from beta: v1.0 lacks whole app types, and hides the filters of assignments.

https://learn.microsoft.com/graph/api/resources/intune-shared-mobileapp?view=graph-rest-beta
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from intune_sync.graph.beta import BETA
from intune_sync.payloads.assignments import AssignmentRow, assignment_row
from intune_sync.payloads.values import text

APPS_PATH = "deviceAppManagement/mobileApps"
APPS_VERSION = BETA
APPS_PARAMS = {"$expand": "assignments"}
ASSIGNMENTS_NEXT = "assignments@odata.nextLink"
_VERSION_FIELDS = ("displayVersion", "primaryBundleVersion", "versionNumber", "productVersion", "identityVersion")


@dataclass(frozen=True)
class AppRow:
    """The columns of `IntuneApp` that Graph decides, under the same names."""

    graph_id: UUID
    display_name: str
    publisher: str
    description: str
    app_type: str
    version: str
    size_bytes: int | None
    minimum_disk_mb: int | None
    minimum_memory_mb: int | None
    minimum_os: str
    publishing_state: str


def app_row(raw: dict[str, Any]) -> AppRow:
    version = next((raw[name] for name in _VERSION_FIELDS if raw.get(name)), "")
    return AppRow(
        graph_id=UUID(raw["id"]),
        display_name=text(raw.get("displayName"), 300),
        publisher=text(raw.get("publisher"), 300),
        description=text(raw.get("description"), 10_000),
        app_type=text(raw.get("@odata.type"), 100).removeprefix("#microsoft.graph.")[:60],
        version=text(version, 100),
        size_bytes=raw.get("size"),
        minimum_disk_mb=raw.get("minimumFreeDiskSpaceInMB"),
        minimum_memory_mb=raw.get("minimumMemoryInMB"),
        minimum_os=_minimum_os(raw),
        publishing_state=text(raw.get("publishingState"), 20),
    )


def app_columns(row: AppRow) -> dict[str, Any]:
    """The row without its key."""
    return {name: value for name, value in asdict(row).items() if name != "graph_id"}


def _minimum_os(raw: dict[str, Any]) -> str:
    """A Windows release ("21H1"), or of macOS the oldest of the versions that Graph spells out ("13.0")."""
    systems = raw.get("minimumSupportedOperatingSystem") or {}
    named = [name for name, is_it in systems.items() if is_it is True]
    mac = named[0].removeprefix("v").replace("_", ".") if len(named) == 1 else ""
    return text(raw.get("minimumSupportedWindowsRelease") or mac, 50)


def app_assignments(raw: dict[str, Any]) -> list[AssignmentRow]:
    """Raises KeyError when the list was not sent at all, which must not be taken for an empty one."""
    return [assignment_row(assignment) for assignment in raw["assignments"]]
