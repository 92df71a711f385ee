"""What all acts on a roll-out have in common: who may, from which states, and the event that each leaves."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError

from deployments.models import Rollout
from deployments.models.moves import InvalidMove
from schools import audit
from schools.models import User


def locked(rollout: Rollout) -> Rollout:
    """The row as it is now, held until the transaction ends."""
    found = Rollout.objects.select_for_update(of=("self",)).select_related("change_set", "pilot_school", "starts_in")
    return found.get(pk=rollout.pk)


def check_allowed(by: User) -> None:
    if not by.has_perm("deployments.run_rollout"):
        raise PermissionDenied


def require(row: Rollout, *statuses: str) -> None:
    """Raises InvalidMove unless the roll-out is in one of these states."""
    if row.status not in statuses:
        raise InvalidMove(row.status, row.get_status_display())


def given(reason: str, message: str) -> str:
    """Raises ValidationError with the message when there is no reason."""
    if not reason.strip():
        raise ValidationError({"reason": message})
    return reason.strip()


def people_move(
    rollout: Rollout, status: str, act: str, by: User, reason: str, *from_statuses: str, **columns: Any
) -> Rollout:
    check_allowed(by)
    row = locked(rollout)
    require(row, *from_statuses)
    before = row.status
    row.move_to(status, **columns)
    record(act, row, by, before, reason)
    return row


def record(act: str, row: Rollout, by: User | None, before: str, reason: str = "") -> None:
    audit.record(act, row, by=by, before={"status": before}, after={"status": row.status}, reason=reason)
