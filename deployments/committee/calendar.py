"""The dates of a semester's preparation: when proposals may be made, and what comes next. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.utils import formats
from django.utils.translation import gettext as _

from deployments.models import Semester

DATES = ("proposals_open_on", "freeze_on", "meeting_on", "publish_on", "review_on")
"""Columns of `Semester`, in the order in which they have to come."""


def check_order(dates: Mapping[str, date | None]) -> None:
    """Raises ValidationError by column for a date that comes before an earlier one; dates not set are passed over."""
    latest: date | None = None
    for name in DATES:
        day = dates.get(name)
        if day and latest and day < latest:
            message = _("This has to be on or after %(date)s, as the step before it is then.")
            raise ValidationError({name: message % {"date": formats.date_format(latest, "SHORT_DATE_FORMAT")}})
        latest = day or latest


def is_open_for_proposals(semester: Semester, on: date) -> bool:
    return why_closed(semester, on) == ""


def why_closed(semester: Semester, on: date) -> str:
    """Why no proposal may be made that day, in words; empty when it may. The day proposals close is still open."""
    if semester.proposals_open_on and on < semester.proposals_open_on:
        return _("Proposals for %(semester)s may be made from %(date)s.") % _named(semester, semester.proposals_open_on)
    if semester.freeze_on and on > semester.freeze_on:
        return _("Proposals for %(semester)s closed on %(date)s.") % _named(semester, semester.freeze_on)
    if semester.ends_on < on:
        return _("%(semester)s ended on %(date)s.") % _named(semester, semester.ends_on)
    return ""


def days_left(semester: Semester, on: date) -> int | None:
    """Days until proposals close, the last one counted; None when no day is set or it has passed."""
    if semester.freeze_on is None or on > semester.freeze_on:
        return None
    return (semester.freeze_on - on) // timedelta(days=1)


def _named(semester: Semester, day: date) -> dict[str, str]:
    return {"semester": str(semester), "date": formats.date_format(day, "DATE_FORMAT")}
