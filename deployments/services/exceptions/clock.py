"""What happens to exceptions by itself as time passes: beginning, ending, following their changes, and reminding."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from deployments.exceptions import telling
from deployments.exceptions.readiness import why_gone
from deployments.models import ExceptionRenewal, Intent, SoftwareException
from deployments.services.exceptions.carrying import (
    STOPPED,
    WRITTEN,
    begin,
    entry_in_force,
    is_uninstalled,
    let_go,
)
from deployments.services.exceptions.course import LOADED, Status, Why, move, over
from deployments.services.exceptions.ending import begin_ending

STAGES = (3, 14)
"""Days before the last day on which asker and approver are told, each once."""
log = logging.getLogger(__name__)


def advance(now: datetime) -> int:
    """Everything that is due, each exception in a transaction of its own; how many moved.

    Safe to run twice and at once: an exception that somebody else holds is left to them.
    """
    keys = SoftwareException.objects.open().order_by("pk").values_list("pk", flat=True)
    return sum(_advance(key, now) for key in list(keys))


def _advance(key: int, now: datetime) -> bool:
    try:
        return _step(key, now)
    except ValidationError as error:  # not vetted any more, or nothing is in force; it is tried again
        log.warning("exception %s waits: %s", key, "; ".join(error.messages))
        return False


@transaction.atomic
def _step(key: int, now: datetime) -> bool:
    held = SoftwareException.objects.select_for_update(of=("self",), skip_locked=True).select_related(*LOADED)
    row = held.filter(pk=key).first()
    if row is None:
        return False
    before = (row.status, row.change_set_id, row.end_change_id)
    if row.status == Status.ASKED:
        _look_at_asked(row, now)
    elif row.status in SoftwareException.HOLDS:
        _look_at_approved(row, now)
    elif row.status == Status.ENDING:
        _look_at_ending(row, now)
    return (row.status, row.change_set_id, row.end_change_id) != before


def _look_at_asked(row: SoftwareException, now: datetime) -> None:
    why = why_gone(row) or (Why.LAST_DAY if row.ends_on < timezone.localdate(now) else "")
    if why:
        over(row, Status.REFUSED, "exception.refused", by=None, now=now, why=why)
        telling.refused(row, None)


def _look_at_approved(row: SoftwareException, now: datetime) -> None:
    on, change_set = timezone.localdate(now), row.change_set
    if why := why_gone(row) or (Why.LAST_DAY if row.ends_on < on else ""):
        begin_ending(row, now, why)
    elif change_set is None:
        if row.starts_on <= on:
            begin(row, now)
    elif change_set.status in STOPPED:
        begin_ending(row, now, Why.STOPPED, reason=change_set.rejected_reason)
    elif change_set.started_at and entry_in_force(row) is None:
        begin_ending(row, now, Why.OVERRULED)
    elif row.status == Status.APPROVED and change_set.status in WRITTEN:
        move(row, Status.IN_FORCE, "exception.in_force", by=None)
        telling.in_force(row)


def _look_at_ending(row: SoftwareException, now: datetime) -> None:
    """Until the last of its changes is written. One that somebody stopped is made anew: the exception is over."""
    change, entry = row.end_change, entry_in_force(row)
    assert change is not None  # `begin_ending` makes one
    if entry is None:
        if change.status in (*WRITTEN, *STOPPED):
            over(row, Status.ENDED, "exception.ended", by=None, now=now)
            telling.ended(row, None)
        return
    is_at_rest = change.status in WRITTEN and entry.intent == Intent.UNINSTALL
    if change.status in STOPPED or (is_at_rest and is_uninstalled(row, change.applied_at or change.started_at, now)):
        row.end_change = let_go(row, entry)
        row.save(update_fields=["end_change"])


@transaction.atomic
def remind(today: date) -> None:
    """Daily. Safe to repeat, and a day on which it did not run is caught up by the next. One that was approved later
    than a stage is not reminded of for it; nor is one whose renewal waits."""
    last = today + timedelta(days=max(STAGES))
    waiting = ExceptionRenewal.objects.filter(status=ExceptionRenewal.Status.ASKED).values("exception")
    rows = SoftwareException.objects.filter(status__in=SoftwareException.HOLDS, ends_on__range=(today, last))
    for row in rows.exclude(pk__in=waiting).select_related(*LOADED):
        stage = next(stage for stage in STAGES if (row.ends_on - today).days <= stage)
        known_since = timezone.localdate(row.approved_at) if row.approved_at else today
        if known_since < row.ends_on - timedelta(days=stage):
            telling.ends_soon(row, stage)
