"""Groups that stand for containers against what they are to be: there, with their rule, and with their members."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from deployments.organisation import Organisation, load_organisation
from deployments.targets import KEPT, NodeKey
from fleet.models import Device
from intune_sync.drift.compare import same_rule
from intune_sync.drift.found import Found, Look
from intune_sync.drift.reach import reach_of
from intune_sync.models import DriftItem, IntuneGroup, KeptGroup, KnownRule, Operation, OwnedAssignment
from intune_sync.payloads import parse_id
from intune_sync.payloads.groups import rule_scope
from intune_sync.push.kept_groups import group_id, members_digest, members_of
from schools.models import Municipality, School, SchoolForm

Kind = DriftItem.Kind
Scope = tuple[str, str]


def look_at_groups(now: datetime, read_from: datetime) -> Look:
    organisation = load_organisation()
    places = organisation.places_by_group()
    rows = {row.graph_id: row for row in IntuneGroup.objects.filter(graph_id__in={*places, *_assigned()})}
    busy = _busy(read_from)
    found = [
        *_gone(rows, places, organisation),
        *_edited(rows, places, organisation, now),
        *_members(rows, busy),
    ]
    return Look(found, busy_groups={row.pk for key, row in rows.items() if key in busy})


def _assigned() -> set[UUID]:
    """Groups that assignments of ours aim at, also those that stand for no container any more."""
    keys = OwnedAssignment.objects.values_list("key", flat=True)
    found = {parse_id(key.split(":")[1]) for key in keys if key.count(":") == 2}
    return {each for each in found if each}


def _busy(read_from: datetime) -> set[UUID | None]:
    """Groups that the portal is filling, or has filled since they were read."""
    of_groups = Operation.objects.filter(kind=Operation.Kind.GROUP, profile__isnull=False)
    writing = [*of_groups.open(), *of_groups.filter(finished_at__gte=read_from)]
    kept = KeptGroup.objects.filter(profile__in=[each.profile_id for each in writing])
    return {group_id(each.profile) for each in kept.select_related("profile__class_group") if each.profile}


def _gone(rows: dict[UUID, IntuneGroup], places: dict[UUID, NodeKey], organisation: Organisation) -> Iterator[Found]:
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


def _edited(
    rows: dict[UUID, IntuneGroup], places: dict[UUID, NodeKey], organisation: Organisation, now: datetime
) -> Iterator[Found]:
    """A rule that no longer takes in exactly the container's computers. One that does, however it is written, is
    remembered as the right one."""
    scopes = _scopes()
    known = {rule.object_id: rule for rule in KnownRule.objects.filter(object_id__in=rows)}
    for key, node in places.items():
        row = rows.get(key)
        if row is None or row.missing_since or node[0] in KEPT:
            continue
        if rule_scope(row.membership_rule) == scopes.get(node):
            remember(known.get(key), key, row.membership_rule, now)
            continue
        right = known[key].rule if key in known else ""
        yield Found(
            kind=Kind.RULE,
            key=f"rule:{key}",
            name=row.display_name,
            before={"rule": right, "scope": list(scopes.get(node) or ())},
            after={"rule": row.membership_rule},
            reach=reach_of([node]),
            group=row,
        )


def remember(known: KnownRule | None, object_id: UUID, rule: str, now: datetime) -> None:
    if known is None:
        KnownRule.objects.create(object_id=object_id, rule=rule, since=now)
    elif not same_rule(known.rule, rule):
        KnownRule.objects.filter(pk=known.pk).update(rule=rule, since=now)


def _scopes() -> dict[NodeKey, Scope]:
    found: dict[NodeKey, Scope] = {("school", school.pk): ("tag", school.group_tag) for school in School.objects.all()}
    found |= {("school_form", form.pk): ("prefix", form.group_tag_prefix) for form in SchoolForm.objects.all()}
    return found | {("municipality", row.pk): ("all", "") for row in Municipality.objects.all()}


def _members(rows: dict[UUID, IntuneGroup], busy: set[UUID | None]) -> Iterator[Found]:
    """Somebody came or went in a group that the portal had filled and confirmed, and whose computers are the same."""
    kept = KeptGroup.objects.filter(profile__isnull=False).exclude(members_digest="")
    for each in kept.select_related("profile__class_group__school", "profile__device__school"):
        profile = each.profile
        row = rows.get(group_id(profile)) if profile else None  # type: ignore[arg-type]
        if profile is None or row is None or row.missing_since or row.members_read_at is None or row.graph_id in busy:
            continue
        belonging = members_of(profile).exclude(entra_device_id=None)
        belong = dict(belonging.values_list("entra_object_id", "entra_device_id"))
        if members_digest(belong.values()) != each.members_digest or None in belong:
            continue  # the portal has still to bring it up to date, or does not know all of them
        inside = set(row.members.values_list("object_id", flat=True))
        came, went = sorted(map(str, inside - belong.keys())), sorted(map(str, belong.keys() - inside))
        if came or went:
            yield Found(
                kind=Kind.MEMBERS,
                key=f"members:{row.graph_id}",
                name=row.display_name,
                before={"members": len(belong), "names": _names(went)},
                after={"members": len(inside), "came": came, "went": went, "names": _names(came)},
                reach={"objects": [*came, *went]},
                group=row,
            )


def _names(object_ids: list[str]) -> list[str]:
    return sorted(str(device) for device in Device.objects.filter(entra_object_id__in=object_ids))
