"""What was decided on a day: the revision that was in force when it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from deployments.models import BaselineRevision


@dataclass(frozen=True)
class Day:
    """`on` None with a `problem`: what was asked for is no day, or not one that has come."""

    on: date | None
    problem: str = ""

    @property
    def revision(self) -> BaselineRevision | None:
        """None before the first revision came into force. One query."""
        if self.on is None:
            return None
        end = timezone.make_aware(datetime.combine(self.on, time.max))
        revisions = BaselineRevision.objects.in_force(min(end, timezone.now()))
        return revisions.select_related("baseline__semester", "decided_by").first()


def day_of(text: str) -> Day:
    """A day as addresses have it: 2027-03-03."""
    try:
        on = parse_date(text)
    except ValueError:
        on = None
    if on is None or on.year < 2000:
        return Day(None, _("That is no day. Write it as year-month-day, for example 2027-03-03."))
    if on > timezone.localdate():
        return Day(None, _("That day has not come yet, so nothing is in force on it."))
    return Day(on)
