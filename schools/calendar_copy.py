"""The same calendar a year later, as a proposal that people look through. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, timedelta

from schools.calendar import BREAK, HOLIDAY, TERM, Period, school_year

AROUND_EASTER = range(-10, 11)
AFTER_EASTER = (39, 40, 49, 50)
"""Days from Easter Sunday to Ascension Day and the Friday after it, and to Whit Sunday and the Monday after it."""
FIXED_DATES = {(1, 1), (1, 6), (5, 1), (6, 6), (12, 24), (12, 25), (12, 26), (12, 31)}
"""Month and day of the days off that are on the same date each year."""
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
    """As long, and: breaks and days off at Easter move with it; May Day and the like keep their date; other days off,
    breaks and freezes keep their week; terms and what lies around New Year keep their weekday nearest to the date."""
    starts_on = _first_day(period)
    return replace(period, starts_on=starts_on, ends_on=starts_on + (period.ends_on - period.starts_on), pk=None)


def _first_day(period: Period) -> date:
    first = period.starts_on
    from_easter = (first - easter(first.year)).days
    if period.kind in (BREAK, HOLIDAY) and (from_easter in AROUND_EASTER or from_easter in AFTER_EASTER):
        return easter(first.year + 1) + timedelta(days=from_easter)
    if period.kind == HOLIDAY and (first.month, first.day) in FIXED_DATES:
        return first.replace(year=first.year + 1)
    if period.kind != TERM and first.isocalendar().week not in AROUND_NEW_YEAR:
        year, week, weekday = first.isocalendar()
        return date.fromisocalendar(year + 1, week, weekday)
    return first + FIFTY_TWO_WEEKS


def missing_copies(periods: Collection[Period], year: int) -> list[tuple[Period, Period]]:
    """Periods of a school year with what each becomes a year later, but for those that the next year has already."""
    there = {(period.subject, period.scope) for period in periods}
    pairs = ((period, a_year_later(period)) for period in _of(periods, year))
    return [(period, copy) for period, copy in pairs if (_subject(period, year + 1), period.scope) not in there]


def _of(periods: Iterable[Period], year: int) -> Iterable[Period]:
    return (period for period in periods if school_year(period.starts_on) == year)


def _subject(period: Period, year: int) -> tuple[str, str, int]:
    return (*period.subject[:2], year)
