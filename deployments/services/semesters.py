"""Opening a semester, and the dates by which its baseline is prepared."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from deployments.committee.calendar import DATES, check_order
from deployments.models import Baseline, Semester
from schools import audit
from schools.models import User


@transaction.atomic
def open_semester(
    year: int, term: str, starts_on: date, ends_on: date, *, by: User | None, **dates: date | None
) -> Baseline:
    """A semester and its empty baseline; `dates` as in `deployments.committee.calendar.DATES`.

    Raises ValidationError when it is there already or its dates make no sense.
    """
    semester = Semester(year=year, term=term, starts_on=starts_on, ends_on=ends_on, **dates)
    check_order(dates)
    semester.full_clean()
    semester.save()
    baseline = Baseline.objects.create(semester=semester)
    audit.record("semester.opened", baseline, by=by, after=_as_row(semester))
    return baseline


@transaction.atomic
def change_dates(baseline: Baseline, *, by: User, **dates: date | None) -> Baseline:
    """Any of the semester's dates. Raises ValidationError by column when they do not follow one another."""
    semester = Semester.objects.select_for_update().get(pk=baseline.semester_id)
    before = _as_row(semester)
    for name, day in dates.items():
        setattr(semester, name, day)
    check_order({name: getattr(semester, name) for name in DATES})
    semester.full_clean()
    semester.save()
    if _as_row(semester) != before:
        audit.record("semester.dates_changed", baseline, by=by, before=before, after=_as_row(semester))
    baseline.semester = semester
    return baseline


def _as_row(semester: Semester) -> dict[str, str | None]:
    days = {name: getattr(semester, name) for name in ("starts_on", "ends_on", *DATES)}
    return {"semester": str(semester), **{name: day.isoformat() for name, day in days.items() if day}}
