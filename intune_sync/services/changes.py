"""A change set's way through Intune: its plan is frozen, and carried out if it is still true."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from deployments.models import ChangeSet, Rollout
from deployments.services import at_once, changes
from deployments.services.changes import AnotherUnderWay, record_plan, require, start
from deployments.services.rollouts import start_queued
from intune_sync import graph
from intune_sync.drift.reversal import fresh_reversal, items_of
from intune_sync.graph import GraphError
from intune_sync.models import Operation
from intune_sync.push import ledger, reconcile, rings, stages
from intune_sync.push.differences import differences
from intune_sync.push.kept_groups import owner_with
from intune_sync.push.ledger import AFRESH
from intune_sync.push.reconcile import lane_of
from intune_sync.push.snapshot import FreshPlan, fresh_plan
from intune_sync.push.still_approved import is_still_approved
from schools.models import User

log = logging.getLogger(__name__)


class StalePlan(ValidationError):
    """What was approved is no longer what would be done. `differences` says in sentences what is new; the change set
    has the new plan and waits for approval again."""

    def __init__(self, differences: list[str]) -> None:
        self.differences = differences
        self.status = str(ChangeSet.Status.PLANNED)
        said = _("Things have changed since the approval, so nothing was written. The change has to be approved again.")
        super().__init__(" ".join([said, *differences]), code="stale_plan")


class HasRollout(ValidationError):
    """The change goes out ring by ring and not all at once."""


def freeze_plan(change_set: ChangeSet, by: User | None, now: datetime) -> ChangeSet:
    """Work out what the change set's revision means in Intune now, and keep that as its plan.

    Raises InvalidMove when it is being written already, GraphError when Intune cannot be read; then nothing is kept.
    """
    require(change_set, *_PLANNABLE)
    return _keep(change_set, _fresh(change_set), by, now)


def apply_change_set(change_set: ChangeSet, by: User | None, now: datetime) -> ChangeSet:
    """Put the approved plan in force: the revision becomes active, and one operation per app waits for a worker.

    Raises InvalidMove unless approved, StalePlan when a plan made now would be another, AnotherUnderWay while another
    change has one of its apps or groups, HasRollout when it is to go out in rings, NotAtOnce where calendars or its
    size are against it, GraphError when Intune cannot be read. Wake a worker after commit (`tasks.write`); the sweep
    would find the operations without it.
    """

    def write_at_once(started: ChangeSet, _fresh: FreshPlan) -> None:
        _check_no_rollout(started)  # again, as nobody can plan one any more; one may have been while Intune was read
        at_once.check(started, now)
        _create_operations(started)

    require(change_set, ChangeSet.Status.APPROVED)
    _check_no_rollout(change_set)
    at_once.check(change_set, now)
    return _put_in_force(change_set, by, now, write_at_once)


def put_in_force(change_set: ChangeSet, by: User | None, now: datetime, begin: Callable[[], object]) -> ChangeSet:
    """As `apply_change_set`, for a change that goes out in rings: `begin` starts its roll-out in the same transaction,
    and nothing is written before its first ring opens (`push.rings`)."""

    def start_rings(started: ChangeSet, fresh: FreshPlan) -> None:
        begin()
        rings.prepare(started, fresh)

    return _put_in_force(change_set, by, now, start_rings)


def start_due(now: datetime) -> int:
    """Start the roll-outs whose turn has come. Returns how many; Intune is read for each."""
    try:
        return start_queued(now, put_in_force, stops=(GraphError,))
    except GraphError as error:
        log.warning("A roll-out waits to start: %s", error)
        return 0


def _put_in_force(
    change_set: ChangeSet, by: User | None, now: datetime, follow: Callable[[ChangeSet, FreshPlan], object]
) -> ChangeSet:
    require(change_set, ChangeSet.Status.APPROVED)
    fresh = _fresh(change_set)
    if fresh.plan.hash != change_set.approved_hash:
        if not is_still_approved(change_set, fresh):
            said = differences(change_set, fresh)
            _keep(change_set, fresh, None, now)
            raise StalePlan(said)
        change_set = changes.keep_approval(change_set, fresh.plan.as_json(), fresh.plan.hash, fresh.changes)
    with transaction.atomic():
        stages.lock_rollout(change_set.pk)
        started = start(change_set, by, now)
        _check_groups(started)
        follow(started, fresh)
        ledger.finish_if_done(started.pk, now)
    started.refresh_from_db()
    return started


def retry_change_set(change_set: ChangeSet, by: User, now: datetime) -> ChangeSet:
    """Try again what failed, each operation with all its tries. Raises InvalidMove unless the change set failed."""
    with transaction.atomic():
        stages.lock(change_set.pk)
        resumed = changes.resume(change_set, by)
        failed = Operation.objects.filter(change_set=resumed, status=Operation.Status.FAILED)
        failed.update(status=Operation.Status.READY, **AFRESH)
        ledger.finish_if_done(resumed.pk, now)
    resumed.refresh_from_db()
    return resumed


def abandon_change_set(change_set: ChangeSet, by: User, reason: str) -> ChangeSet:
    """Close a change set with its errors left, so that the next can be written. Raises InvalidMove unless it failed."""
    return changes.abandon(change_set, by, reason)


_PLANNABLE = (ChangeSet.Status.DRAFT, ChangeSet.Status.PLANNED, ChangeSet.Status.APPROVED)


def _fresh(change_set: ChangeSet) -> FreshPlan:
    taken_back = items_of(change_set.pk)
    with graph.client() as client:
        if taken_back:
            return fresh_reversal(change_set.revision, taken_back, client)
        return fresh_plan(change_set.revision, client)


def _keep(change_set: ChangeSet, fresh: FreshPlan, by: User | None, now: datetime) -> ChangeSet:
    return record_plan(change_set, fresh.plan.as_json(), fresh.plan.hash, fresh.changes, by=by, now=now)


def _check_groups(change_set: ChangeSet) -> None:
    """A group that another change is creating stays with that one until it is there."""
    profiles = [group["profile_id"] for group in change_set.plan.get("groups", [])]
    if reconcile.created_by_others(change_set, profiles).exists():
        raise AnotherUnderWay(_("Another change is creating a group that this one needs. Finish that one first."))


def _check_no_rollout(change_set: ChangeSet) -> None:
    if Rollout.objects.filter(change_set=change_set, status__in=Rollout.NOT_STARTED).exists():
        raise HasRollout(_("A roll-out has been planned for this change. Start that, or break it off first."))


def _create_operations(change_set: ChangeSet) -> None:
    """One per app object, with what shall be ours there as the approved plan has it; before them the groups that are
    still to be created. One per group whose rule is put back."""
    for group in change_set.plan.get("groups", []):
        reconcile.put_operation(owner_with(group["nickname"]), change_set)
    for rule in change_set.plan.get("rules", []):
        Operation.objects.create(
            kind=Operation.Kind.RULE, change_set=change_set, desired=rule, lane=lane_of(change_set.pk)
        )
    desired = {change["version_id"]: change["desired"] for change in change_set.plan["changes"]}
    Operation.objects.bulk_create(
        Operation(
            change=change,
            change_set=change_set,
            intune_app_id=change.app_version.intune_app_id,
            desired=desired[change.app_version_id],
            lane=lane_of(change_set.pk),
        )
        for change in change_set.changes.select_related("app_version")
    )
