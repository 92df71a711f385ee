"""Read-only summaries of this room."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db.models import CharField, Value

from schools.models import AuditEvent, User

Subject = tuple[str, int]
"""What an event is about: `app_label.model`, primary key."""


def subject_urls(events: Iterable[AuditEvent], user: User) -> dict[Subject, str]:
    """Pages of the events' objects that this person may open; one query for all kinds together."""
    keys: dict[str, set[int]] = defaultdict(set)
    for event in events:
        if event.object_id.isdecimal():
            keys[event.object_type].add(int(event.object_id))
    parts = [_visible(kind, ids, user) for kind, ids in sorted(keys.items()) if _has_page(kind)]
    if not parts:
        return {}
    found = parts[0].union(*parts[1:], all=True)
    return {(kind, pk): apps.get_model(kind)(pk=pk).get_absolute_url() for kind, pk in found}


def _visible(kind: str, ids: set[int], user: User) -> Any:
    rows = apps.get_model(kind)._default_manager.visible_to(user).filter(pk__in=ids).order_by()
    return rows.values_list(Value(kind, output_field=CharField()), "pk")


def _has_page(kind: str) -> bool:
    """A kind whose model is gone has none."""
    try:
        model = apps.get_model(kind)
    except (LookupError, ValueError):
        return False
    return hasattr(model, "get_absolute_url") and hasattr(model._default_manager, "visible_to")
