"""Static groups: how they are found, created, named and filled; and how a dynamic one gets its rule back.

https://learn.microsoft.com/graph/api/group-post-groups, …/group-post-members, …/group-delete-members,
…/group-update
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from intune_sync.graph import BatchRequest
from intune_sync.payloads.values import parse_id

GROUPS_PATH = "groups"
MEMBERS_PARAMS = {"$select": "id", "$top": "999"}
NAME_PARAMS = {"$select": "id,displayName"}
NICKNAME_PARAMS = {"$select": "id,mailNickname"}
RULE_PARAMS = {"$select": "id,membershipRule"}
MOST_LETTERS = 256
"""In the name of a group."""
MOST_BINDS = 20
"""Members that one PATCH may add."""


def group_body(nickname: str, name: str) -> dict[str, Any]:
    return {
        **name_body(name),
        "mailNickname": nickname,
        "mailEnabled": False,
        "securityEnabled": True,
        "description": f"Kept by Terminsklar ({nickname}).",
    }


def name_body(name: str) -> dict[str, str]:
    return {"displayName": name}


def rule_body(rule: str) -> dict[str, str]:
    return {"membershipRule": rule}


def calls_of(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every call of a plan as it will be sent, those that create groups first; who is in them is not yet said."""
    groups = [*map(creation_call, plan.get("groups", [])), *map(_rule_call, plan.get("rules", []))]
    return [*groups, *plan.get("calls", [])]


def _rule_call(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {"method": "PATCH", "url": f"/v1.0/{group_path(rule['group_id'])}", "body": rule_body(rule["after"])}


def creation_call(group: Mapping[str, Any]) -> dict[str, Any]:
    """The call that creates a group of a plan, as people are shown it."""
    return {"method": "POST", "url": "/v1.0/groups", "body": group_body(group["nickname"], group["name"])}


def by_nickname(nickname: str) -> dict[str, str]:
    select = "id,createdDateTime,groupTypes,securityEnabled"
    return {"$filter": f"mailNickname eq '{nickname}'", "$select": select}


def oldest_static(raws: Iterable[Mapping[str, Any]]) -> UUID | None:
    """Of groups with the same nickname, always the same one; one that a rule fills is never ours."""
    ours = [raw for raw in raws if raw.get("securityEnabled") and not raw.get("groupTypes")]
    first = min(ours, key=lambda raw: (str(raw.get("createdDateTime")), str(raw["id"])), default=None)
    return UUID(first["id"]) if first else None


def members_path(group_id: UUID) -> str:
    return f"groups/{group_id}/members"


def group_path(group_id: UUID | str) -> str:
    return f"groups/{group_id}"


def add_body(graph_url: str, object_ids: Iterable[UUID]) -> dict[str, list[str]]:
    return {"members@odata.bind": [f"{graph_url}/v1.0/directoryObjects/{object_id}" for object_id in object_ids]}


def remove_request(group_id: UUID, object_id: UUID) -> BatchRequest:
    """The only way in which a member is removed: without `/$ref` the call would delete the computer's own object."""
    return BatchRequest(str(object_id), "DELETE", f"/groups/{UUID(str(group_id))}/members/{UUID(str(object_id))}/$ref")


def object_request(entra_device_id: UUID) -> BatchRequest:
    """The directory object of an Entra device: a group names that, and not the device id that Intune knows."""
    query = quote(f"deviceId eq '{entra_device_id}'")
    return BatchRequest(str(entra_device_id), "GET", f"/devices?$filter={query}&$select=id,deviceId")


def object_id(body: Mapping[str, Any]) -> UUID | None:
    found = body.get("value") or []
    return parse_id(found[0]["id"]) if len(found) == 1 else None
