"""Letting a roll-out start although the school calendar says no: two people do."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from deployments.models import CalendarOverride, Rollout
from deployments.notices import rollouts as notices
from deployments.services import overrides
from deployments.services.rollouts.acts import check_allowed, given, locked, require
from schools import audit
from schools.models import User

CALENDAR = CalendarOverride.Kind.CALENDAR


@transaction.atomic
def request_override(rollout: Rollout, *, by: User, reason: str, now: datetime) -> CalendarOverride:
    """Ask that the roll-out may start in a freeze or in lesson hours; another person has to agree. Raises
    ValidationError without a reason, and when it has been asked for already."""
    check_allowed(by)
    reason = given(reason, _("Say why it cannot wait for the calendar."))
    row = locked(rollout)
    require(row, *Rollout.NOT_STARTED, *Rollout.UNFINISHED)
    override = overrides.ask(row.change_set, CALENDAR, by=by, reason=reason, now=now)
    audit.record("rollout.override_requested", row, by=by, reason=reason)
    notices.tell_override(override)
    return override


@transaction.atomic
def approve_override(rollout: Rollout, *, by: User, now: datetime) -> CalendarOverride:
    """Raises ValidationError for the person who asked, and when nobody has asked or it has been approved already."""
    check_allowed(by)
    row = locked(rollout)
    require(row, *Rollout.NOT_STARTED, *Rollout.UNFINISHED)
    agreed = overrides.agree(row.change_set, CALENDAR, by=by, now=now)
    audit.record("rollout.override_approved", row, by=by, reason=agreed.reason)
    return agreed
