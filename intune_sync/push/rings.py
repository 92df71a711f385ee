"""Opens the rings of roll-outs: their groups first, then the lists of apps that name them.

Each step is worked out from the database and put in the ledger in one transaction, so whoever takes over after a crash
finds either nothing of a step or all of it. Lists of others' assignments are the mirror's, read anew at the start.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from deployments.effects import Cell, load_cells
from deployments.models import AssignmentChange, ChangeSet, Ring, RingGroup, RingGroupMember, RingGroupUse, Rollout
from deployments.one_by_one import tried
from deployments.organisation import Organisation, load_organisation, target_rows, targets_in
from deployments.rollouts.staging import Part, StagedEntry, parts_of, staging
from deployments.services import rollouts
from deployments.targets import Target, intent_for, reach_in
from intune_sync.models import IntuneAssignment, KeptGroup, Operation, OwnedAssignment
from intune_sync.payloads import assignment_key
from intune_sync.push import dropping, reconcile, stages
from intune_sync.push.kept_groups import group_name, nicknames_in, owner_with
from intune_sync.push.merge import Raw
from intune_sync.push.outcome import mirror_list
from intune_sync.push.snapshot import FreshPlan, assignments_for, load_rings, targets_of
from schools import audit

Use = tuple[int, str, bool]
"""An assignment change, an intent, and whether the computers are excluded from it."""


def prepare(change_set: ChangeSet, fresh: FreshPlan) -> None:
    """Freeze what the apps' targets are until the last ring, and the groups of computers that have to be named to keep
    what they had. In the transaction in which the roll-out starts."""
    for planned in fresh.changes:
        mirror_list(planned.app_version.intune_app_id, fresh.taken.observed(planned.app_version.pk))
    rollout = Rollout.objects.get(change_set=change_set)
    rings = dict.fromkeys(rollout.members.values_list("device", flat=True), 1)
    kept: dict[int, set[Use]] = defaultdict(set)
    with_rings = any(target["kind"] == "ring" for each in change_set.changes.all() for target in each.targets_before)
    cells, organisation = load_cells(rings=with_rings), load_organisation()
    names = {group.pk: group_name(group) for group in fresh.taken.rings.values()}
    for state in _states(change_set, organisation):
        made = staging(state.before, state.after, state.of(cells), rings, organisation, foreign=state.foreign)
        state.change.targets_meanwhile = target_rows(made.base, organisation, names)
        state.change.save(update_fields=["targets_meanwhile"])
        for entry in made.entries:
            _note(kept, state.change, entry)
    _make_groups(rollout, None, kept)


def _note(kept: dict[int, set[Use]], change: AssignmentChange, entry: StagedEntry) -> None:
    for device in entry.device_ids if entry.ring == 0 else ():
        kept[device].add((change.pk, entry.intent, entry.exclude))


def sweep(now: datetime) -> int:
    """Put into the ledger what rings that open need, computers let in since, and groups to be deleted; take back rings
    of which nothing was sent and that may not open any more. Returns for how many rings. Four queries when nothing is
    going on."""
    under_way = Ring.objects.filter(rollout__change_set__status=ChangeSet.Status.APPLYING)
    opening = under_way.filter(status=Ring.Status.OPENING)
    opened = under_way.filter(
        status__in=[Ring.Status.OPEN, Ring.Status.PASSED], members__released_at__isnull=False, members__written_at=None
    )
    left = Ring.objects.filter(status=Ring.Status.OPENING, rollout__status=Rollout.Status.ABORTED)
    closed = left.filter(rollout__change_set__status=ChangeSet.Status.ABANDONED)
    count = 0
    for step, due in ((_leave_half_written, closed), (_open, opening), (_let_in, opened)):
        count += sum(tried(step, key, now) for key in due.order_by("pk").values_list("pk", flat=True).distinct())
    return count + dropping.sweep(now)


@transaction.atomic
def _open(key: int, now: datetime) -> bool:
    """False when there is nothing to do: its writes are in the ledger, and may be sent or have been."""
    ring = Ring.objects.select_related("rollout").get(pk=key)
    stages.lock(ring.rollout.change_set_id)
    ring.refresh_from_db()
    if ring.status != Ring.Status.OPENING or stages.has_begun(ring):
        return False
    if not rollouts.may_be_sent(ring, now):
        return _take_back(ring)
    if stages.is_prepared(ring):
        return False
    change_set = ChangeSet.objects.get(pk=ring.rollout.change_set_id)
    organisation = load_organisation()
    if stages.is_last(ring):
        lists = {change["version_id"]: change["desired"] for change in change_set.plan["changes"]}
        if _another_makes_groups_of(change_set, lists.values()):
            return False
    else:
        _group_computers(ring, change_set, organisation)
        lists = _lists(change_set, organisation)
    before = _written_lists(change_set, organisation)
    writes = [
        Operation(
            change=change,
            change_set=change_set,
            stage=ring.number,
            intune_app_id=change.app_version.intune_app_id,
            desired=lists[change.app_version_id],
            lane=reconcile.lane_of(change_set.pk),
        )
        for change in change_set.changes.select_related("app_version")
        if stages.is_last(ring) or _keys(lists[change.app_version_id]) != before[change.pk]
    ]
    _put_groups(ring, change_set, writes)
    Operation.objects.bulk_create(writes)
    if not stages.is_last(ring) and not stages.is_prepared(ring):
        rollouts.ring_written(ring, now)
    return True


def _another_makes_groups_of(change_set: ChangeSet, lists: Iterable[Iterable[Raw]]) -> bool:
    """Whether another change is creating a group that these lists name. It belongs to that one until it is there."""
    owners = [owner_with(nickname) for nickname in nicknames_in(raw for raws in lists for raw in raws)]
    profiles = [owner.pk for owner in owners if not isinstance(owner, RingGroup)]
    return reconcile.created_by_others(change_set, profiles).exists()


def _take_back(ring: Ring) -> bool:
    """Its lists leave the ledger, in which nobody has begun with one. Groups that have been created stay, empty; no
    list names them, and they are used when the ring opens. False when a worker came first."""
    mine = Operation.objects.filter(change_set=ring.rollout.change_set_id, stage=ring.number)
    list(mine.select_for_update())
    if stages.has_begun(ring):
        return False
    lists = mine.filter(kind=Operation.Kind.ASSIGN)
    (lists | mine.filter(kind=Operation.Kind.GROUP, sent_at=None)).delete()
    mine.update(change_set=None, stage=0, lane="groups")
    RingGroupUse.objects.filter(group__ring=ring).delete()
    RingGroupMember.objects.filter(group__ring=ring).delete()
    rollouts.take_back(ring)
    return True


def _put_groups(ring: Ring, change_set: ChangeSet, writes: Iterable[Operation]) -> None:
    """Groups that these lists name and that are still to be created, or to be filled; a ring's again when somebody has
    deleted it."""
    named = nicknames_in(raw for write in writes for raw in write.desired)
    for nickname in sorted(named):
        owner = owner_with(nickname)
        if not isinstance(owner, RingGroup) or not _is_filled(owner):
            reconcile.put_operation(owner, change_set, stage=ring.number)


@transaction.atomic
def _leave_half_written(key: int, _now: datetime) -> bool:
    """Somebody has closed a change while a ring of it could not be written: it opens no further, so that what did get
    there can be rolled back."""
    ring = Ring.objects.select_related("rollout").get(pk=key)
    ring.move_to(Ring.Status.OPEN)
    audit.record("rollout.ring_left", ring.rollout, by=None, after={"ring": ring.number})
    return False


def _is_filled(group: RingGroup) -> bool:
    return KeptGroup.objects.filter(ring_group=group, verified_at__isnull=False).exists()


@dataclass(frozen=True)
class _State:
    """One app of a change: our targets before and after, and what others assign."""

    change: AssignmentChange
    before: tuple[Target, ...]
    after: tuple[Target, ...]
    foreign: tuple[Target, ...]

    def of(self, cells: Iterable[Cell]) -> list[Cell]:
        """The computers that the app can be for."""
        return [cell for cell in cells if cell.platform == self.change.app_version.platform]


def _states(change_set: ChangeSet, organisation: Organisation) -> Iterator[_State]:
    rings = load_rings()
    for change in change_set.changes.select_related("app_version"):
        owned = set(OwnedAssignment.objects.filter(app_version=change.app_version_id).values_list("key", flat=True))
        rows = IntuneAssignment.objects.filter(app__graph_id=change.app_version.intune_app_id)
        theirs = [row.raw for row in rows if row.key not in owned]
        foreign = targets_of(theirs, organisation, rings)
        yield _State(change, targets_in(change.targets_before), targets_in(change.targets_after), foreign)


def _group_computers(ring: Ring, change_set: ChangeSet, organisation: Organisation) -> None:
    """Work out by the groups that the ring's computers are in now what has to be said to each, and keep that; of
    missing ones as well, so that they are let in when they are back.

    A computer that moves to another school after that stays in its ring's group, and leaves with all others when the
    last ring writes the final state. Intune leaves installed what it no longer assigns, so leaving sooner would take
    nothing from the computer; and the groups only grow, so a gate sees the same computers all along.
    """
    KeptGroup.objects.filter(ring_group__ring=ring).update(verified_at=None)  # of a ring that was taken back once
    members = set(ring.members.values_list("device", flat=True))
    uses: dict[int, set[Use]] = defaultdict(set)
    cells = load_cells(rings=True, everyone=True)
    for state in _states(change_set, organisation):
        standing = (*_meanwhile(state.change), *state.foreign)
        for cell in state.of(cells):
            wanted = intent_for((*state.after, *state.foreign), cell.all_groups)
            parts = parts_of(reach_in(standing, cell.all_groups), wanted)
            for device in members.intersection(cell.device_ids) if parts else ():
                uses[device].update(_uses(state.change, parts))
    _make_groups(ring.rollout, ring, uses)


def _uses(change: AssignmentChange, parts: Iterable[Part]) -> Iterator[Use]:
    for intent, exclude in parts:
        yield change.pk, intent, exclude


def _make_groups(rollout: Rollout, ring: Ring | None, uses: Mapping[int, set[Use]]) -> None:
    """One group for the computers of which the same is to be said; a second one where that is two things in one list,
    in which a group can stand once."""
    alike: dict[tuple[Use, ...], list[int]] = defaultdict(list)
    for device, said in uses.items():
        alike[tuple(sorted(said))].append(device)
    part = 0
    for all_uses, devices in sorted(alike.items()):
        for together in _once_per_list(all_uses):
            part += 1
            group, _is_new = RingGroup.objects.get_or_create(rollout=rollout, ring=ring, part=part)
            RingGroupUse.objects.bulk_create(
                RingGroupUse(group=group, change_id=change, intent=intent, exclude=exclude)
                for change, intent, exclude in together
            )
            members = [RingGroupMember(group=group, device_id=device) for device in sorted(devices)]
            RingGroupMember.objects.bulk_create(members, batch_size=5000)


def _once_per_list(said: tuple[Use, ...]) -> list[list[Use]]:
    parts: list[list[Use]] = []
    for use in said:
        room = next((part for part in parts if use[0] not in {change for change, _intent, _exclude in part}), None)
        if room is None:
            parts.append(room := [])
        room.append(use)
    return parts


def _meanwhile(change: AssignmentChange) -> tuple[Target, ...]:
    """Our targets until the last ring: what holds from the start, and what the rings that have opened have."""
    uses = change.ring_uses.select_related("group").order_by("group")
    rings = (Target("ring", use.group_id, use.intent, use.exclude) for use in uses)
    return (*targets_in(change.targets_meanwhile or []), *rings)


def _lists(change_set: ChangeSet, organisation: Organisation) -> dict[int, list[Raw]]:
    """Our assignments by app version while the rings are open that have groups."""
    return {
        change.app_version_id: sorted(assignments_for(_meanwhile(change), organisation), key=assignment_key)
        for change in change_set.changes.all()
    }


def _written_lists(change_set: ChangeSet, organisation: Organisation) -> dict[int, list[str]]:
    """What the apps' lists say of ours by now: as the last ring left them, or as before the roll-out."""
    found = {
        change.pk: _keys(assignments_for(targets_in(change.targets_before), organisation))
        for change in change_set.changes.all()
    }
    written = Operation.objects.filter(change_set=change_set, kind=Operation.Kind.ASSIGN).order_by("stage")
    return found | {each.change_id: _keys(each.desired) for each in written if each.change_id}


def _keys(raws: Iterable[Raw]) -> list[str]:
    return sorted(map(assignment_key, raws))


@transaction.atomic
def _let_in(key: int, now: datetime) -> bool:
    """Computers of an opened ring that were let in later: the lists name their groups already. When the last ring
    opens, the final state reaches them as all others."""
    ring = Ring.objects.select_related("rollout").get(pk=key)
    stages.lock(ring.rollout.change_set_id)
    if Ring.objects.filter(rollout=ring.rollout_id, status=Ring.Status.OPENING).exists():
        return False
    waiting = stages.unconfirmed(stages.unwritten(ring))
    if not waiting:  # those that are left have been retired or are missing, so no group will be confirmed with them
        rollouts.ring_written(ring, now)
        return True
    of_theirs = RingGroup.objects.filter(members__device__in=waiting.values("device"))
    groups = of_theirs.filter(ring=ring, deleted_at=None).distinct()
    for group in groups:
        reconcile.put_operation(group, ring.rollout.change_set, stage=ring.number)
    return bool(groups)
