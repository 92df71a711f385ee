"""IT keeps the calendar: each act with its reason and its event."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from schools.calendar import EVERYWHERE, Level, Scope
from schools.models import AuditEvent, CalendarPeriod, LessonHours, User
from schools.services.calendar import (
    calendar_of,
    calendars_of,
    copy_year,
    put_period,
    remove_period,
    set_week,
)
from tests import factories

pytestmark = pytest.mark.django_db
SCHOOL_DAYS = {day: (time(8), time(16)) for day in range(1, 6)}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def keeper() -> User:
    return factories.person("it_admin")


def test_adding_a_period_is_recorded_with_its_reason(keeper: User) -> None:
    row = CalendarPeriod(
        kind="freeze", name=" Nationella  prov ", starts_on=date(2027, 3, 22), ends_on=date(2027, 3, 26)
    )

    put_period(row, by=keeper, reason="Skolverkets datum")

    event = AuditEvent.objects.get(act="calendar.added")
    assert row.name == "Nationella prov"
    assert (event.actor, event.reason, event.object_label) == (keeper, "Skolverkets datum", "Nationella prov")
    assert event.before == {}
    assert event.after == {
        "kind": "freeze",
        "name": "Nationella prov",
        "starts_on": "2027-03-22",
        "ends_on": "2027-03-26",
    }


def test_a_change_says_what_was_and_what_is(keeper: User) -> None:
    school = factories.school("Södra skolan")
    row = factories.period()
    row.ends_on, row.school = date(2027, 3, 7), school

    put_period(row, by=keeper, reason="Helgen hör till")

    event = AuditEvent.objects.get(act="calendar.changed")
    assert event.before == {"ends_on": "2027-03-05", "school": ""}
    assert event.after == {"ends_on": "2027-03-07", "school": "Södra skolan"}
    assert event.school == school


def test_keeping_what_is_already_so_leaves_no_event(keeper: User) -> None:
    put_period(factories.period(), by=keeper, reason="Inget")

    assert not AuditEvent.objects.filter(act__startswith="calendar.").exists()


def test_an_act_without_a_reason_changes_nothing(keeper: User) -> None:
    row = factories.period()
    row.name = "Vinterlov"

    with pytest.raises(ValidationError, match="Say why"):
        put_period(row, by=keeper, reason=" ")
    with pytest.raises(ValidationError, match="Say why"):
        remove_period(row, by=keeper, reason="")
    with pytest.raises(ValidationError, match="Say why"):
        set_week(EVERYWHERE, SCHOOL_DAYS, by=keeper, reason="")


def test_removing_a_period_keeps_what_it_said(keeper: User) -> None:
    row = factories.period()

    remove_period(row, by=keeper, reason="Dubblett")

    event = AuditEvent.objects.get(act="calendar.removed")
    assert not CalendarPeriod.objects.exists()
    assert (event.before["name"], event.before["starts_on"], event.reason) == ("Sportlov", "2027-03-01", "Dubblett")


def test_a_schools_own_break_takes_the_place_of_the_municipalitys() -> None:
    own, other = factories.school(), factories.school()
    factories.period()
    factories.period(name="sportlov", starts_on=date(2027, 2, 22), school=own)

    found = calendars_of([own, other])

    now = datetime(2027, 1, 11, 8, tzinfo=UTC)
    assert [found[school.pk].next_break(now).starts_on for school in (own, other)] == [  # type: ignore[union-attr]
        date(2027, 2, 22),
        date(2027, 3, 1),
    ]


def test_calendars_of_many_schools_cost_as_much_as_of_one(django_assert_num_queries: object) -> None:
    schools = [factories.school() for _n in range(5)]
    factories.period(school=schools[0])

    with django_assert_num_queries(2):  # type: ignore[operator]
        calendars_of(schools)


def test_lesson_hours_hold_in_terms(keeper: User) -> None:
    school = factories.school()
    factories.period("term", "Vårterminen", starts_on=date(2027, 1, 11), ends_on=date(2027, 6, 11))

    set_week(EVERYWHERE, SCHOOL_DAYS, by=keeper, reason="Skoldagen")

    morning = datetime(2027, 1, 11, 9, tzinfo=UTC)
    assert calendar_of(school).next_allowed(morning) == datetime(2027, 1, 11, 15, tzinfo=UTC)
    assert AuditEvent.objects.get(act="calendar.lessons_set").after["lessons"][0] == "1 08:00–16:00"


def test_a_schools_own_week_may_be_taken_away_again(keeper: User) -> None:
    school = factories.school()
    scope = Scope(Level.SCHOOL, school.pk)
    set_week(EVERYWHERE, SCHOOL_DAYS, by=keeper, reason="Skoldagen")
    set_week(scope, {1: (time(9), time(12))}, by=keeper, reason="Bara måndagar")
    assert set(calendar_of(school).lessons or {}) == {1}

    set_week(scope, {}, by=keeper, reason="Som alla andra")

    assert set(calendar_of(school).lessons or {}) == {1, 2, 3, 4, 5}
    assert LessonHours.objects.count() == 5


def test_a_year_is_copied_once(keeper: User) -> None:
    factories.period(school=factories.school())
    factories.period("term", "Vårterminen", starts_on=date(2027, 1, 11), ends_on=date(2027, 6, 11))

    made = copy_year(2026, by=keeper, reason="Nytt läsår")

    assert [(row.name, row.starts_on) for row in made] == [
        ("Vårterminen", date(2028, 1, 10)),
        ("Sportlov", date(2028, 2, 28)),
    ]
    assert made[1].school_id
    assert copy_year(2026, by=keeper, reason="Igen") == []


def test_a_copy_that_does_not_fit_copies_nothing(keeper: User) -> None:
    factories.period()
    factories.period("term", "Vårterminen", starts_on=date(2027, 1, 11), ends_on=date(2027, 6, 11))
    factories.period("term", "Våren", starts_on=date(2028, 1, 12), ends_on=date(2028, 6, 9))

    with pytest.raises(ValidationError, match="“Vårterminen” does not fit in"):
        copy_year(2026, by=keeper, reason="Nytt läsår")

    assert CalendarPeriod.objects.count() == 3
