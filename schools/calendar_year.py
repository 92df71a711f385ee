"""A school year as twelve months of weeks, for the overview. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from schools.calendar import BREAK, FREEZE, HOLIDAY, ONE_DAY, TERM, Calendar, Period

FIRST_MONTH = 7
SHOWN_FIRST = (HOLIDAY, BREAK, TERM)
"""Of several kinds on one day the first gives it its colour; a freeze is drawn on top of any."""


@dataclass(frozen=True)
class Day:
    """`kind` is "" outside terms; `names` are all periods of the day."""

    day: date
    kind: str
    is_frozen: bool
    is_today: bool
    names: tuple[str, ...]


@dataclass(frozen=True)
class Week:
    """Days before or after the month are None."""

    number: int
    days: tuple[Day | None, ...]


@dataclass(frozen=True)
class Month:
    first: date
    weeks: tuple[Week, ...]


def months_of(calendar: Calendar, year: int, today: date) -> list[Month]:
    """July of `year` to June of the next."""
    by_day: dict[date, list[Period]] = {}
    for period in calendar.periods:
        for number in range((period.ends_on - period.starts_on).days + 1):
            by_day.setdefault(period.starts_on + number * ONE_DAY, []).append(period)
    firsts = [date(year + (FIRST_MONTH + n > 12), (FIRST_MONTH + n - 1) % 12 + 1, 1) for n in range(12)]
    return [Month(first, _weeks(first, by_day, today)) for first in firsts]


def _weeks(first: date, by_day: Mapping[date, list[Period]], today: date) -> tuple[Week, ...]:
    monday, weeks = first - timedelta(days=first.weekday()), []
    while monday <= first or monday.month == first.month:
        days = [monday + number * ONE_DAY for number in range(7)]
        shown = (_day(day, by_day, today) if day.month == first.month else None for day in days)
        weeks.append(Week(monday.isocalendar().week, tuple(shown)))
        monday += timedelta(weeks=1)
    return tuple(weeks)


def _day(day: date, by_day: Mapping[date, list[Period]], today: date) -> Day:
    found = by_day.get(day, [])
    kinds = {period.kind for period in found}
    kind = next((kind for kind in SHOWN_FIRST if kind in kinds), "")
    return Day(day, kind, FREEZE in kinds, day == today, tuple(period.name for period in found))
