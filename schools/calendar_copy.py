"""The same calendar a year later, as a proposal that people look through. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, timedelta

from schools.calendar import BREAK, FREEZE, HOLIDAY, Period, school_year

AROUND_EASTER = range(-10, 11)
AFTER_EASTER = (39, 40, 49, 50)
"""Days from Easter Sunday to Ascension Day and the Friday after it, and to Whit Sunday and the Monday after it."""
AROUND_NEW_YEAR = (1, 2, 51, 52, 53)
FIFTY_TWO_WEEKS = timedelta(weeks=52)


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar, by the anonymous algorithm (Meeus, Astronomical Algorithms, ch. 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), g = divmod(b, 4), (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    n = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * n) // 451
    month, day = divmod(h + n - 7 * m + 114, 31)
    return date(year, month, day + 1)


def a_year_later(period: Period) -> Period:
    """As long, and: breaks and days off at Easter move with it; other days off keep their date; breaks and freezes
    keep their week; terms and what lies around New Year keep their weekday nearest to the date."""
    starts_on = _first_day(period)
    return replace(period, starts_on=starts_on, ends_on=starts_on + (period.ends_on - period.starts_on), pk=None)


def _first_day(period: Period) -> date:
    first = period.starts_on
    from_easter = (first - easter(first.year)).days
    if period.kind in (BREAK, HOLIDAY) and (from_easter in AROUND_EASTER or from_easter in AFTER_EASTER):
        return easter(first.year + 1) + timedelta(days=from_easter)
    if period.kind == HOLIDAY:
        return _same_date(first)
    if period.kind in (BREAK, FREEZE) and first.isocalendar().week not in AROUND_NEW_YEAR:
        year, week, weekday = first.isocalendar()
        return date.fromisocalendar(year + 1, week, weekday)
    return first + FIFTY_TWO_WEEKS


def _same_date(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + 1, day=28 if is_leap_day else day.day)


def missing_copies(periods: Collection[Period], year: int) -> list[tuple[Period, Period]]:
    """Periods of a school year with what each becomes a year later, but for those that the next year has already."""
    there = {(period.subject, period.scope) for period in periods}
    pairs = ((period, a_year_later(period)) for period in _of(periods, year))
    return [(period, copy) for period, copy in pairs if (_subject(period, year + 1), period.scope) not in there]


def _of(periods: Iterable[Period], year: int) -> Iterable[Period]:
    return (period for period in periods if school_year(period.starts_on) == year)


def _subject(period: Period, year: int) -> tuple[str, str, int]:
    return (*period.subject[:2], year)
