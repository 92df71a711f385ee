"""When the calendar of each school lets a roll-out in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from deployments.models import CalendarOverride, ChangeSet, Rollout
from deployments.rollouts.candidates import computers_of, is_binding
from schools.calendar import Calendar, Hindrance, Period, local_moment
from schools.models import CalendarPeriod, School
from schools.services.calendar import calendars_and_common, calendars_of

SOON = timedelta(days=28)
"""How far ahead a break is worth waiting for."""


@dataclass(frozen=True)
class Doors:
    """`first_at(school)` is the first moment from now on at which the roll-out may reach the computers of a school.

    A computer whose school nobody knows has the calendar under None: what is for every school. `period` is the break
    that the roll-out starts in: each school has its own days of it. Not `is_bound`: two people have let the roll-out
    start whatever the calendars say, or nothing in it comes without anybody's doing.
    """

    calendars: Mapping[int | None, Calendar]
    now: datetime
    is_bound: bool
    starts_at: datetime | None = None
    period: Period | None = None

    def first_at(self, school: int | None) -> datetime:
        calendar, moment = self._of(school), self.wanted_at(school)
        return calendar.next_allowed(moment) if calendar and self.is_bound else moment

    def wanted_at(self, school: int | None) -> datetime:
        """From when on it may begin there if lessons and freezes are left aside."""
        calendar = self._of(school)
        own = (calendar.own(self.period) if calendar else None) or self.period if self.period else None
        start = own.starts_at if own else self.starts_at
        return max(self.now, start) if start else self.now

    def why_not(self, school: int | None) -> Hindrance | None:
        """What the calendar has against beginning at `wanted_at`."""
        calendar = self._of(school)
        return calendar.why_not(self.wanted_at(school)) if calendar and self.is_bound else None

    def _of(self, school: int | None) -> Calendar | None:
        return self.calendars.get(school or None)

    def lets_in(self, school: int | None) -> bool:
        return self.first_at(school) <= self.now


def suggested_break(change_set: ChangeSet, now: datetime) -> CalendarPeriod | None:
    """The break within `SOON` in which most of the change's computers can begin; None for what disturbs nobody."""
    if not is_binding(change_set):
        return None
    rows = computers_of(change_set).exclude(school=None).order_by().values_list("school").annotate(Count("pk"))
    counts = dict(rows)
    votes = Counter[int]()
    for school, calendar in calendars_of(School.objects.filter(pk__in=counts)).items():
        coming = calendar.next_break(now)
        if coming and coming.pk and coming.starts_at - now <= SOON:
            votes[coming.pk] += counts[school]
    return CalendarPeriod.objects.get(pk=min(votes, key=lambda pk: (-votes[pk], pk))) if votes else None


def doors_of(rollout: Rollout, now: datetime, schools: Iterable[School] | None = None) -> Doors:
    """Four queries."""
    overridden = rollout.change_set.overrides.agreed(CalendarOverride.Kind.CALENDAR).exists()
    is_bound = not overridden and is_binding(rollout.change_set)
    return doors_for(rollout, now, School.objects.all() if schools is None else schools, is_bound=is_bound)


def doors_for(rollout: Rollout, now: datetime, schools: Iterable[School], *, is_bound: bool) -> Doors:
    """Two queries."""
    return Doors(
        calendars=calendars_and_common(schools),
        now=now,
        is_bound=is_bound,
        starts_at=local_moment(rollout.starts_on) if rollout.starts_on else None,
        period=rollout.starts_in.as_period() if rollout.starts_in else None,
    )
