"""Carries operations out: read the app's list, merge, send, read back. No transaction is open across a network call."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from intune_sync import graph
from intune_sync.drift.reversal import dropped_keys
from intune_sync.graph import (
    AnswerLost,
    ApprovalRequired,
    BadRequest,
    CircuitOpen,
    Forbidden,
    GraphClient,
    GraphError,
    GraphUnavailable,
    NotFound,
    Throttled,
    Unauthenticated,
)
from intune_sync.graph.beta import BETA
from intune_sync.models import Operation, OwnedAssignment
from intune_sync.payloads import assign_body, assign_path
from intune_sync.push import action_work, app_work, dropping, group_work, identity_work, import_work, ledger, rule_work
from intune_sync.push.kept_groups import with_group_ids
from intune_sync.push.kill_points import reach
from intune_sync.push.ledger import Lease, LostLease, Stopped
from intune_sync.push.lists import read_list
from intune_sync.push.merge import MergedList, Raw, merge, put_back, same_list
from intune_sync.push.outcome import record_verified
from intune_sync.push.overwritten import replaced_list
from intune_sync.push.sending import send

MOST_ITEMS = 20
MOST_SECONDS = 40
"""A task stops taking operations well before Celery's limit of 60 seconds would interrupt it."""
MOST_MERGES = 3

Status, Problem = Operation.Status, Operation.Problem
log = logging.getLogger(__name__)

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Worked:
    """How many operations a task has taken up, and whether more are due now."""

    taken: int
    more: bool


def work(
    now: datetime,
    *,
    most: int = MOST_ITEMS,
    worker: str = "",
    after_each: Callable[[Operation], None] | None = None,
    actions: bool = False,
) -> Worked:
    """Take up due operations, one after another, until none is due, `most` are done, or Intune is busy or away.

    `actions`: remote actions alone, with the identity that may do them; otherwise everything else.
    """
    at = _clock(now)
    taken = 0
    with graph.client("destructive" if actions else "writer") as client:
        while taken < most and at() - now < timedelta(seconds=MOST_SECONDS):
            reach("before_claim")
            lease = ledger.claim(at(), worker or worker_name(), actions=actions)
            if lease is None:
                return Worked(taken, more=False)
            reach("after_claim")
            taken += 1
            try_operation(lease, client, at)
            if after_each:
                after_each(lease.operation)
            reach("before_next")
    return Worked(taken, more=ledger.is_due(at(), actions=actions))


def try_operation(lease: Lease, client: GraphClient, at: Clock) -> None:
    """One try at one operation; whatever goes wrong ends in its row."""
    try:
        WORK[lease.operation.kind](lease, client, at)
        if lease.operation.status == Status.VERIFIED:
            reach("after_verified_is_kept")
    except LostLease:
        log.warning("operation %s: another worker has taken over", lease.operation.pk)
    except Stopped:
        _settle(partial(lease.look_again, Problem.STOPPED, at(), 0))
    except GraphError as error:
        _settle(partial(_put_down, lease, error, at()))
    except Exception:
        log.exception("operation %s", lease.operation.pk)
        _settle(partial(_try_again_after_a_surprise, lease, at()))


def carry_out(lease: Lease, client: GraphClient, at: Clock) -> None:
    """Bring the app's list to what the approved plan says. Raises GraphError and LostLease."""
    operation, (_change, app_id) = lease.operation, lease.operation.assignment
    desired = with_group_ids(operation.desired)
    if desired is None:
        return lease.fail(Problem.NO_GROUP, at())
    current = basis = read_list(client, app_id)
    reach("after_read")
    if operation.request_hash and operation.before is not None:  # an earlier try sent it, and never read back
        basis = _with_overwritten(operation, operation.before, current, current, client)
    for merges in range(MOST_MERGES + 1):
        merged = merge(basis, _owned_keys(operation) | _dropped_keys(operation, basis), desired)
        if merged.conflicts:
            return lease.fail(Problem.FOREIGN, at())
        if same_list(merged.write, current):
            return record_verified(lease, merged, current, at())
        if merges == MOST_MERGES:
            break
        if merges:
            lease.move(Status.CLAIMED, at(), merges=operation.merges + 1)
        before, current = current, _send_and_read_back(lease, merged, current, client, at)
        if same_list(before, current):
            return lease.try_again(Problem.NO_EFFECT, at())
        basis = _with_overwritten(operation, before, merged.write, current, client)
    return lease.try_again(Problem.CONTESTED, at())


