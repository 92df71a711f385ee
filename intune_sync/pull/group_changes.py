"""What Entra says has changed in groups and in their members since the last time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from intune_sync.graph import BatchRequest, NotFound
from intune_sync.models import IntuneGroup
from intune_sync.payloads.groups import GROUP_FIELDS, group_row, is_computer
from intune_sync.payloads.values import parse_id
from intune_sync.pull.delta import changes_since, is_removed
from intune_sync.pull.guard import check_objects
from intune_sync.pull.outcome import Pull

ONE = "/groups/{}?$select=" + GROUP_FIELDS


@dataclass
class GroupChanges:
    """By group: what is said of it (None: it is gone), and who is in (True) or out (False)."""

    said: dict[UUID, dict[str, Any] | None] = field(default_factory=dict)
    members: defaultdict[UUID, dict[UUID, bool]] = field(default_factory=lambda: defaultdict(dict))
    link: str = ""

    def take(self, item: dict[str, Any]) -> None:
        group_id = UUID(item["id"])
        if is_removed(item):
            self.said[group_id] = None
            return
        self.said[group_id] = {**(self.said.get(group_id) or {}), **item}
        for member in item.get("members@delta", []):
            object_id = parse_id(member.get("id"))
            if object_id and (is_removed(member) or is_computer(member)):
                self.members[group_id][object_id] = not is_removed(member)


def read_changes(pull: Pull, link: str) -> GroupChanges:
    """Raises ResyncRequired."""
    changes = GroupChanges()
    for page in changes_since(pull.graph, link):
        for item in page.items:
            changes.take(item)
        changes.link = page.link
        pull.seen(len(changes.said))
    _complete(pull, changes)
    return changes


def _complete(pull: Pull, changes: GroupChanges) -> None:
    """Read those that are new to us and came without a name: an answer need only have what has changed."""
    known = set(IntuneGroup.objects.filter(graph_id__in=changes.said).values_list("graph_id", flat=True))
    nameless = [
        group_id
        for group_id, said in changes.said.items()
        if said is not None and group_id not in known and "displayName" not in said
    ]
    answers = pull.graph.batch([BatchRequest(str(each), "GET", ONE.format(each)) for each in nameless])
    for key, answer in answers.items():
        if answer.error and not isinstance(answer.error, NotFound):
            raise answer.error
        changes.said[UUID(key)] = None if answer.error else answer.body


def save_changes(pull: Pull, changes: GroupChanges) -> dict[str, int]:
    """In the caller's transaction. Raises UnsafeAnswer before anything is written."""
    kept = {row.graph_id: row for row in IntuneGroup.objects.filter(graph_id__in=changes.said)}
    gone = [row for row in kept.values() if changes.said[row.graph_id] is None and row.missing_since is None]
    if not pull.is_released:
        check_objects(len(gone), IntuneGroup.objects.filter(missing_since=None).count())
    new, changed = list[IntuneGroup](), list[IntuneGroup]()
    for group_id, said in changes.said.items():
        row = kept.get(group_id)
        if said is not None and row is None:
            columns = group_row(said)
            new.append(
                IntuneGroup(
                    graph_id=group_id, display_name=columns.display_name, membership_rule=columns.membership_rule
                )
            )
        elif said is not None and row is not None and _take(row, said):
            changed.append(row)
    for row in gone:
        row.missing_since = pull.now
    IntuneGroup.objects.bulk_create(new, batch_size=500)
    IntuneGroup.objects.bulk_update(
        [*changed, *gone], ["display_name", "membership_rule", "missing_since", "absent_runs"], batch_size=500
    )
    return {"seen": len(changes.said), "created": len(new), "updated": len(changed), "missing": len(gone)}


def _take(row: IntuneGroup, said: dict[str, Any]) -> bool:
    """Set what is said and differs; what is not said stays. True when anything did."""
    fresh = group_row({"displayName": row.display_name, "membershipRule": row.membership_rule, **said})
    before = (row.display_name, row.membership_rule, row.missing_since, row.absent_runs)
    after = (fresh.display_name, fresh.membership_rule, None, 0)
    row.display_name, row.membership_rule, row.missing_since, row.absent_runs = after
    return before != after
