"""A school year's calendar, a year later."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schools.calendar import BREAK, FREEZE, HOLIDAY, TERM, Level, Period, Scope, school_year
from schools.calendar_copy import FIXED_DATES, a_year_later, easter, missing_copies


@pytest.mark.parametrize(
    "day",
    [date(2000, 4, 23), date(2008, 3, 23), date(2026, 4, 5), date(2027, 3, 28), date(2028, 4, 16), date(2038, 4, 25)],
)
def test_easter_is_when_the_almanac_says(day: date) -> None:
    assert easter(day.year) == day


@pytest.mark.parametrize(
    ("kind", "first", "last", "becomes"),
    [
        (BREAK, date(2026, 10, 26), date(2026, 10, 30), (date(2027, 11, 1), date(2027, 11, 5))),  # week 44 stays 44
        (BREAK, date(2027, 3, 1), date(2027, 3, 5), (date(2028, 2, 28), date(2028, 3, 3))),  # week 9 stays 9
        (BREAK, date(2027, 3, 29), date(2027, 4, 2), (date(2028, 4, 17), date(2028, 4, 21))),  # Easter moves
        (HOLIDAY, date(2027, 5, 6), date(2027, 5, 6), (date(2028, 5, 25), date(2028, 5, 25))),  # Ascension Day
        (HOLIDAY, date(2027, 6, 6), date(2027, 6, 6), (date(2028, 6, 6), date(2028, 6, 6))),  # the national day
        (HOLIDAY, date(2026, 9, 21), date(2026, 9, 21), (date(2027, 9, 27), date(2027, 9, 27))),  # in-service training
        (BREAK, date(2026, 12, 21), date(2027, 1, 8), (date(2027, 12, 20), date(2028, 1, 7))),
        (TERM, date(2026, 8, 18), date(2026, 12, 18), (date(2027, 8, 17), date(2027, 12, 17))),
        (FREEZE, date(2027, 3, 22), date(2027, 3, 26), (date(2028, 3, 20), date(2028, 3, 24))),
    ],
)
def test_what_a_period_becomes(kind: str, first: date, last: date, becomes: tuple[date, date]) -> None:
    copy = a_year_later(Period(kind, "Namn", first, last))

    assert (copy.starts_on, copy.ends_on) == becomes


@given(
    st.sampled_from([TERM, BREAK, FREEZE, HOLIDAY]), st.dates(date(2020, 1, 1), date(2080, 1, 1)), st.integers(0, 150)
)
def test_a_copy_is_as_long_and_about_a_year_later(kind: str, first: date, length: int) -> None:
    period = Period(kind, "Namn", first, date.fromordinal(first.toordinal() + length))

    copy = a_year_later(period)

    assert copy.ends_on - copy.starts_on == period.ends_on - period.starts_on
    assert 325 <= (copy.starts_on - first).days <= 405
    assert copy.starts_on.weekday() == first.weekday() or (first.month, first.day) in FIXED_DATES


def test_what_the_next_year_has_already_is_not_copied() -> None:
    school = Scope(Level.SCHOOL, 1)
    autumn = Period(BREAK, "Höstlov", date(2026, 10, 26), date(2026, 10, 30))
    own = Period(BREAK, "Höstlov", date(2026, 10, 19), date(2026, 10, 23), school)
    there = Period(BREAK, "höstlov", date(2027, 11, 8), date(2027, 11, 12))

    pairs = missing_copies([autumn, own, there], 2026)

    assert [period for period, _copy in pairs] == [own]
    assert all(school_year(copy.starts_on) == 2027 for _period, copy in pairs)
