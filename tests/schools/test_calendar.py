"""When something required may start at a school, across both changes of the clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schools.calendar import BREAK, EVERYWHERE, FREEZE, HOLIDAY, TERM, Calendar, Lessons, Level, Period, Place, Scope

HERE = Place(school=1, school_form=2, administration=3)
SCOPES = [EVERYWHERE, Scope(Level.ADMINISTRATION, 3), Scope(Level.SCHOOL_FORM, 2), Scope(Level.SCHOOL, 1)]
ELSEWHERE = [Scope(Level.ADMINISTRATION, 2), Scope(Level.SCHOOL_FORM, 3), Scope(Level.SCHOOL, 9)]
CHANGES = [date(2026, 10, 25), date(2027, 3, 28)]
"""Sundays on which the clocks of the winter and of the summer begin."""
MINUTE = timedelta(minutes=1)

days = st.builds(
    lambda change, offset: change + timedelta(days=offset),
    st.sampled_from(CHANGES),
    st.integers(min_value=-9, max_value=9),
)
periods = st.builds(
    lambda kind, name, first, length, scope: Period(kind, name, first, first + timedelta(days=length), scope),
    st.sampled_from([TERM, TERM, BREAK, FREEZE, HOLIDAY]),
    st.sampled_from(["Lov", "Prov"]),
    days,
    st.integers(min_value=0, max_value=6),
    st.sampled_from(SCOPES + ELSEWHERE),
)
half_hours = st.builds(lambda n: time(n // 2, n % 2 * 30), st.integers(min_value=0, max_value=47))
weeks = st.lists(
    st.builds(
        lambda weekday, times, scope: Lessons(weekday, min(times), max(times), scope),
        st.integers(min_value=1, max_value=7),
        st.tuples(half_hours, half_hours).filter(lambda times: times[0] != times[1]),
        st.sampled_from(SCOPES + ELSEWHERE),
    ),
    max_size=14,
    unique_by=lambda line: (line.weekday, line.scope),
)
calendars = st.builds(lambda found, week: Calendar.for_school(HERE, found, week), st.lists(periods, max_size=8), weeks)
moments = st.builds(
    lambda day, minutes: datetime.combine(day, time.min, UTC) + timedelta(minutes=minutes),
    days,
    st.integers(min_value=0, max_value=24 * 60 - 1),
)


def stockholm(*at: int, fold: int = 0) -> datetime:
    return datetime(*at, fold=fold, tzinfo=ZoneInfo("Europe/Stockholm"))  # type: ignore[misc,arg-type]


def by_the_wall(calendar: Calendar, moment: datetime) -> bool:
    """Whether a freeze or a lesson goes on, as somebody sees it who looks at the clock and the calendar on a wall."""
    local = moment.astimezone(ZoneInfo("Europe/Stockholm"))
    today = {period.kind for period in calendar.periods if period.starts_on <= local.date() <= period.ends_on}
    lessons = (calendar.lessons or {}).get(local.isoweekday())
    is_lesson = lessons is not None and lessons.begins <= local.time() < lessons.ends
    return FREEZE in today or (TERM in today and not today & {BREAK, HOLIDAY} and is_lesson)


@given(calendars, moments)
def test_nothing_required_starts_in_a_freeze_or_in_lesson_hours(calendar: Calendar, moment: datetime) -> None:
    assert not by_the_wall(calendar, calendar.next_allowed(moment))


@given(calendars, moments)
def test_what_hinders_is_what_the_wall_shows(calendar: Calendar, moment: datetime) -> None:
    is_hindered = calendar.why_not(moment) is not None

    if by_the_wall(calendar, moment):
        assert is_hindered
    elif moment.astimezone(ZoneInfo("Europe/Stockholm")).date() not in CHANGES:
        assert not is_hindered


@given(calendars, moments)
def test_the_next_allowed_moment_is_the_first_one(calendar: Calendar, moment: datetime) -> None:
    allowed = calendar.next_allowed(moment)

    assert allowed >= moment
    assert calendar.why_not(allowed) is None
    step = max(MINUTE, (allowed - moment) / 50)
    tried = [moment + step * n for n in range(51) if moment + step * n < allowed]
    assert all(calendar.why_not(earlier) for earlier in [*tried, *([allowed - MINUTE] if allowed > moment else [])])


@given(calendars, moments)
def test_the_next_allowed_moment_of_an_allowed_one_is_itself(calendar: Calendar, moment: datetime) -> None:
    allowed = calendar.next_allowed(moment)

    assert calendar.next_allowed(allowed) == allowed


@given(calendars, moments, moments)
def test_who_asks_later_may_not_start_earlier(calendar: Calendar, one: datetime, other: datetime) -> None:
    earlier, later = sorted([one, other])

    assert calendar.next_allowed(earlier) <= calendar.next_allowed(later)


@given(periods)
def test_a_period_begins_and_ends_at_midnight_on_the_wall(period: Period) -> None:
    begins = period.starts_at.astimezone(ZoneInfo("Europe/Stockholm"))
    before = (period.ends_at - MINUTE).astimezone(ZoneInfo("Europe/Stockholm"))

    assert (begins.date(), begins.time()) == (period.starts_on, time.min)
    assert (before.date(), before.time()) == (period.ends_on, time(23, 59))


@given(st.lists(periods, max_size=8), weeks, st.randoms())
def test_the_order_of_the_lines_changes_nothing(found: list[Period], week: list[Lessons], random: object) -> None:
    shuffled, turned = list(found), list(week)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    random.shuffle(turned)  # type: ignore[attr-defined]

    one, other = Calendar.for_school(HERE, found, week), Calendar.for_school(HERE, shuffled, turned)

    assert set(one.periods) == set(other.periods)
    assert one.lessons == other.lessons


@given(st.lists(periods, max_size=8))
def test_of_a_name_only_the_nearest_scope_holds(found: list[Period]) -> None:
    here = [period for period in found if period.scope in SCOPES]

    kept = Calendar.for_school(HERE, found, []).periods

    for period in found:
        rivals = [other.scope.level for other in here if other.subject == period.subject]
        assert (period in kept) == (period in here and period.scope.level == max(rivals))


@pytest.mark.parametrize(("nearer", "wider"), [(3, 2), (2, 1), (1, 0)])
def test_the_nearer_scope_wins(nearer: int, wider: int) -> None:
    near = Period(BREAK, "Sportlov", date(2027, 2, 22), date(2027, 2, 26), SCOPES[nearer])
    wide = Period(BREAK, "sportlov", date(2027, 3, 1), date(2027, 3, 5), SCOPES[wider])

    calendar = Calendar.for_school(HERE, [wide, near], [])

    assert calendar.periods == (near,)
    assert calendar.own(wide) == near


def test_a_break_of_another_school_year_is_another_break() -> None:
    here = Period(BREAK, "Sportlov", date(2027, 2, 22), date(2027, 2, 26), SCOPES[3])
    next_year = Period(BREAK, "Sportlov", date(2028, 2, 28), date(2028, 3, 3))

    calendar = Calendar.for_school(HERE, [here, next_year], [])

    assert calendar.next_break(stockholm(2027, 1, 11), "SPORTLOV") == here
    assert calendar.next_break(stockholm(2027, 2, 26, 23, 59), "Sportlov") == here
    assert calendar.next_break(stockholm(2027, 2, 27), "Sportlov") == next_year
    assert calendar.next_break(stockholm(2028, 3, 4), "Sportlov") is None


def test_hours_of_the_school_replace_the_whole_week() -> None:
    week = [Lessons(day, time(8), time(16)) for day in range(1, 6)]

    calendar = Calendar.for_school(HERE, [], [*week, Lessons(1, time(9), time(12), SCOPES[3])])

    assert calendar.lessons == {1: Lessons(1, time(9), time(12), SCOPES[3])}


TERM_WITH_LESSONS = Calendar.for_school(
    HERE,
    [
        Period(TERM, "Höstterminen", date(2026, 8, 17), date(2026, 12, 18)),
        Period(TERM, "Vårterminen", date(2027, 1, 11), date(2027, 6, 11)),
        Period(BREAK, "Höstlov", date(2026, 10, 26), date(2026, 10, 30)),
        Period(FREEZE, "Nationella prov", date(2027, 3, 22), date(2027, 4, 2)),
        Period(HOLIDAY, "Kristi himmelsfärdsdag", date(2027, 5, 6), date(2027, 5, 6)),
    ],
    [Lessons(day, time(8), time(16)) for day in range(1, 8)],
)


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        (stockholm(2026, 10, 23, 8), stockholm(2026, 10, 23, 16)),  # summer time: 14:00 UTC
        (stockholm(2026, 11, 2, 8), stockholm(2026, 11, 2, 16)),  # winter time: 15:00 UTC
        (stockholm(2026, 10, 26, 10), stockholm(2026, 10, 26, 10)),  # in the break
        (stockholm(2026, 11, 2, 7, 59), stockholm(2026, 11, 2, 7, 59)),
        (stockholm(2027, 3, 22), stockholm(2027, 4, 3)),  # the freeze has the night in it in which an hour is skipped
        (stockholm(2027, 4, 2, 23, 59), stockholm(2027, 4, 3)),
        (stockholm(2027, 5, 6, 10), stockholm(2027, 5, 6, 10)),  # a day off
        (stockholm(2027, 7, 1, 10), stockholm(2027, 7, 1, 10)),  # no term
    ],
)
def test_what_is_allowed_first(asked: datetime, allowed: datetime) -> None:
    assert TERM_WITH_LESSONS.next_allowed(asked) == allowed.astimezone(UTC)


def test_a_freeze_over_the_skipped_hour_has_an_hour_less() -> None:
    freeze = TERM_WITH_LESSONS.periods[3]

    assert freeze.ends_at - freeze.starts_at == timedelta(days=12) - timedelta(hours=1)


def test_lessons_in_the_hour_that_comes_twice_hold_both_times() -> None:
    night = Lessons(7, time(2, 15), time(2, 45))
    calendar = Calendar.for_school(HERE, [Period(TERM, "HT", date(2026, 8, 17), date(2026, 12, 18))], [night])

    assert calendar.next_allowed(stockholm(2026, 10, 25, 2, 20)) == stockholm(2026, 10, 25, 2, 45, fold=1).astimezone(
        UTC
    )
    assert calendar.next_allowed(stockholm(2026, 10, 25, 2, 20, fold=1)) == stockholm(
        2026, 10, 25, 2, 45, fold=1
    ).astimezone(UTC)


def test_lessons_in_the_hour_that_is_skipped_are_over_after_it() -> None:
    night = Lessons(7, time(2, 15), time(2, 45))
    calendar = Calendar.for_school(HERE, [Period(TERM, "VT", date(2027, 1, 11), date(2027, 6, 11))], [night])

    assert calendar.next_allowed(stockholm(2027, 3, 28, 3)) == stockholm(2027, 3, 28, 3, 45).astimezone(UTC)
    assert calendar.why_not(stockholm(2027, 3, 28, 4)) is None


def test_the_longest_freeze_is_named_before_lessons() -> None:
    short = Period(FREEZE, "Terminsstart", date(2027, 3, 22), date(2027, 3, 23))

    calendar = Calendar.for_school(
        HERE, [*TERM_WITH_LESSONS.periods, short], (TERM_WITH_LESSONS.lessons or {}).values()
    )
    hindrance = calendar.why_not(stockholm(2027, 3, 22, 10))

    assert hindrance is not None
    assert (hindrance.kind, hindrance.name) == (FREEZE, "Nationella prov")
    assert hindrance.until == stockholm(2027, 4, 3).astimezone(UTC)


def test_one_freeze_may_follow_another() -> None:
    freezes = [
        Period(FREEZE, "Prov", date(2027, 3, 22), date(2027, 3, 27)),
        Period(FREEZE, "Ny provserver", date(2027, 3, 28), date(2027, 3, 29)),
    ]

    calendar = Calendar.for_school(HERE, freezes, [])

    assert calendar.next_allowed(stockholm(2027, 3, 25)) == stockholm(2027, 3, 30).astimezone(UTC)


def test_an_empty_calendar_hinders_nothing() -> None:
    assert Calendar().next_allowed(stockholm(2027, 1, 11, 10)) == stockholm(2027, 1, 11, 10).astimezone(UTC)
