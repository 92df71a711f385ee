"""The plan of a change that takes differences back: exactly these entries of exactly these apps, or the rule of exactly
this group, and nothing else.

What is decided and not written yet stays unwritten, and what others have written beside stays theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from deployments.effects import target_effects
from deployments.models import AppVersion, BaselineRevision
from deployments.organisation import Organisation, target_rows
from deployments.services.changes import PlannedChange
from deployments.targets import KEPT, NodeKey, Target
from intune_sync.drift.compare import entry_of, same_rule
from intune_sync.drift.reach import devices_of
from intune_sync.graph import GraphClient
from intune_sync.models import DriftItem, IntuneGroup, OwnedAssignment
from intune_sync.payloads import assignment_for, assignment_key, parse_id
from intune_sync.payloads.aims import Raw, group_of, has_filter, intent_of, is_exclusion
from intune_sync.payloads.assignments import target_type
from intune_sync.payloads.members import RULE_PARAMS, group_path
from intune_sync.push.kept_groups import group_name, new_groups, nickname_of, nicknames_in, node_of
from intune_sync.push.lists import read_lists
from intune_sync.push.merge import merge
from intune_sync.push.plan import AppState, RuleChange, plan
from intune_sync.push.snapshot import FreshPlan, Snapshot, assignments_for, take_snapshot

Kind = DriftItem.Kind
OF_A_LIST = (Kind.FOREIGN, Kind.INTENT, Kind.MISSING, Kind.NARROWED)
Parts = Mapping[AppVersion, Sequence[DriftItem]]


def items_of(change_set_id: int | None) -> list[DriftItem]:
    """What the change takes back; none for any other change."""
    if change_set_id is None:
        return []
    found = DriftItem.objects.filter(change_set=change_set_id).order_by("pk")
    return list(found.select_related("app_version__application", "group"))


def fresh_reversal(revision: BaselineRevision, items: Sequence[DriftItem], client: GraphClient) -> FreshPlan:
    """Raises GraphError; nothing is stored."""
    parts = parts_of(items)
    taken = _with_lists(take_snapshot(revision, client), parts, client)
    states = {version: _state(version, part, taken) for version, part in parts.items()}
    active = BaselineRevision.objects.active().values_list("pk", flat=True).first()
    made = plan(
        list(states.values()),
        snapshot={
            "active_revision": active,
            "revision": revision.pk,
            "drift": [item.pk for item in items],
            "takes_away": [item.after for item in items if item.kind in (Kind.FOREIGN, Kind.INTENT)],
        },
    )
    written = {change.version_id for change in made.changes}
    groups = new_groups(nicknames_in(raw for change in made.changes for raw in change.desired))
    made = replace(made, groups=groups, rules=_rules(items, client))
    changes = [_planned(version, state, taken) for version, state in states.items() if version.pk in written]
    return FreshPlan(made, changes, taken)


def _rules(items: Sequence[DriftItem], client: GraphClient) -> list[RuleChange]:
    """Of groups whose rule is another one at this moment."""
    found = []
    for item in items:
        if item.kind == Kind.RULE and item.group:
            group_id, right = str(item.group.graph_id), (item.before or {})["rule"]
            now = str(client.get(group_path(group_id), RULE_PARAMS).get("membershipRule") or "")
            if not same_rule(now, right):
                computers = devices_of(item.reach).count()
                found.append(RuleChange(group_id, item.group.display_name, now, right, computers))
    return found


def dropped_keys(change_set_id: int | None, version_id: int, observed: Iterable[Raw]) -> set[str]:
    """Of what others have written, the keys of just the entries that the change takes away, if they are as they were
    when it was approved."""
    return _keys_of([item for item in items_of(change_set_id) if item.app_version_id == version_id], observed)


def _keys_of(items: Iterable[DriftItem], observed: Iterable[Raw]) -> set[str]:
    taken_away = [item.after for item in items if item.kind in (Kind.FOREIGN, Kind.INTENT)]
    return {assignment_key(raw) for raw in observed if entry_of(raw).as_json() in taken_away}


def parts_of(items: Sequence[DriftItem]) -> Parts:
    """A group that is gone concerns each app of which we had an assignment to it."""
    parts: defaultdict[AppVersion, list[DriftItem]] = defaultdict(list)
    for item in items:
        if item.kind in (*OF_A_LIST, Kind.APP_REPLACED) and item.app_version:
            parts[item.app_version].append(item)
        elif item.kind == Kind.GROUP_GONE and item.group:
            gone = str(item.group.graph_id)
            for version in versions_aimed_at(gone):
                parts[version].append(item)
    return {version: parts[version] for version in sorted(parts, key=lambda each: each.pk)}


def versions_aimed_at(group_id: str) -> list[AppVersion]:
    """Those of which an assignment of ours names the group."""
    owned = OwnedAssignment.objects.filter(key__contains=f":{group_id.lower()}:")
    return list(AppVersion.objects.filter(pk__in=owned.values("app_version")).select_related("application"))


def _with_lists(taken: Snapshot, parts: Parts, client: GraphClient) -> Snapshot:
    """Also of apps that nothing is decided of."""
    beside = {version.pk: version for version in parts if version.pk not in taken.versions}
    lists = read_lists(client, (version.intune_app_id for version in beside.values()))
    return replace(taken, versions={**taken.versions, **beside}, lists={**taken.lists, **lists})


def _state(version: AppVersion, items: Sequence[DriftItem], taken: Snapshot) -> AppState:
    observed = taken.lists.get(version.intune_app_id)
    owned = taken.owned.get(version.pk, frozenset())
    dropped = _keys_of(items, observed or [])
    if any(item.kind == Kind.APP_REPLACED for item in items):
        desired = assignments_for(taken.desired(version.pk), taken.organisation)
    else:
        desired = _desired(observed or [], owned, items, taken.organisation)
    write = merge(observed or [], owned | dropped, desired).write
    before, after = _targets(observed or [], taken), _targets(write, taken)
    effects = target_effects({version.pk: before}, {version.pk: after}).get(version.pk, {})
    return AppState(
        app_id=str(version.intune_app_id),
        version_id=version.pk,
        name=str(version),
        observed=observed,
        owned_keys=owned | dropped,
        desired=desired,
        published=version.intune_app_id not in taken.unpublished,
        effects={device: str(effect) for device, effect in effects.items()},
    )


def _desired(
    observed: Iterable[Raw], owned: frozenset[str], items: Sequence[DriftItem], organisation: Organisation
) -> list[Raw]:
    """What is ours there now, and what the differences took from it."""
    gone = {str(item.group.graph_id): item for item in items if item.kind == Kind.GROUP_GONE and item.group}
    ours = {assignment_key(raw): raw for raw in observed if assignment_key(raw) in owned}
    kept = [raw for raw in ours.values() if group_of(raw) not in gone]
    back = [
        assignment_for("group", item.before["group_id"], item.before["intent"], item.before["target"] != "group")
        for item in items
        if item.kind in (Kind.MISSING, Kind.INTENT) and item.before
    ]
    back += [again for key in sorted(owned) if (again := _to_present_group(key, gone, organisation))]
    return sorted([*kept, *back], key=assignment_key)


def _to_present_group(key: str, gone: Mapping[str, DriftItem], organisation: Organisation) -> Raw | None:
    """An assignment to a group that is gone, to the one that stands for the container now or will."""
    target, group_id, intent = key.split(":", 2)
    reference = present_group(gone[group_id], organisation) if group_id in gone else None
    return assignment_for("group", reference, intent, target != "group") if reference else None


def present_group(item: DriftItem, organisation: Organisation) -> str | None:
    """The id, or the nickname of one that the portal creates again; None while there is none."""
    place = (item.before or {}).get("place")
    known = organisation.places.get((str(place[0]), int(place[1]))) if place else None
    if known is None or not known.has_group or item.group is None:
        return None
    if known.group_id not in (None, item.group.graph_id):
        return str(known.group_id)
    return nickname_of(known.key) if known.key[0] in KEPT else None


def _targets(raws: Iterable[Raw], taken: Snapshot) -> tuple[Target, ...]:
    """Also for all devices and for groups of rings; other groups that stand for no container reach nobody that the
    portal could name."""
    places = taken.organisation.places_by_group() | {key: ("ring", group.pk) for key, group in taken.rings.items()}
    dead = set(IntuneGroup.objects.exclude(missing_since=None).values_list("graph_id", flat=True))
    found = set()
    for raw in raws:
        node = None if parse_id(group_of(raw)) in dead else _node(raw, taken.organisation, places)
        if node and not has_filter(raw):
            found.add(Target(*node, intent_of(raw), is_exclusion(raw)))
    return tuple(sorted(found))


def _node(raw: Raw, organisation: Organisation, places: Mapping[UUID, NodeKey]) -> NodeKey | None:
    if target_type(raw) == "allDevices":
        return next(iter(organisation.roots), None)
    group = group_of(raw)
    group_id = parse_id(group)
    return places.get(group_id) if group_id else node_of(group or "")


def _planned(version: AppVersion, state: AppState, taken: Snapshot) -> PlannedChange:
    after, names = _targets(state.desired, taken), {group.pk: group_name(group) for group in taken.rings.values()}
    return PlannedChange(
        app_version=version,
        targets_before=target_rows(taken.ours(version.pk), taken.organisation, names),
        targets_after=target_rows(after, taken.organisation, names),
        effects=state.effects,
    )
