"""What every act on a request has in common: the locked row, whose turn it is, the step, the event."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from deployments.models import AppRequest, RequestStep
from deployments.models.moves import InvalidMove
from deployments.requests.deadlines import deadline
from schools import audit
from schools.access import APPROVER, IT_ADMIN
from schools.models import User

Status = AppRequest.Status


class OwnRequest(ValidationError):
    """The requester may not decide."""

    def __init__(self) -> None:
        super().__init__(_("You asked for this yourself, so somebody else has to decide."))


class NotYourTurn(ValidationError):
    """Somebody else decides in this state."""


def locked(request: AppRequest) -> AppRequest:
    """The row as it is now, held until the transaction ends."""
    found = AppRequest.objects.select_for_update(of=("self",)).select_related(
        "school", "class_group", "application", "requested_by", "responsible_teacher", "approved_by", "change_set"
    )
    return found.get(pk=request.pk)


def require(request: AppRequest, *statuses: str) -> None:
    """Raises InvalidMove unless the request is in one of these states."""
    if request.status not in statuses:
        raise InvalidMove(request.status, request.get_status_display())


def check_turn(request: AppRequest, by: User, now: datetime) -> None:
    """Raises OwnRequest or NotYourTurn. A school that is late leaves its decision to IT as well."""
    if request.requested_by_id == by.pk:
        raise OwnRequest
    is_it = IT_ADMIN in by.access.everywhere
    if request.status == Status.SCHOOL:
        is_late = request.due_at is not None and request.due_at < now
        if not (by.access.holds(APPROVER, school_id=request.school_id) or (is_it and is_late)):
            raise NotYourTurn(_("The school's approver decides first."))
    elif not is_it:
        raise NotYourTurn(_("IT decides now."))


def check_reason(reason: str) -> str:
    """The reason without white space around it; ValidationError without one."""
    if not reason.strip():
        raise ValidationError({"reason": _("Say why, so that everybody understands.")})
    return reason.strip()


def step(
    row: AppRequest,
    status: str,
    act: str,
    *,
    by: User | None,
    now: datetime,
    reason: str = "",
    columns: dict[str, Any] | None = None,
) -> AppRequest:
    """Move the request on: its new state, the time spent in the former, the deadline of the new, and the event."""
    before, due_at = row.status, deadline(status, now)
    row.move_to(status, due_at=due_at, **(columns or {}))
    row.steps.filter(left_at=None).update(left_at=now)
    RequestStep.objects.create(request=row, status=status, entered_at=now, by=by, reason=reason, due_at=due_at)
    after = {"state": status, "due_at": due_at.isoformat() if due_at else None}
    audit.record(act, row, by=by, school=row.school, before={"state": before}, after=after, reason=reason)
    return row


def end(row: AppRequest, status: str, act: str, *, by: User | None, now: datetime, reason: str) -> AppRequest:
    """Move the request to a state in which nothing more happens; it keeps the reason."""
    return step(row, status, act, by=by, now=now, reason=reason, columns={"reason": reason})
