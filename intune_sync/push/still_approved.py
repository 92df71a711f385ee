"""Whether an approval holds although the plan had to be worked out anew, because another change came first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.models import AssignmentChange, ChangeSet
from deployments.organisation import targets_in
from intune_sync.push.snapshot import FreshPlan


def is_still_approved(change_set: ChangeSet, fresh: FreshPlan) -> bool:
    """The same calls for the same computers, on top of the same revision, and nothing else has changed than what
    other changes have written since: of each such app exactly what they were to write stands there."""
    old, new = change_set.plan, fresh.plan.as_json()
    before, now = old["snapshot"].get("lists", {}), new["snapshot"]["lists"]
    if _decided(old) != _decided(new) or before.keys() != now.keys():
        return False
    changed = {app_id for app_id, digest in now.items() if before[app_id] != digest}
    return _are_written_by_others(change_set, fresh, changed)


def _decided(plan: Mapping[str, Any]) -> dict[str, Any]:
    """All that an approval is about but what stood there before."""
    rest = {name: said for name, said in plan.items() if name not in ("warnings", "changes", "groups", "snapshot")}
    groups = [group["nickname"] for group in plan.get("groups", [])]
    snapshot = {name: said for name, said in plan["snapshot"].items() if name != "lists"}
    return {**rest, "groups": groups, "snapshot": snapshot}


def _are_written_by_others(change_set: ChangeSet, fresh: FreshPlan, app_ids: set[str]) -> bool:
    others = AssignmentChange.objects.exclude(change_set=change_set).filter(written_at__gte=change_set.planned_at)
    latest = {each.app_version_id: each for each in others.order_by("written_at", "pk")}
    versions = [pk for pk, version in fresh.taken.versions.items() if str(version.intune_app_id) in app_ids]
    return all(
        pk in latest and set(fresh.taken.ours(pk)) == set(targets_in(latest[pk].targets_after)) for pk in versions
    )
