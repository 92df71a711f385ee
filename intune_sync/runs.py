"""Runs: asked for as rows, claimed by one worker, and ended with a status that says why something happened or not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce

from intune_sync import graph
from intune_sync.drift import detect as drift
from intune_sync.graph import CircuitOpen, GraphClient, GraphError, Throttled
from intune_sync.locks import is_free, lock, unlock
from intune_sync.models import SyncRun
from intune_sync.models.runs import SyncRunQuerySet
from intune_sync.pull import PULLS
from intune_sync.pull.failures import reason_of
from intune_sync.pull.outcome import LostRun, Outcome, Pull, UnsafeAnswer
from intune_sync.schedule import due_resources, knows_changes
from schools import audit
from schools.clock import shared_now
from schools.models import User

log = logging.getLogger(__name__)

HEARTBEAT_EVERY = timedelta(seconds=5)
Mode, Status, Trigger = SyncRun.Mode, SyncRun.Status, SyncRun.Trigger
Seen = Callable[[int], None]


def request_runs(
    resources: Iterable[str], trigger: str, by: User | None = None, mode: str = Mode.FULL
) -> list[SyncRun]:
    """A queued run for each resource; the one that is queued already, where there is one. Wake a worker afterwards.

    Where changes alone cannot be asked for, everything is read whatever `mode` says.
    """
    return [_request(resource, trigger, by, mode) for resource in resources]


def release(run: SyncRun, by: User) -> SyncRun:
    """Let the resource of an unsafe run through although much is absent: a new run that does not brake.

    Raises InvalidMove when `run` is not the unsafe last word on its resource.
    """
    with transaction.atomic():
        run = SyncRun.objects.select_for_update().get(pk=run.pk)
        run.require_releasable()
        new = _request(run.resource, Trigger.PERSON, by, Mode.FULL)
        SyncRun.objects.filter(pk=new.pk).update(approved_by=by)
        new.refresh_from_db()
        audit.record("syncrun.released", run, by=by, after={"run": new.pk, **run.reason_data})
    return new


def run(run_id: int, *, on_seen: Seen | None = None) -> SyncRun:
    """Carry out one turn of a queued run here and now; does nothing when it is not due or another worker has it.

    Afterwards the run has ended, or is queued again with what is left in `rest` and perhaps `not_before`. When another
    worker is reading the same resource, the run is skipped.
    """
    now = shared_now()
    row = SyncRun.objects.get(pk=run_id)
    if not lock(row.resource):
        SyncRun.objects.filter(pk=run_id, status=Status.QUEUED).update(
            status=Status.SKIPPED_BUSY, reason="busy", finished_at=now
        )
    else:
        try:
            if _claim(row, now):
                _turn(row, now, on_seen)
        finally:
            unlock(row.resource)
    row.refresh_from_db()
    return row


def run_if_there(run_id: int) -> bool:
    """As `run`, for a message that may be late: the row need not exist any more. Whether a turn was taken."""
    turn = SyncRun.objects.filter(pk=run_id).values_list("turn", flat=True).first()
    return turn is not None and run(run_id).turn != turn


def due_ids(now: datetime) -> list[int]:
    return list(SyncRun.objects.due(now).order_by("id").values_list("pk", flat=True))


def sweep(now: datetime) -> list[int]:
    """Find runs whose worker is gone, ask for what the interval makes due; returns the ids of runs that are due.

    The lock alone tells: a worker that merges for minutes says nothing, and what it has merged counts. One that hangs
    is killed by its time limit, and its connection with it.
    """
    for left in SyncRun.objects.filter(status=Status.RUNNING):
        if is_free(left.resource):
            abandoned = SyncRun.objects.filter(pk=left.pk, status=Status.RUNNING, turn=left.turn)
            if abandoned.update(status=Status.ABANDONED, reason="abandoned", finished_at=now):
                _again(left)
    for resource, mode in due_resources(now).items():
        request_runs([resource], Trigger.SCHEDULE, mode=mode)
    return due_ids(now)


def _again(left: SyncRun) -> None:
    new = _request(left.resource, Trigger.SCHEDULE, None, left.mode)
    if left.approved_by_id:
        SyncRun.objects.filter(pk=new.pk).update(approved_by=left.approved_by_id)


def _request(resource: str, trigger: str, by: User | None, mode: str) -> SyncRun:
    mode = mode if knows_changes(resource) else Mode.FULL
    row = SyncRun(resource=resource, trigger=trigger, requested_by=by, mode=mode)
    with suppress(IntegrityError), transaction.atomic():
        row.save(force_insert=True)
        if trigger in (Trigger.PERSON, Trigger.COMMAND):
            audit.record("syncrun.requested", row, by=by, after={"resource": resource, "mode": mode})
        return row
    if mode == Mode.FULL:
        SyncRun.objects.filter(resource=resource, status=Status.QUEUED, mode=Mode.WINDOW).update(mode=mode, rest={})
    queued = SyncRun.objects.filter(resource=resource, status=Status.QUEUED).first()
    return queued or _request(resource, trigger, by, mode)  # claimed in this very moment: ask anew


def _claim(row: SyncRun, now: datetime) -> bool:
    """The lock is held, so a run of this resource that still says "running" has lost its worker."""
    SyncRun.objects.filter(resource=row.resource, status=Status.RUNNING).update(
        status=Status.ABANDONED, reason="abandoned", finished_at=now
    )
    due = SyncRun.objects.due(now).filter(pk=row.pk)
    if not SyncRun.objects.filter(pk__in=due, status=Status.QUEUED).update(
        status=Status.RUNNING,
        turn=F("turn") + 1,
        started_at=Coalesce("started_at", Value(now)),
        heartbeat_at=now,
        not_before=None,
        reason="",
        reason_data={},
    ):
        return False
    row.refresh_from_db()
    return True


def _turn(row: SyncRun, now: datetime, on_seen: Seen | None) -> None:
    with graph.client() as client:
        try:
            outcome = PULLS[row.resource](Pull(row, client, now, _Heartbeat(row, client, now, on_seen)))
        except Throttled as error:
            _go_on_later(row, client, "throttled", row.rest, timedelta(seconds=error.retry_after))
        except CircuitOpen as error:
            _go_on_later(row, client, "paused", row.rest, timedelta(seconds=error.retry_after or 0))
        except GraphError as error:
            code, data = reason_of(error)
            log.warning("sync of %s failed: %s (request %s)", row.resource, error.message, error.request_id)
            _finish(row, client, Status.FAILED, code, data)
        except UnsafeAnswer as error:
            _finish(row, client, Status.UNSAFE, "shrunk", {"absent": error.absent, "known": error.known})
        except LostRun:
            log.warning("sync run %s was given up for lost; its late worker changes nothing", row.pk)
        except Exception as error:
            log.exception("sync run %s failed", row.pk)
            _finish(row, client, Status.FAILED, "unexpected", {"kind": type(error).__name__})
        else:
            _end_turn(row, client, outcome)


def _end_turn(row: SyncRun, client: GraphClient, outcome: Outcome) -> None:
    row.counts = _added(row.counts, outcome.counts) if row.rest else outcome.counts
    if outcome.rest:
        _go_on_later(row, client, "more_to_do", outcome.rest, timedelta(seconds=outcome.resume_in_seconds))
    else:
        has_changes = Outcome(row.counts).has_changes
        _finish(row, client, Status.CHANGED if has_changes else Status.NO_CHANGES)
        drift.after(row, client, shared_now())


def _added(before: dict[str, int], more: dict[str, int]) -> dict[str, int]:
    return {name: before.get(name, 0) + more.get(name, 0) for name in [*before, *more]}


def _go_on_later(row: SyncRun, client: GraphClient, reason: str, rest: dict[str, object], wait: timedelta) -> None:
    """Back to the queue. A younger run queued meanwhile is not needed: this one reads what it would have read."""
    now = shared_now()
    with transaction.atomic():
        younger = SyncRun.objects.filter(resource=row.resource, status=Status.QUEUED)
        if row.mode == Mode.WINDOW and younger.filter(mode=Mode.FULL).exists():
            row.mode, rest = Mode.FULL, {}
        younger.update(status=Status.SKIPPED_BUSY, reason="busy", finished_at=now)
        _mine(row).update(
            status=Status.QUEUED,
            mode=row.mode,
            reason=reason,
            rest=rest,
            not_before=now + wait,
            counts=row.counts,
            **_usage(row, client),
        )


def _finish(
    row: SyncRun, client: GraphClient, status: str, reason: str = "", data: dict[str, object] | None = None
) -> None:
    _mine(row).update(
        status=status,
        mode=row.mode,
        reason=reason,
        reason_data=data or {},
        rest={},
        counts=row.counts,
        finished_at=shared_now(),
        **_usage(row, client),
    )


def _mine(row: SyncRun) -> SyncRunQuerySet:
    """The row while this worker's claim holds; an update of it after that changes nothing."""
    return SyncRun.objects.filter(pk=row.pk, status=Status.RUNNING, turn=row.turn)


def _usage(row: SyncRun, client: GraphClient) -> dict[str, int]:
    """Columns; `row` has what earlier turns have cost."""
    return {
        "requests": row.requests + client.usage.requests,
        "throttled": row.throttled + client.usage.throttled,
    }


class _Heartbeat:
    """Tells the row now and then that its worker lives, and whoever shows progress how far it is."""

    def __init__(self, row: SyncRun, client: GraphClient, now: datetime, on_seen: Seen | None) -> None:
        self._row, self._client, self._last, self._on_seen = row, client, now, on_seen

    def __call__(self, seen: int) -> None:
        if self._on_seen:
            self._on_seen(seen)
        now = shared_now()
        if now - self._last >= HEARTBEAT_EVERY:
            self._last = now
            if not _mine(self._row).update(heartbeat_at=now, **_usage(self._row, self._client)):
                raise LostRun
