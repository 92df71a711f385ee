"""What a plan is made from: what a revision means, beside what Intune has at this moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from deployments.desired import DesiredState, desired_state
from deployments.effects import target_effects
from deployments.models import Application, AppVersion, BaselineRevision, RingGroup
from deployments.organisation import Organisation, load_organisation, target_rows, targets_in
from deployments.services.changes import PlannedChange, broken_off, under_way
from deployments.targets import Target
from intune_sync.graph import GraphClient
from intune_sync.models import IntuneApp, OwnedAssignment
from intune_sync.payloads import assignment_for, assignment_key, parse_id
from intune_sync.payloads.aims import group_of, has_filter, intent_of, is_exclusion
from intune_sync.push.kept_groups import group_name, group_reference, new_groups, nicknames_in
from intune_sync.push.lists import read_lists
from intune_sync.push.merge import Raw
from intune_sync.push.plan import AppState, Notice, Plan, plan

PUBLISHED = "published"


@dataclass(frozen=True)
class FreshPlan:
    """A plan, its parts by app version as the change set keeps them, and what it was made from."""

    plan: Plan
    changes: list[PlannedChange]
    taken: Snapshot


@dataclass(frozen=True)
class Snapshot:
    """`lists` by Intune app id, `owned` by app version id; versions are those that shall have or have something.

    `coming` is what other changes that are under way will have written, by app version id.
    """

    organisation: Organisation
    wanted: DesiredState
    wanted_before: Mapping[int, tuple[Target, ...]]
    versions: Mapping[int, AppVersion]
    lists: Mapping[UUID, list[Raw] | None]
    owned: Mapping[int, frozenset[str]]
    unpublished: frozenset[UUID]
    rings: Rings
    coming: Mapping[int, tuple[Target, ...]]

    def observed(self, version_id: int) -> list[Raw]:
        return self.lists[self.versions[version_id].intune_app_id] or []

    def ours(self, version_id: int) -> tuple[Target, ...]:
        """Our targets as Intune has them now; of an app that another change is writing, as it will have them then,
        since this one has to wait for that."""
        if version_id in self.coming:
            return self.coming[version_id]
        owned = self.owned.get(version_id, frozenset())
        mine = (raw for raw in self.observed(version_id) if assignment_key(raw) in owned)
        return targets_of(mine, self.organisation, self.rings)

    def foreign(self, version_id: int) -> tuple[Target, ...]:
        """What others have assigned to groups that we know, without a filter: it counts for what a computer gets."""
        owned = self.owned.get(version_id, frozenset())
        theirs = (raw for raw in self.observed(version_id) if assignment_key(raw) not in owned)
        return targets_of(theirs, self.organisation, self.rings)

    def desired(self, version_id: int) -> tuple[Target, ...]:
        return self.wanted.targets.get(version_id, ())

    def effects(self) -> dict[int, dict[int, str]]:
        """What changes for which computer, by app version id and device id."""
        before = {version: (*self.ours(version), *self.foreign(version)) for version in self.versions}
        after = {version: (*self.desired(version), *self.foreign(version)) for version in self.versions}
        found = target_effects(before, after)
        return {version: {device: str(effect) for device, effect in by.items()} for version, by in found.items()}


def fresh_plan(revision: BaselineRevision, client: GraphClient) -> FreshPlan:
    """What has to be written so that Intune says what `revision` means; every app concerned is read anew.

    What another change is writing is left to that one, and what a roll-out that was broken off has not written stays
    unwritten, unless this revision says something else of the same app.
    About one request for each twenty apps. Raises GraphError; nothing is stored.
    """
    taken = take_snapshot(revision, client)
    effects = taken.effects()
    active = BaselineRevision.objects.active().values_list("pk", flat=True).first()
    states = [_app_state(taken, version, effects.get(version.pk, {})) for version in taken.versions.values()]
    others = {each.app_version_id for each in under_way(revision.pk)} | _left_half_way(taken, states)
    made = plan(
        [state for state in states if state.is_concerned or state.version_id not in others],
        snapshot={"active_revision": active, "revision": revision.pk},
        notices=_unreached(taken),
    )
    desired = [raw for change in made.changes for raw in change.desired]
    made = replace(made, groups=new_groups(nicknames_in(desired)))
    return FreshPlan(made, [_planned(taken, change.version_id, effects) for change in made.changes], taken)


def _left_half_way(taken: Snapshot, states: Iterable[AppState]) -> set[int]:
    """Versions of applications that a roll-out left so, unless the revision says something else of the application."""
    new = {taken.versions[state.version_id].application_id for state in states if state.is_concerned}
    left = broken_off().exclude(app_version__application__in=new)
    return set(left.values_list("app_version", flat=True))


def take_snapshot(revision: BaselineRevision, client: GraphClient) -> Snapshot:
    organisation = load_organisation()
    wanted = desired_state(revision, organisation)
    owned = _owned_keys()
    versions = AppVersion.objects.select_related("application").in_bulk({*wanted.targets, *owned})
    lists = read_lists(client, (version.intune_app_id for version in versions.values()))
    unpublished = IntuneApp.objects.filter(graph_id__in=lists).exclude(publishing_state__in=["", PUBLISHED])
    return Snapshot(
        organisation,
        wanted,
        desired_state(BaselineRevision.objects.active().first(), organisation).targets,
        versions,
        lists,
        owned,
        frozenset(unpublished.values_list("graph_id", flat=True)),
        load_rings(),
        {each.app_version_id: targets_in(each.targets_after) for each in under_way(revision.pk)},
    )


Rings = Mapping[UUID, RingGroup]
"""Groups of rings that are in Entra, by their id there."""


def load_rings() -> Rings:
    """One query."""
    there = RingGroup.objects.filter(entra_group_id__isnull=False, deleted_at=None)
    return {group.entra_group_id: group for group in there.select_related("ring") if group.entra_group_id}


def targets_of(raws: Iterable[Raw], organisation: Organisation, rings: Rings | None = None) -> tuple[Target, ...]:
    """Assignments of whole groups that belong to a municipality, school form, school, class group or ring."""
    places = organisation.places_by_group()
    places |= {group_id: ("ring", group.pk) for group_id, group in (rings or {}).items()}
    found = set()
    for raw in raws:
        group_id = parse_id(group_of(raw))
        if group_id in places and not has_filter(raw):
            found.add(Target(*places[group_id], intent_of(raw), is_exclusion(raw)))
    return tuple(sorted(found))


def assignments_for(targets: Iterable[Target], organisation: Organisation) -> list[Raw]:
    """Always for a group, by its id, or by the nickname of one that is still to be created. A target without a group
    raises LookupError and never becomes "all devices"."""
    return [
        assignment_for("group", group_reference(target, organisation), target.intent, target.exclude)
        for target in targets
    ]


def _owned_keys() -> dict[int, frozenset[str]]:
    by_version: dict[int, set[str]] = {}
    for version_id, key in OwnedAssignment.objects.values_list("app_version_id", "key"):
        by_version.setdefault(version_id, set()).add(key)
    return {version_id: frozenset(keys) for version_id, keys in by_version.items()}


def _app_state(taken: Snapshot, version: AppVersion, effects: Mapping[int, str]) -> AppState:
    return AppState(
        app_id=str(version.intune_app_id),
        version_id=version.pk,
        name=str(version),
        observed=taken.lists[version.intune_app_id],
        owned_keys=taken.owned.get(version.pk, frozenset()),
        desired=assignments_for(taken.desired(version.pk), taken.organisation),
        published=version.intune_app_id not in taken.unpublished,
        is_concerned=taken.wanted.targets.get(version.pk) != taken.wanted_before.get(version.pk),
        effects=effects,
    )


def _planned(taken: Snapshot, version_id: int, effects: Mapping[int, Mapping[int, str]]) -> PlannedChange:
    names = {group.pk: group_name(group) for group in taken.rings.values()}
    return PlannedChange(
        app_version=taken.versions[version_id],
        targets_before=target_rows(taken.ours(version_id), taken.organisation, names),
        targets_after=target_rows(taken.desired(version_id), taken.organisation),
        effects=effects.get(version_id, {}),
    )


def _unreached(taken: Snapshot) -> Iterator[Notice]:
    """Computers that the revision means but no group reaches."""
    names = dict(Application.objects.filter(pk__in=taken.wanted.unreachable).values_list("pk", "name"))
    for application_id, missed in sorted(taken.wanted.unreachable.items()):
        for each in missed:
            place = taken.organisation.name((each.kind, each.key))
            yield Notice(each.reason, names[application_id], intent=each.intent or "", place=place)
