"""Who did it, and when, where Intune's audit log tells. It has apps, assignments and filters; of groups in Entra it
says nothing.

https://learn.microsoft.com/graph/api/resources/intune-auditing-auditevent
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_datetime

from intune_sync.graph import GraphClient, GraphError
from intune_sync.graph.identities import registration
from intune_sync.models import DriftItem

EVENTS = "deviceManagement/auditEvents"
LOOK_BACK = timedelta(days=7)
"""Before a difference was first seen: a tenant that was not read for some days is looked at that far back."""
TRY_FOR = timedelta(days=1)
"""The log may lag, and may be closed to the portal; after that it is asked no more."""
MOST_OBJECTS = 50

log = logging.getLogger(__name__)
Event = dict[str, Any]


def name_actors(client: GraphClient, now: datetime) -> int:
    """Look up the differences that are new; how many were named. A log that cannot be read is tried again after the
    next run. One reading of the log serves all of them."""
    items = list(
        DriftItem.objects.open()
        .filter(log_read_at=None, since__gte=now - TRY_FOR)
        .exclude(kind__in=DriftItem.KINDS_OF["groups"])
        .select_related("app", "filter")[:MOST_OBJECTS]
    )
    if not items:
        return 0
    try:
        events = _events(client, min(item.since for item in items) - LOOK_BACK, set().union(*map(_objects, items)))
    except GraphError as error:
        log.warning("Intune's audit log cannot be read, so nobody is named for a difference: %s", error)
        return 0
    return sum(_name(item, events, now) for item in items)


def _events(client: GraphClient, since: datetime, objects: set[str]) -> list[Event]:
    """Of these objects, newest first."""
    only = {"$filter": f"activityDateTime ge {since:%Y-%m-%dT%H:%M:%SZ}"}
    found = [
        event for page in client.pages(EVENTS, only) for event in page if not objects.isdisjoint(_resources(event))
    ]
    return sorted(found, key=lambda event: str(event.get("activityDateTime")), reverse=True)


def _objects(item: DriftItem) -> set[str]:
    """Ids of what was changed: an assignment is told of under its app."""
    known = [item.app and item.app.graph_id, item.filter and item.filter.graph_id, (item.after or {}).get("app_id")]
    return {str(each).lower() for each in known if each}


def _resources(event: Event) -> set[str]:
    return {str(resource.get("resourceId")).lower() for resource in event.get("resources") or []}


def _name(item: DriftItem, events: Iterable[Event], now: datetime) -> bool:
    """By the last who changed it, other than the portal itself."""
    ours = {registration(identity).client_id for identity in ("writer", "destructive")}
    for event in events:
        actor = event.get("actor") or {}
        if _objects(item).isdisjoint(_resources(event)) or actor.get("applicationId") in ours:
            continue
        who = actor.get("userPrincipalName") or actor.get("applicationDisplayName") or actor.get("applicationId") or ""
        item.acted_by, item.acted_at = str(who)[:300], parse_datetime(str(event.get("activityDateTime")))
        break
    item.log_read_at = now
    item.save(update_fields=["acted_by", "acted_at", "log_read_at"])
    return bool(item.acted_by)
