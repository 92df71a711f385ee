"""Opening a semester: from then on its baseline can be prepared."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from deployments.models import Baseline, Semester
from schools import audit
from schools.models import User


@transaction.atomic
def open_semester(year: int, term: str, starts_on: date, ends_on: date, *, by: User | None) -> Baseline:
    """A semester and its empty baseline. Raises ValidationError when it is there already or its dates make no sense."""
    semester = Semester(year=year, term=term, starts_on=starts_on, ends_on=ends_on)
    semester.full_clean()
    semester.save()
    baseline = Baseline.objects.create(semester=semester)
    dates = {"starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat()}
    audit.record("semester.opened", baseline, by=by, after={"semester": str(semester), **dates})
    return baseline
