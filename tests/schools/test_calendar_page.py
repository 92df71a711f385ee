"""What people see of the calendar and what IT changes there."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from schools.models import CalendarPeriod, LessonHours, School, User
from tests import factories

pytestmark = pytest.mark.django_db
YEAR = {"year": "2026"}


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def school() -> School:
    return factories.school("Södra skolan")


@pytest.fixture
def keeper() -> Client:
    return signed_in(factories.person("it_admin"))


def says(**changes: str) -> dict[str, str]:
    period = {
        "kind": "freeze",
        "name": "Terminsstart",
        "starts_on": "2027-01-11",
        "ends_on": "2027-01-15",
        "scope": "all",
        "reason": "Lugn start",
    }
    return {**period, **changes}


def page(client: Client, name: str = "calendar", *args: Any, **query: str) -> str:
    answer = client.get(reverse(f"schools:{name}", args=args), query)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def test_a_teacher_sees_what_holds_at_the_own_school(school: School) -> None:
    factories.period()
    factories.period(name="Sportlov", starts_on=date(2027, 2, 22), school=school)
    factories.period(name="Studiedag", school=factories.school())

    seen = page(signed_in(factories.person("teacher", school)), **YEAR)

    assert "2027-02-22" in seen
    assert "2027-03-01" not in seen
    assert "Studiedag" not in seen
    assert reverse("schools:add_period") not in seen


def test_it_sees_all_lines_or_those_of_one_school(keeper: Client, school: School) -> None:
    factories.period(name="Studiedag", school=school)
    other = factories.school()

    assert "Studiedag" in page(keeper, **YEAR)
    assert "Studiedag" in page(keeper, school=str(school.pk), **YEAR)
    assert "Studiedag" not in page(keeper, school=str(other.pk), **YEAR)


def test_the_calendar_of_another_school_is_not_there(school: School) -> None:
    client = signed_in(factories.person("teacher", school))

    answers = [client.get(f"/calendar/?school={key}") for key in (factories.school().pk, 7_999_999, "x", "9" * 30)]

    assert [answer.status_code for answer in answers] == [404] * 4


@pytest.mark.parametrize("year", ["26", "x", "1999", "2100", "20270", "²²²²"])
def test_a_year_that_is_none_is_not_there(keeper: Client, year: str) -> None:
    assert keeper.get("/calendar/", {"year": year}).status_code == 404
    assert keeper.get("/calendar/copy/", {"year": year}).status_code == 404


def test_the_year_names_each_day_of_a_break(keeper: Client) -> None:
    factories.period()

    seen = page(keeper, **YEAR)

    assert seen.count('class="day day-break" title="Sportlov"') == 5


def test_one_row_and_twenty_cost_the_same(keeper: Client, django_assert_max_num_queries: Any) -> None:
    factories.period()
    page(keeper, **YEAR)
    for number in range(20):
        factories.period(name=f"Lov {number}", school=factories.school())

    with django_assert_max_num_queries(25):
        page(keeper, **YEAR)


def test_it_adds_changes_and_removes(keeper: Client, school: School) -> None:
    answer = keeper.post("/calendar/new/", says(scope=f"school:{school.pk}"))
    row = CalendarPeriod.objects.get()
    assert answer.headers["Location"] == "/calendar/?year=2026"
    assert row.school == school

    keeper.post(f"/calendar/{row.pk}/", says(name="Skolstart", scope=f"school_form:{school.school_form_id}"))
    row.refresh_from_db()
    assert (row.name, row.school_id, row.school_form_id) == ("Skolstart", None, school.school_form_id)

    keeper.post(f"/calendar/{row.pk}/remove/", {"removal-reason": "Behövs inte"})
    assert not CalendarPeriod.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ends_on": "2027-01-10"}, "The last day has to be the first day or later."),
        ({"reason": ""}, "This field is required."),
        ({"scope": "school:7999999"}, "Select a valid choice"),
        ({"scope": "planet:1"}, "Select a valid choice"),
        ({"kind": "term"}, "Another term has some of these days already."),
        ({"starts_on": "i går"}, "Enter a valid date."),
    ],
)
def test_what_does_not_fit_is_said_and_not_kept(keeper: Client, wrong: dict[str, str], said: str) -> None:
    factories.period("term", "Vårterminen", starts_on=date(2027, 1, 11), ends_on=date(2027, 6, 11))

    answer = keeper.post("/calendar/new/", says(**wrong))

    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert CalendarPeriod.objects.count() == 1


def test_removing_without_a_reason_is_refused(keeper: Client) -> None:
    row = factories.period()

    answer = keeper.post(f"/calendar/{row.pk}/remove/", {})

    assert answer.status_code == 400
    assert CalendarPeriod.objects.filter(pk=row.pk).exists()


def test_lesson_hours_of_a_school(keeper: Client, school: School) -> None:
    week = {"begins_1": "08:00", "ends_1": "16:00", "begins_5": "09:00", "ends_5": "12:30", "reason": "Skoldagen"}

    keeper.post(f"/calendar/lessons/?for=school:{school.pk}", week)

    assert [str(row.begins) for row in LessonHours.objects.filter(school=school)] == ["08:00:00", "09:00:00"]
    assert "09:00–12:30" in page(keeper, school=str(school.pk))
    assert "09:00–12:30" not in page(keeper)


@pytest.mark.parametrize(
    "week", [{"begins_1": "08:00"}, {"begins_1": "16:00", "ends_1": "08:00"}, {"begins_1": "åtta", "ends_1": "16:00"}]
)
def test_hours_that_cannot_be_are_refused(keeper: Client, week: dict[str, str]) -> None:
    answer = keeper.post("/calendar/lessons/", {**week, "reason": "Skoldagen"})

    assert answer.status_code == 400
    assert not LessonHours.objects.exists()


def test_lesson_hours_of_no_part_are_not_there(keeper: Client) -> None:
    answers = [keeper.get("/calendar/lessons/", {"for": part}) for part in ("school:7999999", "x", "all:1")]

    assert [answer.status_code for answer in answers] == [404] * 3


def test_the_copy_is_shown_before_it_is_made(keeper: Client) -> None:
    factories.period()

    assert "2028-02-28" in page(keeper, "copy_year", **YEAR)
    assert CalendarPeriod.objects.count() == 1

    answer = keeper.post("/calendar/copy/?year=2026", {"reason": "Nytt läsår"})

    assert answer.headers["Location"] == "/calendar/?year=2027"
    assert CalendarPeriod.objects.count() == 2


def test_the_audit_trail_leads_to_the_period(keeper: Client, school: School) -> None:
    keeper.post("/calendar/new/", says(scope=f"school:{school.pk}"))
    address = CalendarPeriod.objects.get().get_absolute_url()
    reader = signed_in(factories.person("school_it", school))

    for client in (keeper, reader):
        assert f'href="{address}"' in client.get("/audit/").content.decode()
    assert reader.get(address).headers["Location"] == "/calendar/?year=2026"
    assert reader.post(address, says()).status_code == 403
