"""Who works on which operation. A hold is a lease with a fencing number; a late worker's updates change nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Greatest

from deployments.models import ChangeSet
from deployments.services.changes import finish
from intune_sync.kill_points import reach
from intune_sync.models import Operation

LEASE = timedelta(seconds=60)
LEASE_WHILE_SENDING = timedelta(seconds=75)
"""Longer than a call may take, so that nobody else sends the same list while its answer is awaited."""
MOST_TRIES = 3
RETRY_AFTER = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=5)

Status, Problem = Operation.Status, Operation.Problem
_KEPT = (Status.SENDING, Status.SENT, Status.VERIFIED)
"""Statuses before whose storing the fault programme may kill; *verified* is stored with more in one transaction."""


class LostLease(Exception):
    """Another worker holds the operation now, or it is finished: stop, and change nothing more."""


@dataclass
class Lease:
    """An operation held by this worker. Each step is one update that counts only while the fence is still ours."""

    operation: Operation
    fence: int

    def move(self, status: str, now: datetime, **columns: Any) -> None:
        """Raises LostLease; `columns` are stored with the new status. Held statuses extend the lease."""
        if status not in Operation.MOVES.get(self.operation.status, frozenset()):
            raise ValueError(f"An operation never goes from {self.operation.status} to {status}")
        length = LEASE_WHILE_SENDING if status == Status.SENDING else LEASE
        columns["lease_expires_at"] = now + length if status in Operation.HELD else None
        mine = Operation.objects.filter(pk=self.operation.pk, fence=self.fence, status=self.operation.status)
        if status in _KEPT:
            reach(f"before_{status}_is_kept")
        if not mine.update(status=status, **columns):
            raise LostLease(str(self.operation.pk))
        for name, value in {"status": status, **columns}.items():
            setattr(self.operation, name, value)
        if status in (Status.SENDING, Status.SENT):
            reach(f"after_{status}_is_kept")

    def wait(self, problem: str, now: datetime, seconds: float | None = None, error: str = "") -> datetime:
        """Put the operation down because Intune is busy or away, which is not its fault and not counted as a try.

        Returns until when: as Intune asked, or longer each time.
        """
        delay = timedelta(seconds=seconds) if seconds is not None else longer_each_time(self.operation.waits)
        self._put_down(problem, now + delay, error, waits=F("waits") + 1, attempts=F("attempts") - 1)
        return now + delay

    def try_again(self, problem: str, now: datetime, error: str = "") -> None:
        """Put the operation down after a try that counts; the last one fails it."""
        if self.operation.attempts >= MOST_TRIES:
            self.fail(problem, now, error)
        else:
            self._put_down(problem, now + RETRY_AFTER * self.operation.attempts, error)

    def fail(self, problem: str, now: datetime, error: str = "") -> None:
        with transaction.atomic():
            change_set_id = lock_change_set(self.operation)
            self.move(Status.FAILED, now, problem=problem, error=error, finished_at=now)
            finish_if_done(change_set_id, now)

    def _put_down(self, problem: str, until: datetime, error: str, **columns: Any) -> None:
        """An operation that may have been sent goes to *unknown*: it is settled by reading first."""
        status = Status.READY if self.operation.status == Status.CLAIMED else Status.UNKNOWN
        if problem == Problem.THROTTLED:
            status = Status.THROTTLED
        self.move(status, until, problem=problem, error=error, not_before=until, **columns)


def claim(now: datetime, worker: str) -> Lease | None:
    """The due operation that was tried least, held for `LEASE`; None when there is none. Safe beside other workers."""
    with transaction.atomic():
        row = _claimable(now).order_by("attempts", "id").select_for_update(skip_locked=True, of=("self",)).first()
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
    held = Operation.objects.select_related(*Operation.NAMES_OF_SUBJECT, "change_set").get(pk=row.pk)
    return Lease(held, fence)


def _claimable(now: datetime) -> QuerySet[Operation]:
    """Due, tried less than three times, nobody is writing the same app, and no group of its change is missing yet."""
    held = Operation.objects.filter(status__in=Operation.HELD, lease_expires_at__gt=now, intune_app_id__isnull=False)
    groups = Operation.objects.open().filter(kind=Operation.Kind.GROUP, change_set=OuterRef("change_set"))
    return (
        Operation.objects.due(now)
        .filter(attempts__lt=MOST_TRIES)
        .exclude(intune_app_id__in=held.values("intune_app_id"))
        .exclude(Q(kind=Operation.Kind.ASSIGN) & Exists(groups))
    )


def hold_back(until: datetime) -> None:
    """Let all waiting operations wait: when Intune is busy or away, it is so for each of them."""
    waiting = Operation.objects.filter(status__in=[Status.READY, Status.THROTTLED, Status.UNKNOWN])
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
                problem=operation.problem or Problem.WORKER_LOST,
                lease_expires_at=None,
                finished_at=now,
            )
            if given_up:
                finish_if_done(change_set_id, now)
    for change_set_id in ChangeSet.objects.filter(status=ChangeSet.Status.APPLYING).values_list("pk", flat=True):
        with transaction.atomic():
            ChangeSet.objects.select_for_update().get(pk=change_set_id)
            finish_if_done(change_set_id, now)
    return is_due(now)


def is_due(now: datetime) -> bool:
    return _claimable(now).exists()


def lock_change_set(operation: Operation) -> int | None:
    """Lock the operation's change set, if it belongs to one, so that of two workers that finish its last operations
    one closes it."""
    locked = ChangeSet.objects.select_for_update().filter(operations=operation).first()
    return locked.pk if locked else None


def finish_if_done(change_set_id: int | None, now: datetime) -> None:
    """Close the change set when none of its operations is open. Its row must be locked by the caller."""
    if change_set_id is None:
        return
    change_set = ChangeSet.objects.get(pk=change_set_id)
    open_operations = Operation.objects.filter(change_set=change_set_id).open()
    if change_set.status == ChangeSet.Status.APPLYING and not open_operations.exists():
        finish(change_set, now)


def longer_each_time(waits: int) -> timedelta:
    return min(RETRY_AFTER * (1 << min(waits, 10)), LONGEST_WAIT)
