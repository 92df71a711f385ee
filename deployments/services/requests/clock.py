"""What happens to requests by itself as time passes: reminders, escalation, and following their change."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from deployments.models import AppRequest, ChangeSet, RequestStep
from deployments.requests import telling
from deployments.requests.deadlines import reminder_at
from deployments.requests.progress import Installing, changes_of, installing
from deployments.services.requests.course import Status, step
from deployments.services.requests.decisions import refused
from schools import audit

LONGEST_INSTALLING = timedelta(days=14)
"""Computers that have not been heard from by then do not keep the school waiting; the page still says which."""
STOPPED = (ChangeSet.Status.REJECTED, ChangeSet.Status.CANCELLED, ChangeSet.Status.ABANDONED)
UNDER_WAY = (Status.PLANNED, Status.PILOT, Status.INSTALLING)


def advance(now: datetime) -> int:
    """Everything that is due, each request in a transaction of its own. Returns how many moved or were reminded of.

    Safe to run twice and at once: a request that somebody else holds is left to them.
    """
    due = RequestStep.objects.filter(left_at=None, due_at__isnull=False, escalated_at=None)
    done = sum(_mind_deadline(key, now) for key in due.values_list("request", flat=True))
    following = AppRequest.objects.filter(status__in=UNDER_WAY)
    return done + sum(_follow(key, now) for key in following.values_list("pk", flat=True))


def _held(key: int) -> AppRequest | None:
    """The row, held until the transaction ends; None while somebody else acts on it."""
    rows = AppRequest.objects.select_for_update(of=("self",), skip_locked=True).select_related(
        "school", "class_group", "application", "requested_by", "responsible_teacher", "change_set"
    )
    return rows.filter(pk=key).first()


@transaction.atomic
def _mind_deadline(key: int, now: datetime) -> bool:
    row = _held(key)
    current = RequestStep.objects.filter(request=key, left_at=None).first()
    if row is None or current is None or current.due_at is None:
        return False
    if current.escalated_at is None and current.due_at < now:
        current.escalated_at = now
        telling.late(row)
        return _noted(row, current, "request.escalated", "escalated_at")
    if current.reminded_at is None and reminder_at(current.due_at) <= now:
        current.reminded_at = now
        telling.due_soon(row)
        return _noted(row, current, "request.reminded", "reminded_at")
    return False


def _noted(row: AppRequest, current: RequestStep, act: str, column: str) -> bool:
    current.save(update_fields=[column])
    after = {"state": row.status, "due_at": current.due_at.isoformat() if current.due_at else None}
    audit.record(act, row, by=None, school=row.school, after=after)
    return True


@transaction.atomic
def _follow(key: int, now: datetime) -> bool:
    row = _held(key)
    if row is None or row.status not in UNDER_WAY:
        return False
    before = row.status
    if row.change_set and row.change_set.status in STOPPED:
        reason = row.change_set.rejected_reason or _("The change that was to carry it out was stopped.")
        refused(row, None, reason, now)
    else:
        _carry_on(row, now)
    return row.status != before


def _carry_on(row: AppRequest, now: datetime) -> None:
    """To the next state, when what the request waits for has come."""
    if row.status == Status.PLANNED and row.pilot_devices.exists():
        seen = installing(row)
        if seen.done or (_is_written(row) and not seen.total):  # the two may have it by a wider decision
            step(row, Status.PILOT, "request.pilot", by=None, now=now)
            telling.try_it(row)
    elif row.status == Status.PLANNED and _is_written(row):
        step(row, Status.INSTALLING, "request.installing", by=None, now=now)
    if row.status == Status.INSTALLING and _are_all_written(row) and _is_over(row, installing(row), now):
        step(row, Status.DONE, "request.done", by=None, now=now)
        telling.done(row)


def _is_written(row: AppRequest) -> bool:
    return row.change_set is None or row.change_set.status == ChangeSet.Status.APPLIED


def _are_all_written(row: AppRequest) -> bool:
    """Of the requests merged into it as well; what was stopped there is its own school's matter."""
    over = (ChangeSet.Status.APPLIED, *STOPPED)
    return _is_written(row) and not changes_of(row).exclude(status__in=over).exists()


def _is_over(row: AppRequest, seen: Installing, now: datetime) -> bool:
    written_at = row.change_set.applied_at if row.change_set else None
    return seen.waiting == 0 or (written_at is not None and written_at < now - LONGEST_INSTALLING)
