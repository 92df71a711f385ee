"""An exception that two people make for a change: one asks, another agrees."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from deployments.models import CalendarOverride, ChangeSet
from schools.models import User


def ask(
    change_set: ChangeSet, kind: str, *, by: User, reason: str, now: datetime, approval_at: datetime | None = None
) -> CalendarOverride:
    """Raises ValidationError when it has been asked for already."""
    if change_set.overrides.filter(kind=kind, approval_at=approval_at).exists():
        raise ValidationError(_("This exception has been asked for already."))
    return CalendarOverride.objects.create(
        change_set=change_set, kind=kind, approval_at=approval_at, reason=reason, requested_by=by, requested_at=now
    )


def agree(
    change_set: ChangeSet, kind: str, *, by: User, now: datetime, approval_at: datetime | None = None
) -> CalendarOverride:
    """Raises ValidationError for the person who asked, and when nobody has asked or it has been agreed to already."""
    asked = change_set.overrides.filter(kind=kind, approval_at=approval_at, approved_at=None).first()
    if asked is None:
        raise ValidationError(_("No exception waits for approval."))
    if asked.requested_by_id == by.pk:
        raise ValidationError(_("You asked for this exception, so somebody else has to approve it."))
    asked.approved_by, asked.approved_at = by, now
    asked.save(update_fields=["approved_by", "approved_at"])
    return asked
