"""Entra groups: names, rules, how many members; and which of them is the group of a school, a school form, or all."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from django.db import transaction
from django.db.models import Model

from intune_sync.models import IntuneAssignment, IntuneGroup, UnmatchedRecord
from intune_sync.payloads.groups import (
    GROUP_FIELDS,
    GROUPS_PARAMS,
    GROUPS_PATH,
    GroupRow,
    count_request,
    group_row,
    member_count,
    rule_scope,
)
from intune_sync.pull.delta import changes_or_all, start_link
from intune_sync.pull.group_changes import read_changes, save_changes
from intune_sync.pull.members import COLUMNS as MEMBER_COLUMNS
from intune_sync.pull.members import change_members, groups_of_ours, read_members, save_members
from intune_sync.pull.outcome import Outcome, Pull
from intune_sync.pull.positions import delta_link, move_link
from intune_sync.pull.rows import save_rows
from intune_sync.pull.staging import staging
from intune_sync.pull.unmatched import Unmatched, save_unmatched
from schools.models import Municipality, School, SchoolForm

MOST_COUNTED = 400
"""Counting costs a call per group; a tenant may have thousands that are no concern of ours."""


def pull_groups(pull: Pull) -> Outcome:
    return changes_or_all(pull, _pull_changes, _pull_whole)


def _pull_changes(pull: Pull) -> Outcome:
    """What has changed; and the whole list of members of a group that has become ours since."""
    changes = read_changes(pull, delta_link(pull.run.resource))
    known = IntuneGroup.objects.exclude(members_read_at=None).values_list("graph_id", flat=True)
    with staging("pulled_members", MEMBER_COLUMNS) as table:
        read = read_members(pull, groups_of_ours() - set(known), table)
        table.analyse()
        with transaction.atomic():
            pull.confirm()
            counts = save_changes(pull, changes)
            counts["members"] = change_members(changes.members) + save_members(pull, read)
            _finish(pull, counts, changes.link)
    return Outcome(counts)


def _finish(pull: Pull, counts: dict[str, int], link: str) -> None:
    counts["linked"], ambiguous = _link()
    counts["unmatched"] = save_unmatched(pull.run.resource, ambiguous, pull.now)
    move_link(pull, link)


def _pull_whole(pull: Pull, counts: dict[str, int]) -> Outcome:
    link = start_link(pull.graph, GROUPS_PATH, {"$select": f"{GROUP_FIELDS},members"})
    rows: dict[UUID, GroupRow] = {}
    for page in pull.graph.pages(GROUPS_PATH, GROUPS_PARAMS):
        rows.update({row.graph_id: row for row in map(group_row, page)})
        pull.seen(len(rows))
    ours = _ours(rows)
    members = _member_counts(pull, {key: row for key, row in rows.items() if key not in ours})
    with staging("pulled_members", MEMBER_COLUMNS) as table:
        read = read_members(pull, ours, table)
        table.analyse()
        with transaction.atomic():
            pull.confirm()
            counts |= save_rows(IntuneGroup, rows.values(), pull.now, released=pull.is_released)
            counts["updated"] += _save_members(members)
            counts["members"] = save_members(pull, read)
            _finish(pull, counts, link)
    return Outcome(counts)


def _ours(rows: dict[UUID, GroupRow]) -> set[UUID]:
    """Those that stand for a container, and those whose rule says that they will."""
    scopes = {scope for scope, _owner in _owners()}
    named = {row.graph_id for row in rows.values() if rule_scope(row.membership_rule) in scopes}
    return (groups_of_ours() | named) & rows.keys()


def _member_counts(pull: Pull, rows: dict[UUID, GroupRow]) -> dict[UUID, int]:
    """Members by group, first of the groups whose rule names computers of ours or to which an app is assigned."""
    assigned = set(IntuneAssignment.objects.exclude(group_id=None).values_list("group_id", flat=True))
    by_concern = sorted(
        rows.values(), key=lambda row: not (row.graph_id in assigned or rule_scope(row.membership_rule))
    )
    counted: dict[UUID, int] = {}
    answers = pull.graph.batch([count_request(row.graph_id) for row in by_concern[:MOST_COUNTED]])
    for group_id, answer in answers.items():
        if answer.error and answer.error.transient:
            raise answer.error
        count = None if answer.error else member_count(answer.body)
        if count is not None:
            counted[UUID(group_id)] = count
    return counted


def _save_members(members: dict[UUID, int]) -> int:
    """How many groups have more or fewer members than before."""
    changed, grown = [], 0
    for group in IntuneGroup.objects.filter(graph_id__in=members):
        if group.member_count != members[group.graph_id]:
            grown += group.member_count is not None
            group.member_count = members[group.graph_id]
            changed.append(group)
    IntuneGroup.objects.bulk_update(changed, ["member_count"], batch_size=500)
    return grown


def _link() -> tuple[int, list[Unmatched]]:
    """Tie each level to the one group whose rule takes in exactly its computers. Several: none of them, and listed.

    A link that exists is left when its group cannot be seen: absence here says nothing about the school. Groups that
    one answer lacked count as there, lest the other of two should pass for the only one.
    """
    by_scope: defaultdict[tuple[str, str], list[IntuneGroup]] = defaultdict(list)
    for row in IntuneGroup.objects.filter(missing_since=None):
        scope = rule_scope(row.membership_rule)
        if scope:
            by_scope[scope].append(row)
    linked, ambiguous = 0, list[Unmatched]()
    for scope, owner in _owners():
        found = by_scope.get(scope, [])
        if len(found) == 1:
            linked += _set_group(owner, found[0].graph_id)
        elif found:
            reason = UnmatchedRecord.Reason.AMBIGUOUS_GROUP
            ambiguous += [Unmatched(str(row.graph_id), "", row.display_name, reason) for row in found]
    return linked, ambiguous


def _owners() -> list[tuple[tuple[str, str], Municipality | SchoolForm | School]]:
    owners: list[tuple[tuple[str, str], Municipality | SchoolForm | School]] = [
        (("tag", school.group_tag), school) for school in School.objects.all()
    ]
    owners += [(("prefix", form.group_tag_prefix), form) for form in SchoolForm.objects.all()]
    return owners + [(("all", ""), municipality) for municipality in Municipality.objects.all()[:1]]


def _set_group(owner: Municipality | SchoolForm | School, group_id: UUID) -> int:
    """1 when the link changed. A group belongs to one owner: a former one lets go first."""
    if owner.entra_group_id == group_id:
        return 0
    model: type[Model] = type(owner)
    model._default_manager.filter(entra_group_id=group_id).update(entra_group_id=None)
    return model._default_manager.filter(pk=owner.pk).update(entra_group_id=group_id)
