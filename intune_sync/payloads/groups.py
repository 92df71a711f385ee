"""Entra groups, and what their membership rules say of schools.

https://learn.microsoft.com/entra/identity/users/groups-dynamic-membership
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from intune_sync.graph import BatchRequest
from intune_sync.payloads.values import text

GROUPS_PATH = "groups"
GROUP_FIELDS = "id,displayName,membershipRule"
GROUPS_PARAMS = {"$select": GROUP_FIELDS, "$top": "999"}
COMPUTER = "#microsoft.graph.device"
_TEXTS = re.compile(r'"[^"]*"')
_NARROWS = re.compile(r"\b(and|not)\b|-n(e|ot\w*)\b", re.IGNORECASE)
_TAG = re.compile(r'-(eq|startswith)\s+"\[OrderID\]:([^"]*)"', re.IGNORECASE)
_ANY_TAG = re.compile(r"\[OrderID\]", re.IGNORECASE)
_EVERY_AUTOPILOT_DEVICE = re.compile(r"\[ZTDId\]", re.IGNORECASE)


@dataclass(frozen=True)
class GroupRow:
    graph_id: UUID
    display_name: str
    membership_rule: str


def group_row(raw: dict[str, Any]) -> GroupRow:
    return GroupRow(UUID(raw["id"]), text(raw.get("displayName"), 300), text(raw.get("membershipRule"), 10_000))


def rule_scope(rule: str) -> tuple[str, str] | None:
    """The computers that a membership rule takes in: ("tag", group tag), ("prefix", start of the group tag),
    ("all", ""), or None when it names none of these, or narrows them further.

    Upper and lower case differ in tags, not in Entra's own words.
    """
    if _NARROWS.search(_TEXTS.sub("", rule)):
        return None
    named = {(operator.lower(), tag) for operator, tag in _TAG.findall(rule)}
    if len(_ANY_TAG.findall(rule)) != len(_TAG.findall(rule)) or len(named) > 1:
        return None
    if not named:
        return ("all", "") if _EVERY_AUTOPILOT_DEVICE.search(rule) else None
    operator, tag = named.pop()
    return ("tag" if operator == "eq" else "prefix", tag)


def is_computer(member: Mapping[str, Any]) -> bool:
    """A member of a group may be a person or another group; Entra may leave out what it is where only computers are."""
    return bool(member.get("@odata.type", COMPUTER) == COMPUTER)


def member_objects(members: Iterable[Mapping[str, Any]]) -> Iterator[UUID]:
    """Ids of the computers among the members of a group."""
    return (UUID(member["id"]) for member in members if is_computer(member))


def count_request(group_id: UUID) -> BatchRequest:
    """How many members; counting is an advanced query and wants this header.

    https://learn.microsoft.com/graph/aad-advanced-queries
    """
    return BatchRequest(str(group_id), "GET", f"/groups/{group_id}/members/$count", {"ConsistencyLevel": "eventual"})


def member_count(body: Any) -> int | None:
    """From the text or number that a batch gives back."""
    digits = str(body).strip().lstrip("\ufeff")
    return int(digits) if digits.isdigit() else None
