"""Apps whose change is not finished, or was left so: what the portal had in their lists when it last wrote there.

Of these the revision in force says what is to come, and not what is to be there now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from deployments.models import AssignmentChange
from deployments.organisation import Organisation, targets_in
from deployments.services.changes import half_way
from deployments.targets import NodeKey
from intune_sync.models import Operation
from intune_sync.payloads import assignment_for, assignment_key
from intune_sync.payloads.aims import Raw, group_of
from intune_sync.push.kept_groups import node_of

Ids = Mapping[NodeKey, str]
"""Of the groups that are in Entra."""


def left_by_changes(organisation: Organisation, rings: Ids) -> dict[int, frozenset[str]]:
    """Keys of our assignments by app version: as the last ring that was written left them, or as they were before.

    Where nobody knows whether a call got there, only what is there in either case.
    """
    changes = {change.app_version_id: change for change in half_way().order_by("change_set__started_at", "pk")}
    if not changes:
        return {}
    writes = _writes(changes.values())
    ids = {key: str(place.group_id) for key, place in organisation.places.items() if place.group_id} | dict(rings)
    return {version: _left(change, writes[change.pk], ids) for version, change in changes.items()}


def _writes(changes: Iterable[AssignmentChange]) -> Mapping[int, list[Operation]]:
    """By change, in the order of the rings."""
    found: defaultdict[int, list[Operation]] = defaultdict(list)
    rows = Operation.objects.filter(change__in=[change.pk for change in changes], kind=Operation.Kind.ASSIGN)
    for row in rows.only("change", "status", "request_hash", "desired").order_by("stage", "pk"):
        found[row.change_id or 0].append(row)
    return found


def _left(change: AssignmentChange, writes: Iterable[Operation], ids: Ids) -> frozenset[str]:
    there = frozenset(_keys(_before(change, ids), ids))
    for write in writes:
        if write.status == Operation.Status.VERIFIED:
            there = frozenset(_keys(write.desired, ids))
        elif write.request_hash:
            there &= frozenset(_keys(write.desired, ids))
    return there


def _before(change: AssignmentChange, ids: Ids) -> Iterable[Raw]:
    for target in targets_in(change.targets_before):
        if target.node in ids:
            yield assignment_for("group", ids[target.node], target.intent, target.exclude)


def _keys(raws: Iterable[dict[str, Any]], ids: Ids) -> Iterable[str]:
    """Those to a group that was never created, or is gone, are in no list."""
    for raw in raws:
        node = node_of(group_of(raw) or "")
        if node is None:
            yield assignment_key(raw)
        elif node in ids:
            yield assignment_key({**raw, "target": {**raw["target"], "groupId": ids[node]}})
