"""Deletes the Entra groups of roll-outs that have ended: only the portal's own, and only when no list of ours names
them any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import cast
from uuid import UUID

from django.db import transaction

from deployments.models import RingGroup, RingGroupUse, Rollout
from deployments.one_by_one import tried
from intune_sync.graph import GraphClient, NotFound
from intune_sync.models import IntuneGroup, KeptGroup, Operation, OwnedAssignment
from intune_sync.payloads import parse_id
from intune_sync.payloads.members import NICKNAME_PARAMS, group_path
from intune_sync.push.group_work import LOOK_AGAIN_SECONDS, find
from intune_sync.push.kept_groups import group_name
from intune_sync.push.kill_points import reach
from intune_sync.push.ledger import AFRESH, Lease
from intune_sync.push.sending import send
from schools import audit

TRY_AGAIN_AFTER = timedelta(hours=1)
ENDED = [Rollout.Status.DONE, Rollout.Status.ABORTED, Rollout.Status.ROLLED_BACK]

Status, Problem = Operation.Status, Operation.Problem
Clock = Callable[[], datetime]


def sweep(now: datetime) -> int:
    """An operation for each group that nothing needs any more; how many. One query while there is none."""
    left = list(RingGroup.objects.filter(deleted_at=None, rollout__status__in=ENDED).select_related("rollout"))
    if not left:
        return 0
    named, busy = _named(left), _busy(left)
    done_with = [group for group in left if group.entra_group_id not in named and group.rollout_id not in busy]
    return sum(tried(_put, group.pk, now) for group in done_with)


def _named(groups: Iterable[RingGroup]) -> set[UUID | None]:
    """Groups that an app's list still names."""
    versions = RingGroupUse.objects.filter(group__in=[group.pk for group in groups]).values("change__app_version")
    keys = OwnedAssignment.objects.filter(app_version__in=versions).values_list("key", flat=True)
    return {parse_id(key.split(":")[1]) for key in keys} - {None}


def _busy(groups: Iterable[RingGroup]) -> set[int]:
    """Roll-outs of which something is still being written."""
    unfinished = Operation.objects.open().filter(change_set__rollout__in={group.rollout_id for group in groups})
    return {pk for pk in unfinished.values_list("change_set__rollout", flat=True) if pk}


@transaction.atomic
def _put(key: int, now: datetime) -> bool:
    """Once; what failed is tried again after a while."""
    group = RingGroup.objects.select_related("ring").get(pk=key)
    mine = Operation.objects.select_for_update(of=("self",)).filter(ring_group=group)
    if not mine.exists():  # nobody ever began to create it
        RingGroup.objects.filter(pk=group.pk).update(deleted_at=now)
        return False
    if mine.open().exists():
        return False
    before = mine.filter(kind=Operation.Kind.DROP_GROUP).first()
    if before is None:
        Operation.objects.create(
            kind=Operation.Kind.DROP_GROUP, ring_group=group, desired={"name": group_name(group)}, lane="groups"
        )
    elif before.finished_at and now - before.finished_at > TRY_AGAIN_AFTER:
        before.move_to(Status.READY, **AFRESH)
    else:
        return False
    return True


def carry_out(lease: Lease, client: GraphClient, at: Clock) -> None:
    """Delete the group, after a look that it is the one. What is gone is gone as wished.

    Raises GraphError and LostLease.
    """
    group = cast(RingGroup, lease.operation.ring_group)
    group_id = group.entra_group_id or find(group, client)
    if group_id is None:
        return _record(lease, group, at())
    nickname = _nickname(client, group_id)
    reach("after_read")
    if nickname is None:
        return _record(lease, group, at())
    if nickname != group.mail_nickname:
        return lease.fail(Problem.NOT_OURS, at())
    path = group_path(group_id)
    try:
        send(lease, {"delete": str(group_id)}, partial(client.delete, path), at)
    except NotFound:
        lease.move(Status.CLAIMED, at())
        return _record(lease, group, at())
    is_gone = _nickname(client, group_id) is None
    reach("after_reading_back")
    if not is_gone:
        return lease.look_again(Problem.NO_EFFECT, at(), LOOK_AGAIN_SECONDS)
    return _record(lease, group, at())


def _nickname(client: GraphClient, group_id: UUID) -> str | None:
    """None for a group that is not there."""
    try:
        return str(client.get(group_path(group_id), NICKNAME_PARAMS).get("mailNickname"))
    except NotFound:
        return None


def _record(lease: Lease, group: RingGroup, now: datetime) -> None:
    with transaction.atomic():
        lease.move(Status.VERIFIED, now, finished_at=now, problem="", error="", waits=0)
        RingGroup.objects.filter(pk=group.pk).update(deleted_at=now)
        KeptGroup.objects.filter(ring_group=group).delete()
        if group.entra_group_id:
            IntuneGroup.objects.filter(graph_id=group.entra_group_id, missing_since=None).update(missing_since=now)
        before = {"group": group_name(group), "entra_group_id": str(group.entra_group_id or "")}
        audit.record("group.deleted", group, by=None, before=before, after={"request_id": lease.operation.request_id})
