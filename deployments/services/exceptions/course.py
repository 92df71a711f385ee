"""What every act on an exception has in common: the locked row, whose turn it is, the move, the event."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from deployments.exceptions import permissions
from deployments.models import ExceptionRenewal, SoftwareException
from deployments.models.moves import InvalidMove
from schools import audit
from schools.access import APPROVER, IT_ADMIN
from schools.models import RoleAssignment, School, User

Status, Turn, Why = SoftwareException.Status, SoftwareException.Turn, SoftwareException.Why
LOADED = (
    "application",
    "version",
    "device__school__school_form",
    "class_group__school__school_form",
    "school",
    "asked_by",
    "approved_by",
    "change_set__revision",
    "end_change__revision",
)


class OwnException(ValidationError):
    """Whoever asks may not decide."""

    def __init__(self) -> None:
        super().__init__(_("You asked for this yourself, so somebody else has to decide."))


class NotYourTurn(ValidationError):
    """Somebody else decides."""


def locked(row: SoftwareException) -> SoftwareException:
    """The row as it is now, held until the transaction ends."""
    return SoftwareException.objects.select_for_update(of=("self",)).select_related(*LOADED).get(pk=row.pk)


def require(row: SoftwareException, *statuses: str) -> None:
    """Raises InvalidMove unless the exception is in one of these states."""
    if row.status not in statuses:
        raise InvalidMove(row.status, row.get_status_display())


def check_reason(reason: str) -> str:
    """The reason without white space around it; ValidationError without one."""
    if not reason.strip():
        raise ValidationError({"reason": _("Say why, so that everybody understands.")})
    return reason.strip()


def turn_of(school: School | None, asked_by: User, missing: list[str]) -> str:
    """The school's, when nothing is left for IT to see to and the school has somebody else who may decide."""
    if school is None or missing:
        return Turn.IT
    held = RoleAssignment.objects.current(timezone.now()).filter(school=school, role=APPROVER, user__is_active=True)
    return Turn.SCHOOL if held.exclude(user=asked_by).exists() else Turn.IT


def check_turn(row: SoftwareException, asked_by_id: int, by: User, *, is_late: bool) -> None:
    """Raises PermissionDenied, OwnException or NotYourTurn. What the school is late with, IT may decide too."""
    if not permissions.decides(by, row):
        raise PermissionDenied
    if asked_by_id == by.pk:
        raise OwnException
    is_it = IT_ADMIN in by.access.everywhere
    if row.turn == Turn.IT and not is_it:
        raise NotYourTurn(_("IT decides about this one."))
    is_approver = row.school_id is not None and APPROVER in by.access.at.get(row.school_id, frozenset())
    if row.turn == Turn.SCHOOL and not (is_approver or (is_it and is_late)):
        raise NotYourTurn(_("The school's approver decides."))


def move(
    row: SoftwareException, status: str, act: str, *, by: User | None, reason: str = "", **columns: Any
) -> SoftwareException:
    """Change the state, and leave the event."""
    before = as_row(row)
    row.move_to(status, **columns)
    audit.record(act, row, by=by, school=row.school, before=before, after=as_row(row), reason=reason)
    return row


def over(
    row: SoftwareException, status: str, act: str, *, by: User | None, now: datetime, why: str = "", reason: str = ""
) -> SoftwareException:
    """To a state in which nothing more happens. What was said of why it ends stays when nothing else is given."""
    columns: dict[str, Any] = {"ended_at": now}
    if why or reason:
        columns |= {"ended_why": why, "ended_reason": reason, "ended_by": by}
    lapse(row)
    return move(row, status, act, by=by, reason=reason, **columns)


def lapse(row: SoftwareException) -> None:
    """A renewal that nobody has answered means nothing any more."""
    for renewal in row.renewals.filter(status=ExceptionRenewal.Status.ASKED):
        renewal.move_to(ExceptionRenewal.Status.LAPSED)


def as_row(row: SoftwareException) -> dict[str, Any]:
    return {
        "state": row.status,
        "application": str(row.application),
        "container": str(row.place),
        "kind": row.kind,
        "starts_on": row.starts_on.isoformat(),
        "ends_on": row.ends_on.isoformat(),
    }
