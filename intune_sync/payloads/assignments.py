"""Assignments of apps. Read and written on beta alone: v1.0 hides the filters, and writing back would lose them.

https://learn.microsoft.com/graph/api/resources/intune-apps-mobileappassignment?view=graph-rest-beta
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from intune_sync.payloads.values import parse_id

ASSIGNMENT = "#microsoft.graph.mobileAppAssignment"
_PREFIX, _SUFFIX = "#microsoft.graph.", "AssignmentTarget"
GROUP, EXCLUSION = "group", "exclusionGroup"


@dataclass(frozen=True)
class AssignmentRow:
    graph_id: str
    key: str
    intent: str
    group_id: UUID | None
    is_exclusion: bool
    raw: dict[str, Any]


def target_type(raw: dict[str, Any]) -> str:
    """`group`, `exclusionGroup`, `allDevices`, `allLicensedUsers` …: Graph's type without its wrapping."""
    return str((raw.get("target") or {}).get("@odata.type", "")).removeprefix(_PREFIX).removesuffix(_SUFFIX)


def assignment_key(raw: dict[str, Any]) -> str:
    """What an assignment aims at, `type:group id:intent` in lower-case ids: the same for what we want and what is."""
    target = raw.get("target") or {}
    aim = target.get("groupId") or target.get("collectionId") or ""
    return f"{target_type(raw)}:{str(aim).lower()}:{raw.get('intent', '')}"


def assignment_for(
    target_type: str,
    group_id: UUID | str | None,
    intent: str,
    exclude: bool = False,
    settings: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A new assignment as Graph wants it; `target_type` as `target_type()` gives it, `exclude` only with a group."""
    if exclude and target_type != GROUP:
        raise ValueError("Only groups can be excluded")
    target = {"@odata.type": f"{_PREFIX}{EXCLUSION if exclude else target_type}{_SUFFIX}"}
    if group_id is not None:
        target["groupId"] = str(group_id).lower()
    return {"@odata.type": ASSIGNMENT, "intent": intent, "target": target, "settings": settings}


def assignment_row(raw: dict[str, Any]) -> AssignmentRow:
    return AssignmentRow(
        graph_id=str(raw["id"]),
        key=assignment_key(raw),
        intent=str(raw.get("intent", "")),
        group_id=parse_id((raw.get("target") or {}).get("groupId")),
        is_exclusion=target_type(raw) == EXCLUSION,
        raw=raw,
    )


def assign_path(app_id: UUID | str) -> str:
    """POST here replaces the app's whole assignment list."""
    return f"deviceAppManagement/mobileApps/{app_id}/assign"


def assignments_path(app_id: UUID | str) -> str:
    return f"deviceAppManagement/mobileApps/{app_id}/assignments"


def assign_body(assignments: list[dict[str, Any]]) -> dict[str, Any]:
    return {"mobileAppAssignments": assignments}
