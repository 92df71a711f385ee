"""Groups that stand for containers or rings against what they are to be: there, with their rule, and their members."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

from deployments.organisation import load_organisation
from deployments.targets import KEPT, NodeKey
from fleet.models import Device
from intune_sync.drift.compare import same_rule
from intune_sync.drift.found import Found, Look
from intune_sync.drift.reach import reach_of, ring_groups
from intune_sync.models import DriftItem, GroupMember, IntuneGroup, KeptGroup, KnownRule, Operation, OwnedAssignment
from intune_sync.payloads import parse_id
from intune_sync.payloads.groups import rule_scope
from intune_sync.push.kept_groups import group_id, members_digest
from intune_sync.push.reconcile import kept_groups, members_by_owner, owner_of
from schools.models import Municipality, School, SchoolForm

Kind = DriftItem.Kind
Scope = tuple[str, str]


def look_at_groups(now: datetime, read_from: datetime) -> Look:
    places = {**load_organisation().places_by_group(), **ring_groups()}
    rows = {row.graph_id: row for row in IntuneGroup.objects.filter(graph_id__in={*places, *_assigned()})}
    busy = _busy(read_from)
    quiet = {key: row for key, row in rows.items() if key not in busy}
    found = [
        *_gone(quiet, places),
        *_edited(quiet, places, now),
        *_members(quiet),
    ]
    return Look(found, busy_groups={row.pk for key, row in rows.items() if key in busy})


def _assigned() -> set[UUID]:
    """Groups that assignments of ours aim at, also those that stand for no container any more."""
    keys = OwnedAssignment.objects.values_list("key", flat=True)
    found = {parse_id(key.split(":")[1]) for key in keys if key.count(":") == 2}
    return {each for each in found if each}


def _busy(read_from: datetime) -> set[UUID | None]:
    """Groups that the portal is filling, deleting or giving a rule, or has since they were read."""
    kinds = [Operation.Kind.GROUP, Operation.Kind.DROP_GROUP, Operation.Kind.RULE]
    of_groups = Operation.objects.filter(kind__in=kinds).select_related("profile__class_group", "ring_group")
    writing = [*of_groups.open(), *of_groups.filter(finished_at__gte=read_from)]
    filled = {group_id(owner) for each in writing if (owner := each.profile or each.ring_group)}
    return filled | {parse_id(each.desired["group_id"]) for each in writing if each.kind == Operation.Kind.RULE}


def _gone(rows: dict[UUID, IntuneGroup], places: dict[UUID, NodeKey]) -> Iterator[Found]:
    for key, row in rows.items():
        if row.missing_since:
            node = places.get(key) or _former_place(row)
            yield Found(
                kind=Kind.GROUP_GONE,
                key=f"group:{key}",
                name=row.display_name,
                before={"name": row.display_name, "rule": row.membership_rule, "place": list(node) if node else None},
                after=None,
                reach=reach_of([node]),
                group=row,
            )


def _former_place(row: IntuneGroup) -> NodeKey | None:
    """Of a group of its own the portal lets go when it finds it gone; the difference still knows whose it was."""
    item = DriftItem.objects.open().filter(group=row, kind=Kind.GROUP_GONE).first()
    place = (item.before or {}).get("place") if item else None
    return (str(place[0]), int(place[1])) if place else None


def _edited(rows: dict[UUID, IntuneGroup], places: dict[UUID, NodeKey], now: datetime) -> Iterator[Found]:
    """A rule that no longer takes in exactly the container's computers, and that nobody has adopted. One that does,
    however it is written, is remembered as the right one."""
    scopes = _scopes()
    known = {rule.object_id: rule for rule in KnownRule.objects.filter(object_id__in=rows)}
    for key, node in places.items():
        row, scope = rows.get(key), scopes.get(node)
        if row is None or row.missing_since or node[0] in (*KEPT, "ring"):
            continue
        if rule_scope(row.membership_rule) == scope:
            remember(known.get(key), key, row.membership_rule, now)
            continue
        right = _right_rule(known.get(key), scope)
        if right and same_rule(right, row.membership_rule):
            continue
        yield Found(
            kind=Kind.RULE,
            key=f"rule:{key}",
            name=row.display_name,
            before={"rule": right, "scope": list(scope or ())},
            after={"rule": row.membership_rule},
            reach=reach_of([node]),
            group=row,
        )


def _right_rule(known: KnownRule | None, scope: Scope | None) -> str:
    """The one that was known last; "" when it is not the container's any more, as when a school has another tag."""
    if known is None or scope is None:
        return ""
    return known.rule if known.adopted_for == list(scope) or rule_scope(known.rule) == scope else ""


def remember(known: KnownRule | None, object_id: UUID, rule: str, now: datetime) -> None:
    if known is None:
        KnownRule.objects.create(object_id=object_id, rule=rule, since=now)
    elif not same_rule(known.rule, rule):
        KnownRule.objects.filter(pk=known.pk).update(rule=rule, since=now, adopted_for=None)


def _scopes() -> dict[NodeKey, Scope]:
    found: dict[NodeKey, Scope] = {("school", school.pk): ("tag", school.group_tag) for school in School.objects.all()}
    found |= {("school_form", form.pk): ("prefix", form.group_tag_prefix) for form in SchoolForm.objects.all()}
    return found | {("municipality", row.pk): ("all", "") for row in Municipality.objects.all()}


def _members(rows: dict[UUID, IntuneGroup]) -> Iterator[Found]:
    """Somebody came or went in a group that the portal had filled and confirmed, and whose computers are the same."""
    kept = [each for each in kept_groups() if each.members_digest and _is_known(rows.get(_id(each)))]
    belonging, inside = members_by_owner(kept), _inside(rows[_id(each)] for each in kept)
    for each in kept:
        row, belong = rows[_id(each)], belonging[each.profile_id, each.ring_group_id]
        known = {object_id for device_id, object_id in belong if device_id}
        if members_digest(device_id for device_id, _object_id in belong) != each.members_digest or None in known:
            continue  # the portal has still to bring it up to date, or does not know all of them
        came = sorted(map(str, inside[row.pk] - known))
        went = sorted(map(str, known - inside[row.pk]))
        if came or went:
            yield Found(
                kind=Kind.MEMBERS,
                key=f"members:{row.graph_id}",
                name=row.display_name,
                before={"members": len(known), "names": _names(went)},
                after={"members": len(inside[row.pk]), "came": came, "went": went, "names": _names(came)},
                reach={"objects": [*came, *went]},
                group=row,
            )


def _id(kept: KeptGroup) -> UUID:
    """Of a group that was never created: an id that no group has."""
    return group_id(owner_of(kept)) or UUID(int=0)


def _is_known(row: IntuneGroup | None) -> bool:
    """Who is in it, one by one."""
    return row is not None and row.missing_since is None and row.members_read_at is not None


def _inside(rows: Iterable[IntuneGroup]) -> dict[int, set[UUID | None]]:
    found: defaultdict[int, set[UUID | None]] = defaultdict(set)
    for group, object_id in GroupMember.objects.filter(group__in=list(rows)).values_list("group", "object_id"):
        found[group].add(object_id)
    return found


def _names(object_ids: list[str]) -> list[str]:
    return sorted(str(device) for device in Device.objects.filter(entra_object_id__in=object_ids))
