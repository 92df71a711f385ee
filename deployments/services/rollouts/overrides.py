"""Letting a roll-out start although the school calendar says no: two people do."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from deployments.models import CalendarOverride, Rollout
from deployments.notices import rollouts as notices
from deployments.services.rollouts.acts import check_allowed, given, locked, require
from schools import audit
from schools.models import User


@transaction.atomic
def request_override(rollout: Rollout, *, by: User, reason: str, now: datetime) -> CalendarOverride:
    """Ask that the roll-out may start in a freeze or in lesson hours; another person has to agree."""
    check_allowed(by)
    reason = given(reason, _("Say why it cannot wait for the calendar."))
    row = locked(rollout)
    require(row, *Rollout.NOT_STARTED, *Rollout.UNFINISHED)
    if row.overrides.exists():
        raise ValidationError(_("An exception from the calendar has been asked for already."))
    override = CalendarOverride.objects.create(rollout=row, reason=reason, requested_by=by, requested_at=now)
    audit.record("rollout.override_requested", row, by=by, reason=reason)
    notices.tell_override(override)
    return override


@transaction.atomic
def approve_override(rollout: Rollout, *, by: User, now: datetime) -> CalendarOverride:
    """Raises ValidationError for the person who asked, and when nobody has asked or it has been approved already."""
    check_allowed(by)
    row = locked(rollout)
    require(row, *Rollout.NOT_STARTED, *Rollout.UNFINISHED)
    asked = row.overrides.filter(approved_at=None).first()
    if asked is None:
        raise ValidationError(_("No exception from the calendar waits for approval."))
    if asked.requested_by_id == by.pk:
        raise ValidationError(_("You asked for this exception, so somebody else has to approve it."))
    asked.approved_by, asked.approved_at = by, now
    asked.save(update_fields=["approved_by", "approved_at"])
    audit.record("rollout.override_approved", row, by=by, reason=asked.reason)
    return asked
