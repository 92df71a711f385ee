"""What our write replaced in truth. `assign` knows no If-Match, so somebody may write between our reading and our
writing, and what they wrote is then gone; only Intune's audit log still has it.

The log may lag and its values are not documented, so this finds what it can read for certain and nothing else.
https://learn.microsoft.com/graph/api/resources/intune-auditing-auditevent
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from intune_sync.graph import GraphClient, GraphError
from intune_sync.graph.identities import registration
from intune_sync.payloads import assignment_key
from intune_sync.push.merge import Raw
from schools.clock import shared_now

LOOK_BACK = (timedelta(minutes=2), timedelta(hours=1))
"""By Graph's clock, which may differ from ours: further when nothing of the write is found. While thousands of apps
are written, the last hour of the log is long."""

log = logging.getLogger(__name__)


def replaced_list(client: GraphClient, app_id: UUID, written: Sequence[Raw]) -> list[Raw] | None:
    """The list that our last write, of `written`, took the place of. None when the log does not tell (yet)."""
    try:
        for look_back in LOOK_BACK:
            for old, new in _our_writes(_events(client, look_back), str(app_id)):
                return old if _keys(new) == _keys(written) else None
    except GraphError as error:
        log.warning("Intune's audit log cannot be read, so an overwritten assignment would not be noticed: %s", error)
    return None


def _events(client: GraphClient, look_back: timedelta) -> list[dict[str, Any]]:
    """Newest first."""
    since = shared_now() - look_back
    only = {"$filter": f"activityDateTime ge {since:%Y-%m-%dT%H:%M:%SZ}"}
    events = [event for page in client.pages("deviceManagement/auditEvents", only) for event in page]
    return sorted(events, key=lambda event: str(event.get("activityDateTime")), reverse=True)


def _our_writes(events: list[dict[str, Any]], app_id: str) -> Iterator[tuple[list[Raw], list[Raw]]]:
    """Old and new list of each assignment of the app by this portal, newest first."""
    writer = registration("writer").client_id
    for event in events:
        if (event.get("actor") or {}).get("applicationId") != writer:
            continue
        for resource in event.get("resources") or []:
            if str(resource.get("resourceId")).lower() == app_id.lower():
                for change in resource.get("modifiedProperties") or []:
                    old, new = _assignments(change.get("oldValue")), _assignments(change.get("newValue"))
                    if old is not None and new is not None:
                        yield old, new


def _assignments(value: str | None) -> list[Raw] | None:
    """The value, if it certainly is a list of assignments."""
    try:
        found = json.loads(value or "")
    except ValueError:
        return None
    is_list = isinstance(found, list) and all(isinstance(raw, dict) and raw.get("target") for raw in found)
    return found if is_list else None


def _keys(raws: Sequence[Raw]) -> list[str]:
    return sorted(map(assignment_key, raws))
