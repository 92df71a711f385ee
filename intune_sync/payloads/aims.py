"""What an assignment aims at: group, intent, exclusion, filter."""

from __future__ import annotations

from typing import Any

from intune_sync.graph.beta import BETA
from intune_sync.payloads.assignments import EXCLUSION, assign_path, target_type

FILTER_ID = "deviceAndAppManagementAssignmentFilterId"
FILTER_TYPE = "deviceAndAppManagementAssignmentFilterType"

Raw = dict[str, Any]


def intent_of(raw: Raw) -> str:
    return str(raw.get("intent", ""))


def is_exclusion(raw: Raw) -> bool:
    return target_type(raw) == EXCLUSION


def group_of(raw: Raw) -> str | None:
    """The group's id in lower case; None for all devices, all users."""
    group_id = (raw.get("target") or {}).get("groupId")
    return str(group_id).lower() if group_id else None


def place_of(raw: Raw) -> str:
    """Where an assignment stands in its app's list. Intune takes one entry per place, whatever the intent."""
    target = raw.get("target") or {}
    return group_of(raw) or str(target.get("collectionId") or target_type(raw)).lower()


def has_filter(raw: Raw) -> bool:
    """Whether only some computers of the group are meant."""
    target = raw.get("target") or {}
    return bool(target.get(FILTER_ID)) and target.get(FILTER_TYPE) not in (None, "none")


def filter_of(raw: Raw) -> str | None:
    """The filter's id in lower case; None when all computers of the group are meant."""
    return str(raw["target"][FILTER_ID]).lower() if has_filter(raw) else None


def without_filter(raw: Raw) -> Raw:
    """The same entry for the whole group; the very same object when it has no filter."""
    if not has_filter(raw):
        return raw
    return {**raw, "target": {**raw["target"], FILTER_ID: None, FILTER_TYPE: "none"}}


def assign_call(app_id: str) -> tuple[str, str]:
    """Method and address of the call that replaces an app's list, as people are shown it."""
    return "POST", f"/{BETA}/{assign_path(app_id)}"
