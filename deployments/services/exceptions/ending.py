"""The end of an exception: by itself, by hand, or because its place is no longer what it was."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from deployments.exceptions import permissions, telling
from deployments.models import SoftwareException
from deployments.services.exceptions.carrying import entry_in_force, has_not_begun, let_go, stop
from deployments.services.exceptions.course import Status, Why, check_reason, lapse, locked, move, over, require
from schools.models import User


@transaction.atomic
def end(row: SoftwareException, by: User, reason: str, now: datetime | None = None) -> SoftwareException:
    """Before its last day, by hand. Raises PermissionDenied, InvalidMove, and ValidationError without a reason."""
    if not permissions.ends(by, row):
        raise PermissionDenied
    reason = check_reason(reason)
    row = locked(row)
    require(row, Status.APPROVED, Status.IN_FORCE)
    return begin_ending(row, now or timezone.now(), Why.BY_HAND, by=by, reason=reason)


def begin_ending(
    row: SoftwareException, now: datetime, why: str, *, by: User | None = None, reason: str = ""
) -> SoftwareException:
    """Let it go out of the baseline. What the computers never got is over at once; so is what another decision has
    taken the place of."""
    entry = None if has_not_begun(row) else entry_in_force(row)
    stop(row, by, reason or str(Why(why).label))
    if entry is None:
        over(row, Status.ENDED, "exception.ended", by=by, now=now, why=why, reason=reason)
        telling.ended(row, by)
        return row
    change = let_go(row, entry)
    lapse(row)
    move(
        row,
        Status.ENDING,
        "exception.ending",
        by=by,
        reason=reason,
        end_change=change,
        ended_by=by,
        ended_why=why,
        ended_reason=reason,
    )
    telling.ending(row, by)
    return row
