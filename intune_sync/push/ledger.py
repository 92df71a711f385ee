"""Who works on which operation. A hold is a lease with a fencing number; a late worker's updates change nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Greatest

from deployments.models import ChangeSet
from deployments.services.changes import finish
from intune_sync.models import KillSwitch, Lane, Operation
from intune_sync.models.operations import OperationQuerySet
from intune_sync.push import stages
from intune_sync.push.kill_points import reach

LEASE = timedelta(seconds=60)
LEASE_WHILE_SENDING = timedelta(seconds=75)
"""Longer than a call may take, so that nobody else sends the same list while its answer is awaited."""
MOST_TRIES = 3
RETRY_AFTER = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=5)
KEEP_LANES = timedelta(days=1)
LOOK_FOR_APPROVAL = timedelta(minutes=2)
"""The first time; later less often, up to a quarter of an hour."""
AFRESH = {
    "attempts": 0,
    "waits": 0,
    "not_before": None,
    "problem": "",
    "error": "",
    "finished_at": None,
    "quarantined_at": None,
    "approval_since": None,
    "approval_code": "",
}
"""Columns of an operation that is tried again with all its tries. What may have been sent stays in doubt."""

Status, Problem = Operation.Status, Operation.Problem
_KEPT = (Status.SENDING, Status.SENT, Status.VERIFIED)
"""Statuses before whose storing the fault programme may kill; *verified* is stored with more in one transaction."""


class LostLease(Exception):
    """Another worker holds the operation now, or it is finished: stop, and change nothing more."""


class Stopped(Exception):
    """The kill switch was thrown after the operation was claimed: nothing was sent."""


@dataclass
class Lease:
    """An operation held by this worker. Each step is one update that counts only while the fence is still ours."""

    operation: Operation
    fence: int

    def move(self, status: str, now: datetime, **columns: Any) -> None:
        """Raises LostLease; `columns` are stored with the new status. Held statuses extend the lease.

        Raises Stopped instead of going to *sending* while the kill switch is thrown: asked in the same statement.
        """
        if status not in Operation.MOVES.get(self.operation.status, frozenset()):
            raise ValueError(f"An operation never goes from {self.operation.status} to {status}")
        length = LEASE_WHILE_SENDING if status == Status.SENDING else LEASE
        columns["lease_expires_at"] = now + length if status in Operation.HELD else None
        mine = Operation.objects.filter(pk=self.operation.pk, fence=self.fence, status=self.operation.status)
        if status in _KEPT:
            reach(f"before_{status}_is_kept")
        allowed = mine.exclude(Exists(KillSwitch.objects.thrown())) if status == Status.SENDING else mine
        if not allowed.update(status=status, **columns):
            raise Stopped if status == Status.SENDING and mine.exists() else LostLease(str(self.operation.pk))
        for name, value in {"status": status, **columns}.items():
            setattr(self.operation, name, value)
        if status in (Status.SENDING, Status.SENT):
            reach(f"after_{status}_is_kept")

    def still_sending(self, now: datetime) -> None:
        """Asked right before the call, however long this process may have stood still since it was kept. Raises
        LostLease once the lease has run out, as another worker may have settled it; Stopped for the kill switch."""
        mine = Operation.objects.filter(pk=self.operation.pk, fence=self.fence, status=Status.SENDING)
        row = mine.filter(lease_expires_at__gt=now).values(stopped=Exists(KillSwitch.objects.thrown())).first()
        if row is None:
            raise LostLease(str(self.operation.pk))
        if row["stopped"]:
            self.keep(in_doubt=False)
            raise Stopped

    def keep(self, **columns: Any) -> None:
        """Columns of an operation that stays where it is. Raises LostLease."""
        mine = Operation.objects.filter(pk=self.operation.pk, fence=self.fence, status=self.operation.status)
        if not mine.update(**columns):
            raise LostLease(str(self.operation.pk))
        for name, value in columns.items():
            setattr(self.operation, name, value)

    def wait(self, problem: str, now: datetime, seconds: float | None = None, error: str = "") -> datetime:
        """Put the operation down because Intune is busy or away, which is not its fault and not counted as a try.

        Returns until when: as Intune asked, or longer each time.
        """
        delay = timedelta(seconds=seconds) if seconds is not None else longer_each_time(self.operation.waits)
        self._put_down(problem, now + delay, error, waits=F("waits") + 1, attempts=F("attempts") - 1)
        return now + delay

    def look_again(self, problem: str, now: datetime, seconds: float, **columns: Any) -> None:
        """Put the operation down until Intune, which has taken it, has got further; not counted as a try."""
        until = now + timedelta(seconds=seconds)
        self._put_down(problem, until, "", attempts=F("attempts") - 1, **columns)

    def send_anew(self, problem: str, now: datetime) -> None:
        """What was sent has had its time to be seen and is not there: one more try, and without doubt."""
        self.move(Status.CLAIMED, now, in_doubt=False)
        self.try_again(problem, now)

    def await_approval(self, now: datetime, error: str, code: str = "") -> None:
        """Somebody has to approve the call in Intune first, and it is then made again. It was not carried out; it does
        not count as a try, and is given up after `APPROVAL_DAYS`."""
        since = self.operation.approval_since or now
        if now - since >= timedelta(days=settings.APPROVAL_DAYS):
            return self.fail(Problem.NOT_APPROVED, now, error, in_doubt=False)
        pause = min(LOOK_FOR_APPROVAL * (1 << min(self.operation.waits, 3)), timedelta(minutes=15))
        self.move(
            Status.AWAITING_APPROVAL,
            now,
            problem="",
            error=error,
            not_before=now + pause,
            approval_since=since,
            approval_code=code[:100],
            in_doubt=False,
            waits=F("waits") + 1,
            attempts=F("attempts") - 1,
        )
        return None

    def try_again(self, problem: str, now: datetime, error: str = "") -> None:
        """Put the operation down after a try that counts; after the last one it is set aside."""
        if self.operation.attempts >= MOST_TRIES:
            self.fail(problem, now, error, quarantined_at=now)
        else:
            self._put_down(problem, now + RETRY_AFTER * self.operation.attempts, error)

    def fail(self, problem: str, now: datetime, error: str = "", **columns: Any) -> None:
        with transaction.atomic():
            change_set_id = lock_change_set(self.operation)
            self.move(Status.FAILED, now, problem=problem, error=error, finished_at=now, **columns)
            finish_if_done(change_set_id, now)

    def _put_down(self, problem: str, until: datetime, error: str, **columns: Any) -> None:
        """An operation that may have been sent goes to *unknown*: it is settled by reading first."""
        status = Status.READY if self.operation.status == Status.CLAIMED else Status.UNKNOWN
        if self.operation.in_doubt:
            status = Status.UNKNOWN
        if problem == Problem.THROTTLED:
            status = Status.THROTTLED
        self.move(status, until, problem=problem, error=error, not_before=until, **columns)


def claim(now: datetime, worker: str, *, actions: bool = False) -> Lease | None:
    """An operation to work on, held for `LEASE`; None when none is due. Safe beside other workers.

    Those who wait are served in turn: of the lane that was served longest ago, the operation that was tried least.
    `actions`: only remote actions, which have workers of their own; otherwise only the rest.
    """
    for lane in _lanes(now, actions):
        lease = _claim_of(_claimable(now, actions).filter(lane=lane), now, worker)
        if lease is not None:
            return lease
    return None


def _lanes(now: datetime, actions: bool) -> list[str]:
    """The lanes with something due, the one served longest ago first."""
    waiting = set(_of_queue(Operation.objects.due(now), actions).order_by().values_list("lane", flat=True).distinct())
    served = dict(Lane.objects.filter(name__in=waiting).values_list("name", "served_at"))
    return sorted(waiting, key=lambda lane: (lane in served, served.get(lane), lane))


def _claim_of(due: QuerySet[Operation], now: datetime, worker: str) -> Lease | None:
    with transaction.atomic():
        row = due.order_by("attempts", "id").select_for_update(skip_locked=True, of=("self",)).first()
        if row is None:
            return None
        fence = row.fence + 1
        try:
            with transaction.atomic():
                Operation.objects.filter(pk=row.pk).update(
                    status=Status.CLAIMED,
                    worker=worker[:100],
                    fence=fence,
                    attempts=row.attempts + 1,
                    lease_expires_at=now + LEASE,
                    not_before=None,
                )
        except IntegrityError:  # the constraint one_writer_per_app: somebody holds the same app for another change
            return None
        Lane.objects.update_or_create(name=row.lane, defaults={"served_at": now})
    held = Operation.objects.select_related(*Operation.NAMES_OF_SUBJECT, "change_set").get(pk=row.pk)
    return Lease(held, fence)


def _of_queue(rows: OperationQuerySet, actions: bool) -> OperationQuerySet:
    is_action = Q(kind=Operation.Kind.ACTION)
    return rows.filter(is_action if actions else ~is_action)


def _claimable(now: datetime, actions: bool) -> OperationQuerySet:
    """Due, tried less than three times, nobody is writing the same app, no group of its change is missing yet, and its
    roll-out has not been stopped before it began. Nothing while the kill switch is thrown."""
    held = Operation.objects.filter(status__in=Operation.HELD, lease_expires_at__gt=now, intune_app_id__isnull=False)
    groups = Operation.objects.open().filter(kind=Operation.Kind.GROUP, change_set=OuterRef("change_set"))
    return (
        _of_queue(Operation.objects.due(now), actions)
        .filter(attempts__lt=MOST_TRIES)
        .exclude(Exists(KillSwitch.objects.thrown()))
        .exclude(intune_app_id__in=held.values("intune_app_id"))
        .exclude(Q(kind=Operation.Kind.ASSIGN) & Exists(groups))
        .exclude(stages.held_back())
    )


def hold_back(until: datetime) -> None:
    """Let all waiting operations wait: when Intune is busy or away, it is so for each of them."""
    waiting = Operation.objects.filter(status__in=Operation.WAITING)
    waiting.update(not_before=Greatest(Coalesce(F("not_before"), Value(until)), Value(until)))


def sweep(now: datetime) -> bool:
    """Give up what three workers died on, and close what only lacks closing. True when operations are due."""
    left = Operation.objects.filter(
        Q(status__in=Operation.HELD, lease_expires_at__lte=now) | Q(status__in=[Status.READY, Status.UNKNOWN]),
        attempts__gte=MOST_TRIES,
    )
    for operation in left:
        with transaction.atomic():
            change_set_id = lock_change_set(operation)
            given_up = Operation.objects.filter(pk=operation.pk, fence=operation.fence, status=operation.status).update(
                status=Status.FAILED,
                fence=F("fence") + 1,
                problem=operation.problem or Problem.POISON,
                quarantined_at=now,
                lease_expires_at=None,
                finished_at=now,
            )
            if given_up:
                finish_if_done(change_set_id, now)
    for change_set_id in ChangeSet.objects.filter(status=ChangeSet.Status.APPLYING).values_list("pk", flat=True):
        with transaction.atomic():
            stages.lock(change_set_id)
            finish_if_done(change_set_id, now)
    Lane.objects.filter(served_at__lt=now - KEEP_LANES).delete()
    return is_due(now)


def is_due(now: datetime, *, actions: bool = False) -> bool:
    return _claimable(now, actions).exists()


def lock_change_set(operation: Operation) -> int | None:
    """Lock the operation's change set, if it belongs to one, so that of two workers that finish its last operations
    one closes it."""
    if operation.change_set_id:
        stages.lock(operation.change_set_id)
    return operation.change_set_id


def finish_if_done(change_set_id: int | None, now: datetime) -> None:
    """Close the change set when none of its operations is open, and no further ring is to come. Its row must be locked
    by the caller (`stages.lock`)."""
    if change_set_id is None:
        return
    change_set = ChangeSet.objects.get(pk=change_set_id)
    is_open = Operation.objects.filter(change_set=change_set_id).open().exists()
    if change_set.status != ChangeSet.Status.APPLYING or is_open:
        return
    if stages.settle(change_set_id, now):
        rules = Operation.objects.filter(change_set=change_set_id, kind=Operation.Kind.RULE, status=Status.FAILED)
        finish(change_set, now, beside=rules.count())


def longer_each_time(waits: int) -> timedelta:
    return min(RETRY_AFTER * (1 << min(waits, 10)), LONGEST_WAIT)
