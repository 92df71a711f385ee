"""Assignment filters that an assignment names and whose rule is no longer the one that was known, or that are gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from deployments.models import AppVersion
from deployments.organisation import load_organisation
from intune_sync.drift.compare import entry_of, same_rule
from intune_sync.drift.found import Found, Look
from intune_sync.drift.groups import remember
from intune_sync.drift.reach import reach_of
from intune_sync.models import AssignmentFilter, DriftItem, IntuneAssignment, KnownRule
from intune_sync.payloads import parse_id
from intune_sync.payloads.aims import FILTER_ID, Raw, filter_of

_NAMES_A_FILTER = f"raw__target__{FILTER_ID}__isnull"


def look_at_filters(now: datetime) -> Look:
    """The rule of a filter that nobody uses may change; it is known anew."""
    used = _used()
    known = {rule.object_id: rule for rule in KnownRule.objects.all()}
    return Look(list(_changed(used, known, now)))


def _used() -> dict[str, list[tuple[str, Raw]]]:
    """By filter id: names and entries of the catalogue's apps that are narrowed by it."""
    found: defaultdict[str, list[tuple[str, Raw]]] = defaultdict(list)
    catalogue = AppVersion.objects.values("intune_app_id")
    rows = IntuneAssignment.objects.filter(app__graph_id__in=catalogue, app__missing_since=None)
    for name, raw in rows.filter(**{_NAMES_A_FILTER: False}).values_list("app__display_name", "raw"):
        if filter_id := filter_of(raw):
            found[filter_id].append((name, raw))
    return found


def _changed(used: dict[str, list[tuple[str, Raw]]], known: dict[UUID, KnownRule], now: datetime) -> Iterator[Found]:
    places = load_organisation().places_by_group()
    for row in AssignmentFilter.objects.all():
        right, uses = known.get(row.graph_id), used.get(str(row.graph_id), [])
        is_right = right is not None and row.missing_since is None and same_rule(right.rule, row.rule)
        if is_right or right is None or not uses:
            if row.missing_since is None:
                remember(right, row.graph_id, row.rule, now)
            continue
        groups = [parse_id(entry_of(raw).group_id) for _name, raw in uses]
        yield Found(
            kind=DriftItem.Kind.FILTER,
            key=f"filter:{row.graph_id}",
            name=row.display_name,
            before={"rule": right.rule, "apps": sorted({name for name, _raw in uses})},
            after=None if row.missing_since else {"rule": row.rule},
            reach=reach_of(places.get(group) for group in groups if group),
            filter=row,
        )
