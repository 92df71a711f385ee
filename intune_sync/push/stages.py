"""A change that goes out ring by ring: what each ring's writes mean for its roll-out once they are done."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from deployments.models import AssignmentChange, ChangeSet, Ring, RingGroup, RingGroupMember, RingMember, Rollout
from deployments.services import rollouts
from fleet.models import Device
from intune_sync.models import Operation


def rollout_of(change_set_id: int) -> Rollout | None:
    """The one that carries the change out; None for a change that is written all at once."""
    return Rollout.objects.filter(change_set=change_set_id, started_at__isnull=False).first()


def lock(change_set_id: int) -> None:
    """Hold the change set until the transaction ends; before it the roll-out, as what people do with one does."""
    lock_rollout(change_set_id)
    ChangeSet.objects.select_for_update().get(pk=change_set_id)


def lock_rollout(change_set_id: int) -> None:
    Rollout.objects.select_for_update().filter(change_set=change_set_id).first()


def is_last(ring: Ring) -> bool:
    """Whether it writes the final state."""
    return not Ring.objects.filter(rollout=ring.rollout_id, number__gt=ring.number).exists()


def writes_final_state(operation: Operation) -> bool:
    """Whether what it writes is what the change set is for, and not a stage on the way."""
    if not operation.stage:
        return True
    later = Ring.objects.filter(rollout__change_set=operation.change_set_id, number__gt=operation.stage)
    return not later.exists()


def settle(change_set_id: int, now: datetime) -> bool:
    """Nothing of the change waits or is under way. Tell its roll-out which rings are written.

    False while more rings are to come: then the change set is not finished, however much of it is written.
    """
    rollout = rollout_of(change_set_id)
    if rollout is None:
        return True
    opened = list(rollout.rings.filter(status__in=Ring.OPENED).order_by("number"))
    if opened and is_last(opened[-1]):
        if AssignmentChange.objects.filter(change_set=change_set_id, written_at=None).exists():
            return _has_failed(change_set_id)
        rollouts.ring_written(opened[-1], now)
    elif _has_failed(change_set_id):
        return True
    else:
        for ring in opened:
            if _is_written(ring):
                rollouts.ring_written(ring, now)
    rollout.refresh_from_db()
    return rollout.status == Rollout.Status.DONE


def _has_failed(change_set_id: int) -> bool:
    return Operation.objects.filter(change_set=change_set_id, status=Operation.Status.FAILED).exists()


def _is_written(ring: Ring) -> bool:
    """Of one that is opening, its writes are there and done. Of an opened one, computers that were let in later are
    in their groups."""
    if ring.status == Ring.Status.OPENING:
        return is_prepared(ring)
    waiting = unwritten(ring)
    return waiting.exists() and not unconfirmed(waiting).exists()


def tell_late(group: RingGroup, now: datetime) -> None:
    """The group was confirmed: with it, perhaps, the computers of an opened ring that were let in later."""
    ring = group.ring
    if ring and ring.status in (Ring.Status.OPEN, Ring.Status.PASSED) and _is_written(ring):
        rollouts.ring_written(ring, now)


def is_prepared(ring: Ring) -> bool:
    """Whether its writes have been put in the ledger."""
    return Operation.objects.filter(change_set=ring.rollout.change_set_id, stage=ring.number).exists()


def has_begun(ring: Ring) -> bool:
    """Whether one of its lists has been sent, or needs no sending. Then the others follow, whatever happens: a change
    of several apps that is half there is worse."""
    return _begun().filter(change_set=ring.rollout.change_set_id, stage=ring.number).exists()


def held_back() -> Q:
    """Of operations: lists of a ring with which nobody has begun, while its roll-out does not run."""
    stopped = Rollout.objects.filter(change_set=OuterRef("change_set")).exclude(status=Rollout.Status.RUNNING)
    same_ring = _begun().filter(change_set=OuterRef("change_set"), stage=OuterRef("stage"))
    return Q(kind=Operation.Kind.ASSIGN, stage__gt=0) & Exists(stopped) & ~Exists(same_ring)


def _begun() -> QuerySet[Operation]:
    """A call that waits for approval in Intune has been sent, too."""
    lists = Operation.objects.filter(kind=Operation.Kind.ASSIGN)
    return lists.filter(Q(sent_at__isnull=False) | Q(status=Operation.Status.VERIFIED))


def unwritten(ring: Ring) -> QuerySet[RingMember]:
    """Computers of the ring that have been let in, and that Intune has not been told of yet."""
    return RingMember.objects.filter(ring=ring, released_at__isnull=False, written_at=None)


def unconfirmed(members: QuerySet[RingMember]) -> QuerySet[RingMember]:
    """Of these, the ones that were not seen in their group yet; those that no group holds any more are not awaited."""
    outside = RingGroupMember.objects.filter(
        group__ring=OuterRef("ring"), device=OuterRef("device"), confirmed_at=None, group__deleted_at=None
    )
    here = members.filter(device__missing_since=None).exclude(device__lifecycle=Device.Lifecycle.RETIRED)
    return here.filter(Exists(outside))
