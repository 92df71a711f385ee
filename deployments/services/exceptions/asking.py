"""Asking for an exception, and taking the question back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from deployments.exceptions import permissions, telling
from deployments.exceptions.limits import latest_last_day
from deployments.exceptions.readiness import Place, check_means_something, obstacles, school_of_place, why_gone
from deployments.models import Application, AppVersion, SoftwareException
from deployments.requests.deadlines import add_working_days
from deployments.services.exceptions.course import Status, as_row, check_reason, locked, over, require, turn_of
from fleet.models import Device
from schools import audit
from schools.models import ClassGroup, User


@dataclass(frozen=True)
class Asked:
    """`starts_on` None: today. `version` None: the latest."""

    application: Application
    kind: str
    place: Place
    reason: str
    ends_on: date
    starts_on: date | None = None
    version: AppVersion | None = None


class Overlap(ValidationError):
    """Another exception of the same application for the same place is not over yet: `other`."""

    def __init__(self, other: SoftwareException) -> None:
        self.other = other
        names = {
            "application": other.application,
            "place": other.place,
            "until": formats.date_format(other.ends_on, "DATE_FORMAT"),
        }
        message = _("There is an exception for %(application)s and %(place)s already, until %(until)s.") % names
        super().__init__([message, _("Ask for its renewal, or end it before you ask for another.")])


@transaction.atomic
def ask(asked: Asked, by: User, now: datetime | None = None) -> SoftwareException:
    """Raises PermissionDenied, Overlap, and ValidationError by field for dates, places and what would mean nothing."""
    now = now or timezone.now()
    on, school = timezone.localdate(now), school_of_place(asked.place)
    if not permissions.asks(by, school):
        raise PermissionDenied
    row = SoftwareException(
        application=asked.application,
        version=None if asked.kind == SoftwareException.Kind.AWAY else asked.version,
        kind=asked.kind,
        device=asked.place if isinstance(asked.place, Device) else None,
        class_group=asked.place if isinstance(asked.place, ClassGroup) else None,
        school=school,
        reason=check_reason(asked.reason),
        starts_on=asked.starts_on or on,
        ends_on=asked.ends_on,
        asked_by=by,
        asked_at=now,
        due_at=add_working_days(now, settings.REQUEST_SCHOOL_DAYS),
    )
    _check(row, on)
    row.turn = turn_of(school, by, obstacles(row, on))
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:  # two at once
        if (other := other_in(row)) is None:
            raise
        raise Overlap(other) from error
    audit.record("exception.asked", row, by=by, school=school, after=as_row(row), reason=row.reason)
    telling.asked(row)
    return row


def _check(row: SoftwareException, on: date) -> None:
    if row.kind not in SoftwareException.Kind.values:
        raise ValidationError({"kind": _("Choose what the exception says.")})
    if gone := why_gone(row):
        raise ValidationError(str(SoftwareException.Why(gone).label))
    if row.starts_on < on:
        raise ValidationError({"starts_on": _("Choose a day from today on.")})
    check_last_day(row.ends_on, row.starts_on, on)
    if row.version and row.version.application_id != row.application_id:
        raise ValidationError({"version": _("The version belongs to another application.")})
    if other := other_in(row):
        raise Overlap(other)
    check_means_something(row)


def check_last_day(last: date, first: date, on: date) -> None:
    """Raises ValidationError for a last day before the first, or later than any exception may last."""
    if last < first:
        raise ValidationError({"ends_on": _("The last day cannot come before the first.")})
    if last > (latest := latest_last_day(on)):
        message = _("An exception ends by %(day)s at the latest. What shall last longer belongs in the baseline.")
        raise ValidationError({"ends_on": message % {"day": formats.date_format(latest, "DATE_FORMAT")}})


def other_in(row: SoftwareException) -> SoftwareException | None:
    """One that is not over, of the same application and place."""
    here = SoftwareException.objects.open().for_list().filter(application=row.application_id)
    return here.filter(device=row.device_id, class_group=row.class_group_id).exclude(pk=row.pk).first()


@transaction.atomic
def withdraw(row: SoftwareException, by: User, reason: str = "", now: datetime | None = None) -> SoftwareException:
    """Before anybody has decided. Raises PermissionDenied, InvalidMove."""
    if not permissions.ends(by, row):
        raise PermissionDenied
    row = locked(row)
    require(row, Status.ASKED)
    return over(row, Status.WITHDRAWN, "exception.withdrawn", by=by, now=now or timezone.now(), reason=reason.strip())
