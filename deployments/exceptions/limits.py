"""How long an exception may last: no exception is for ever."""

from __future__ import annotations

from datetime import date, timedelta

from django.conf import settings

from deployments.models import Semester


def latest_last_day(on: date) -> date:
    """So many days after the end of the semester that `on` is in; of `on` itself between semesters."""
    semester = Semester.objects.filter(starts_on__lte=on, ends_on__gte=on).order_by("-ends_on").first()
    return (semester.ends_on if semester else on) + timedelta(days=settings.EXCEPTION_DAYS_AFTER_TERM)