WORK: dict[str, Callable[[Lease, GraphClient, Clock], None]] = {
    Operation.Kind.ASSIGN: carry_out,
    Operation.Kind.GROUP: group_work.carry_out,
    Operation.Kind.DROP_GROUP: dropping.carry_out,
    Operation.Kind.RULE: rule_work.carry_out,
    Operation.Kind.CREATE_APP: app_work.carry_out,
    Operation.Kind.IDENTITY: identity_work.carry_out,
    Operation.Kind.IMPORT: import_work.carry_out,
    Operation.Kind.ACTION: action_work.carry_out,
}
"""How each kind of operation is carried out; each raises GraphError and LostLease."""


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _send_and_read_back(
    lease: Lease, merged: MergedList, observed: list[Raw], client: GraphClient, at: Clock
) -> list[Raw]:
    operation, (_change, app_id) = lease.operation, lease.operation.assignment
    body = assign_body(merged.write)
    _claim_ownership(lease, merged, at())
    send(
        lease,
        body,
        partial(client.post, assign_path(app_id), body, BETA),
        at,
        before=observed if operation.before is None else operation.before,
    )
    current = read_list(client, app_id)
    reach("after_reading_back")
    return current


def _with_overwritten(
    operation: Operation, before: list[Raw], written: list[Raw], current: list[Raw], client: GraphClient
) -> list[Raw]:
    """The current list, and in it what somebody else did between our reading and our writing."""
    replaced = replaced_list(client, operation.assignment[1], written)
    return current if replaced is None else put_back(current, before, replaced)


def _owned_keys(operation: Operation) -> set[str]:
    owned = OwnedAssignment.objects.filter(app_version=operation.assignment[0].app_version_id)
    return set(owned.values_list("key", flat=True))


def _dropped_keys(operation: Operation, basis: list[Raw]) -> set[str]:
    """Entries of others that a change which takes drift back was approved to take away."""
    return dropped_keys(operation.change_set_id, operation.assignment[0].app_version_id, basis)


def _claim_ownership(lease: Lease, merged: MergedList, now: datetime) -> None:
    """What we are about to write is ours from before it is sent; otherwise a worker that takes over after a crash
    would read our own entries as foreign. A key that never gets to Intune does no harm."""
    version = lease.operation.assignment[0].app_version_id
    OwnedAssignment.objects.bulk_create(
        [OwnedAssignment(app_version_id=version, key=key, since=now) for key in sorted(merged.our_keys)],
        ignore_conflicts=True,
    )


def _put_down(lease: Lease, error: GraphError, now: datetime) -> None:
    """Decide by the kind of failure whether to wait, try again, or give up."""
    match error:
        case ApprovalRequired():
            lease.await_approval(now, error.message, error.approval_code)
        case Throttled():
            ledger.hold_back(lease.wait(Problem.THROTTLED, now, seconds=error.retry_after))
        case CircuitOpen():
            ledger.hold_back(lease.wait(Problem.UNAVAILABLE, now, seconds=error.retry_after, error=error.message))
        case GraphUnavailable():
            ledger.hold_back(lease.wait(Problem.UNAVAILABLE, now, error=error.message))
        case Unauthenticated():
            ledger.hold_back(lease.wait(Problem.SIGN_IN, now, error=error.message))
        case AnswerLost():
            lease.try_again(Problem.ANSWER_LOST, now, error.message)
        case Forbidden():
            lease.fail(Problem.FORBIDDEN, now, error.message)
        case _ if lease.operation.kind in (
            Operation.Kind.GROUP,
            Operation.Kind.DROP_GROUP,
        ):  # another try reads anew what is in the way
            lease.try_again(Problem.REFUSED, now, error.message)
        case NotFound():
            lease.fail(GONE.get(lease.operation.kind, Problem.APP_GONE), now, error.message)
        case BadRequest():
            lease.fail(Problem.REFUSED, now, error.message)
        case _:
            lease.try_again(Problem.REFUSED, now, error.message)


GONE: dict[str, str] = {
    Operation.Kind.RULE: Problem.RULE_GONE,
    Operation.Kind.IDENTITY: Problem.DEVICE_GONE,
    Operation.Kind.ACTION: Problem.DEVICE_GONE,
    Operation.Kind.IMPORT: Problem.REFUSED,
}


def _try_again_after_a_surprise(lease: Lease, now: datetime) -> None:
    """A transaction that broke has taken back in the database a step that memory still has."""
    mine = Operation.objects.filter(pk=lease.operation.pk, fence=lease.fence, status__in=Operation.HELD)
    held = mine.values_list("status", flat=True).first()
    if held is None:
        raise LostLease(str(lease.operation.pk))
    lease.operation.status = held
    lease.try_again(Problem.UNEXPECTED, now)


def _settle(put_down: Callable[[], object]) -> None:
    try:
        put_down()
    except LostLease:
        log.warning("another worker has taken over an operation that failed here")


def _clock(now: datetime) -> Clock:
    """`now`, moving on as time passes."""
    started = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - started)
