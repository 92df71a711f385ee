"""A later last day: asked for by one, granted by another, without a gap for the computers."""

from __future__ import annotations

from datetime import date, datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from deployments.catalogue.vetting import may_be_decided
from deployments.exceptions import permissions, telling
from deployments.models import ExceptionRenewal, SoftwareException
from deployments.models.moves import InvalidMove
from deployments.services.exceptions.asking import check_last_day
from deployments.services.exceptions.course import (
    Status,
    as_row,
    check_reason,
    check_turn,
    locked,
    require,
    turn_of,
)
from schools import audit
from schools.models import User

Renewal = ExceptionRenewal.Status


@transaction.atomic
def renew(
    row: SoftwareException, ends_on: date, reason: str, by: User, now: datetime | None = None
) -> ExceptionRenewal:
    """Ask for it. Raises PermissionDenied, InvalidMove, and ValidationError for the day, the reason, and a second
    question while the first waits."""
    now = now or timezone.now()
    if not permissions.renews(by, row):
        raise PermissionDenied
    reason = check_reason(reason)
    row = locked(row)
    require(row, Status.APPROVED, Status.IN_FORCE)
    if row.renewals.filter(status=Renewal.ASKED).exists():
        raise ValidationError(_("A renewal is asked for already and waits for its answer."))
    if ends_on <= row.ends_on:
        raise ValidationError({"ends_on": _("Choose a day after the present last day.")})
    check_last_day(ends_on, row.starts_on, timezone.localdate(now))
    made = ExceptionRenewal.objects.create(
        exception=row, ended_on=row.ends_on, ends_on=ends_on, reason=reason, asked_by=by, asked_at=now
    )
    row.turn = turn_of(row.school, by, _missing(row, timezone.localdate(now)))
    row.save(update_fields=["turn"])
    after = {**as_row(row), "ends_on": ends_on.isoformat()}
    audit.record(
        "exception.renewal_asked", row, by=by, school=row.school, before=as_row(row), after=after, reason=reason
    )
    telling.renewal_asked(made)
    return made


@transaction.atomic
def grant(row: SoftwareException, by: User, now: datetime | None = None) -> SoftwareException:
    """Raises InvalidMove, PermissionDenied, OwnException, NotYourTurn, and ValidationError when it is not vetted any
    more."""
    now = now or timezone.now()
    row = locked(row)
    renewal = _waiting(row, by, now)
    if missing := _missing(row, timezone.localdate(now)):
        raise ValidationError(missing)
    before = as_row(row)
    renewal.move_to(Renewal.GRANTED, decided_by=by, decided_at=now)
    row.ends_on = renewal.ends_on
    row.save(update_fields=["ends_on"])
    audit.record(
        "exception.renewed", row, by=by, school=row.school, before=before, after=as_row(row), reason=renewal.reason
    )
    telling.renewed(_of(renewal, row), by)
    return row


@transaction.atomic
def refuse_renewal(row: SoftwareException, by: User, reason: str, now: datetime | None = None) -> SoftwareException:
    """It ends on the day it was to. Raises as `grant`, and ValidationError without a reason."""
    now = now or timezone.now()
    reason = check_reason(reason)
    row = locked(row)
    renewal = _waiting(row, by, now)
    renewal.move_to(Renewal.REFUSED, decided_by=by, decided_at=now, answer=reason)
    audit.record("exception.renewal_refused", row, by=by, school=row.school, after=as_row(row), reason=reason)
    telling.renewal_refused(_of(renewal, row), by)
    return row


def _waiting(row: SoftwareException, by: User, now: datetime) -> ExceptionRenewal:
    require(row, Status.APPROVED, Status.IN_FORCE)
    renewal = row.renewals.select_related("asked_by").filter(status=Renewal.ASKED).first()
    if renewal is None:
        raise InvalidMove(row.status, row.get_status_display())
    check_turn(row, renewal.asked_by_id, by, is_late=row.is_in_last_days(timezone.localdate(now)))
    return renewal


def _of(renewal: ExceptionRenewal, row: SoftwareException) -> ExceptionRenewal:
    renewal.exception = row
    return renewal


def _missing(row: SoftwareException, on: date) -> list[str]:
    """Its computers have it and its licences already; whether it may still be used is asked again."""
    return [] if row.is_away else may_be_decided(row.application, on)
