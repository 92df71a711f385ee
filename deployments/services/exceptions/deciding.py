"""Yes and no to an exception."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from deployments.exceptions import telling
from deployments.exceptions.readiness import obstacles, why_gone
from deployments.models import Decision, SoftwareException
from deployments.services.exceptions.carrying import begin
from deployments.services.exceptions.course import (
    Status,
    Turn,
    as_row,
    check_reason,
    check_turn,
    locked,
    move,
    over,
    require,
)
from schools import audit
from schools.models import User


@transaction.atomic
def approve(row: SoftwareException, by: User, now: datetime | None = None) -> SoftwareException:
    """Decide it; on its first day its change carries itself out. What IT has to see to first is handed to IT.

    Raises InvalidMove, PermissionDenied, OwnException, NotYourTurn, and ValidationError with what stands in the way.
    """
    now = now or timezone.now()
    on = timezone.localdate(now)
    row = locked(row)
    require(row, Status.ASKED)
    check_turn(row, row.asked_by_id, by, is_late=row.is_late(now))
    if gone := why_gone(row):
        raise ValidationError(str(SoftwareException.Why(gone).label))
    if row.ends_on < on:
        raise ValidationError(_("Its last day is over. It has to be asked for anew."))
    if missing := obstacles(row, on):
        if row.turn == Turn.IT:
            raise ValidationError(missing)
        return _hand_to_it(row, by, missing)
    move(row, Status.APPROVED, "exception.approved", by=by, approved_by=by, approved_at=now)
    _decide(row, by, now)
    telling.approved(row, by)
    return begin(row, now) if row.starts_on <= on else row


def _hand_to_it(row: SoftwareException, by: User, missing: list[str]) -> SoftwareException:
    row.turn = Turn.IT
    row.save(update_fields=["turn"])
    audit.record("exception.to_it", row, by=by, school=row.school, after=as_row(row), reason=" ".join(missing))
    telling.asked(row)
    return row


def _decide(row: SoftwareException, by: User, now: datetime) -> Decision:
    decision = Decision.objects.create(
        kind=Decision.Kind.EXCEPTION,
        text=_text(row),
        reason=row.reason,
        decided_by=by,
        decided_at=now,
        exception=row,
        school=row.school,
    )
    row.decision = decision
    return decision


def _text(row: SoftwareException) -> str:
    """As the municipality's record keeps it, in its own language. Its last day may be moved, so it is not said."""
    with translation.override(settings.LANGUAGE_CODE):
        said = _("Exception: %(place)s goes without %(application)s") if row.is_away else None
        said = said or _("Exception: %(application)s for %(place)s")
        return (said % {"application": row.application, "place": row.place})[:300]


@transaction.atomic
def refuse(row: SoftwareException, by: User, reason: str, now: datetime | None = None) -> SoftwareException:
    """Raises InvalidMove, PermissionDenied, OwnException, NotYourTurn, and ValidationError without a reason."""
    now = now or timezone.now()
    reason = check_reason(reason)
    row = locked(row)
    require(row, Status.ASKED)
    check_turn(row, row.asked_by_id, by, is_late=row.is_late(now))
    over(row, Status.REFUSED, "exception.refused", by=by, now=now, reason=reason)
    telling.refused(row, by)
    return row
