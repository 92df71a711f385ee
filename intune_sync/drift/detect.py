"""After a run: the differences that the mirror shows now, beside those that were known. The same reading twice changes
nothing but when they were last seen."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from deployments.models import BaselineRevision
from intune_sync import notices
from intune_sync.drift import actors
from intune_sync.drift.apps import look_at_apps
from intune_sync.drift.compare import FOREIGN, INTENT
from intune_sync.drift.ending import end, key_of, own, take_over
from intune_sync.drift.filters import look_at_filters
from intune_sync.drift.found import Found, Look
from intune_sync.drift.groups import look_at_groups
from intune_sync.drift.reach import school_ids
from intune_sync.graph import GraphClient
from intune_sync.models import DriftItem, SyncRun
from schools import audit

NOT_IGNORED: dict[str, Any] = {
    "ignored_until": None,
    "ignored_reason": "",
    "ignored_by": None,
    "ignored_at": None,
}

MOST_NAMED = 50

log = logging.getLogger(__name__)


def after(run: SyncRun, client: GraphClient, now: datetime) -> None:
    """Never raises: a mirror that was read is worth having whatever becomes of this."""
    try:
        if run.resource in DriftItem.KINDS_OF and detect(run, now) is not None:
            actors.name_actors(client, now)
    except Exception:
        log.exception("drift after sync run %s", run.pk)


@transaction.atomic
def detect(run: SyncRun, now: datetime) -> list[DriftItem] | None:
    """The items that are new, or came back when ignoring them was over; None while nothing is decided."""
    revision = BaselineRevision.objects.active().first()
    if revision is None:
        return None
    seen = _look(run, revision, now)
    open_items = {item.key: item for item in _open(run.resource)}
    adopted = {_place(item.app_id, item.after) for item in open_items.values() if _is_adopted_intent(item)}
    told, still = [], []
    for found in seen.found:
        item = open_items.pop(found.key, None)
        if item is None and found.kind == FOREIGN and found.is_decided and _at(found) in adopted:
            own(found.app_version, key_of(found.after), now)  # type: ignore[arg-type]
            continue
        is_new = item is None or _is_over(item, now)
        item = _begin(found, now) if item is None else _still(item, found, now)
        still.append(item.pk)
        if not take_over(item, now) and is_new:
            told.append(item)
    DriftItem.objects.filter(pk__in=still).update(last_seen_at=now)
    over = [item for item in open_items.values() if not seen.is_busy(item.app_id, item.group_id)]
    for item in over:
        end(item, now)
    _record(run, told, over)
    return told


def _record(run: SyncRun, told: list[DriftItem], over: list[DriftItem]) -> None:
    """One message and one event for all of them; last, because writers of the audit trail wait for one another."""
    if told:
        notices.tell_of_drift(run, told)
        audit.record("drift.found", run, by=None, after=_named(told))
    if over:
        audit.record("drift.over", run, by=None, after=_named(over))


def _named(items: list[DriftItem]) -> dict[str, Any]:
    return {"count": len(items), "drift": [f"{item.pk}: {item}" for item in items[:MOST_NAMED]]}


def _is_adopted_intent(item: DriftItem) -> bool:
    """What was ours is then decided to be as somebody else made it; that entry becomes the portal's own."""
    return item.kind == INTENT and item.adopted_at is not None


def _at(found: Found) -> tuple[int | None, str]:
    return _place(found.app.pk if found.app else None, found.after)


def _place(app_id: int | None, entry: dict[str, Any] | None) -> tuple[int | None, str]:
    return app_id, str((entry or {}).get("group_id") or (entry or {}).get("target"))


def _look(run: SyncRun, revision: BaselineRevision, now: datetime) -> Look:
    read_from = run.started_at or run.created_at
    looks = {
        SyncRun.Resource.APPS: partial(look_at_apps, revision, read_from),
        SyncRun.Resource.GROUPS: partial(look_at_groups, now, read_from),
        SyncRun.Resource.FILTERS: partial(look_at_filters, now),
    }
    return looks[SyncRun.Resource(run.resource)]()


def _open(resource: str) -> Iterable[DriftItem]:
    """With what their columns name, so that comparing them costs no query."""
    kinds = DriftItem.KINDS_OF[resource]
    rows = DriftItem.objects.open().filter(kind__in=kinds).select_for_update(of=("self",))
    return rows.select_related("app", "app_version", "group", "filter", "ignored_by", "change_set")


def _begin(found: Found, now: datetime) -> DriftItem:
    last = DriftItem.objects.filter(key=found.key).aggregate(last=Max("episode"))["last"] or 0
    item = DriftItem.objects.create(key=found.key, episode=last + 1, since=now, last_seen_at=now, **_columns(found))
    item.schools.set(school_ids(found.reach))
    return item


def _columns(found: Found) -> dict[str, Any]:
    names = (
        "kind",
        "name",
        "before",
        "after",
        "reach",
        "is_decided",
        "app",
        "app_version",
        "group",
        "filter",
    )
    return {name: getattr(found, name) for name in names}


def _is_over(item: DriftItem, now: datetime) -> bool:
    """Whether it was ignored until now."""
    return item.ignored_until is not None and item.ignored_until < timezone.localdate(now)


def _still(item: DriftItem, found: Found, now: datetime) -> DriftItem:
    """Its columns as they are now; whose computers it concerns is worked out anew when that changes, and daily."""
    moved = item.reach != found.reach or timezone.localdate(item.last_seen_at) != timezone.localdate(now)
    columns = {name: value for name, value in _columns(found).items() if name != "name"}
    if _is_over(item, now):
        columns |= NOT_IGNORED
    changed = [name for name, value in columns.items() if getattr(item, name) != value]
    for name in changed:
        setattr(item, name, columns[name])
    if changed:
        item.save(update_fields=changed)
    if moved:
        item.schools.set(school_ids(found.reach))
    return item
