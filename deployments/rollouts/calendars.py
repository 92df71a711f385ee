"""When the calendar of each school lets a roll-out in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from deployments.models import Rollout
from deployments.rollouts.candidates import is_binding
from schools.calendar import Calendar, Period, local_moment
from schools.models import School
from schools.services.calendar import calendars_of


@dataclass(frozen=True)
class Doors:
    """`first_at(school)` is the first moment from now on at which the roll-out may reach the computers of a school.

    A computer whose school nobody knows has no calendar and waits for the common start alone. `period` is the break
    that the roll-out starts in: each school has its own days of it. Not `is_bound`: two people have let the roll-out
    start whatever the calendars say, or nothing in it comes without anybody's doing.
    """

    calendars: dict[int, Calendar]
    now: datetime
    is_bound: bool
    starts_at: datetime | None = None
    period: Period | None = None

    def first_at(self, school: int | None) -> datetime:
        calendar = self.calendars.get(school) if school else None
        own = (calendar.own(self.period) if calendar else None) or self.period if self.period else None
        start = own.starts_at if own else self.starts_at
        moment = max(self.now, start) if start else self.now
        return calendar.next_allowed(moment) if calendar and self.is_bound else moment

    def lets_in(self, school: int | None) -> bool:
        return self.first_at(school) <= self.now


def doors_of(rollout: Rollout, now: datetime, schools: Iterable[School] | None = None) -> Doors:
    """Four queries."""
    overridden = rollout.overrides.filter(approved_at__isnull=False).exists()
    return Doors(
        calendars=calendars_of(School.objects.all() if schools is None else schools),
        now=now,
        is_bound=not overridden and is_binding(rollout.change_set),
        starts_at=local_moment(rollout.starts_on) if rollout.starts_on else None,
        period=rollout.starts_in.as_period() if rollout.starts_in else None,
    )
