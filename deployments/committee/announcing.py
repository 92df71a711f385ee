"""The semester's dates, told when they come: proposals open, close in a week, and the meeting is the day after."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction

from deployments.models import Baseline, Meeting
from deployments.notices import committee as notices

BEFORE_THE_FREEZE = timedelta(days=7)
LATE = timedelta(days=3)
"""A day on which nothing ran is made up for so long afterwards."""


@transaction.atomic
def announce(today: date) -> None:
    """Once for each date and person, however often it runs."""
    for baseline in Baseline.objects.filter(semester__ends_on__gte=today).select_related("semester"):
        semester = baseline.semester
        if _is_now(semester.proposals_open_on, today):
            notices.tell_date(baseline, "proposals.open")
        if semester.freeze_on and _is_now(semester.freeze_on - BEFORE_THE_FREEZE, today):
            notices.tell_date(baseline, "proposals.closing")
    tomorrow = today + timedelta(days=1)
    soon = Meeting.objects.filter(status=Meeting.Status.PLANNED, starts_at__date=tomorrow)
    for meeting in soon.select_related("baseline__semester"):
        notices.tell_tomorrow(meeting)


def _is_now(day: date | None, today: date) -> bool:
    return day is not None and day <= today <= day + LATE
