"""The calendar for scripts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from schools.models import AuditEvent, CalendarPeriod, LessonHours, User
from tests import factories
from tests.schools.conftest import Ask

pytestmark = pytest.mark.django_db

SAID = {
    "kind": "freeze",
    "name": "Nationella prov",
    "starts_on": "2027-03-22",
    "ends_on": "2027-03-26",
    "reason": "Skolverkets datum",
}


@pytest.fixture
def post() -> Callable[..., Any]:
    token = factories.api_token(factories.person("it_admin"))

    def send(path: str, said: dict[str, Any], **headers: str) -> Any:
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en", **headers}
        return Client().post(f"/api/v1/{path}", said, "application/json", headers=headers)

    return send


def test_a_period_is_added_changed_and_removed(post: Callable[..., Any]) -> None:
    school = factories.school()

    added = post("calendar-periods/", SAID)
    key = added.json()["id"]
    changed = post(f"calendar-periods/{key}/change/", {**SAID, "school": school.pk})
    removed = post(f"calendar-periods/{key}/remove/", {"reason": "Fel år"})

    assert [answer.status_code for answer in (added, changed, removed)] == [201, 200, 204]
    assert (added.json()["school"], changed.json()["school"]) == (None, school.pk)
    assert [event.act for event in AuditEvent.objects.filter(act__startswith="calendar.").order_by("id")] == [
        "calendar.added",
        "calendar.changed",
        "calendar.removed",
    ]


def test_the_same_key_adds_once(post: Callable[..., Any]) -> None:
    answers = [post("calendar-periods/", SAID, **{"Idempotency-Key": "one-time"}) for _n in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert CalendarPeriod.objects.count() == 1


def test_what_cannot_be_is_refused_with_words(post: Callable[..., Any]) -> None:
    school = factories.school()

    late = post("calendar-periods/", {**SAID, "ends_on": "2027-03-21"})
    twofold = post("calendar-periods/", {**SAID, "school": school.pk, "administration": school.administration_id})

    assert (late.status_code, twofold.status_code) == (400, 400)
    assert "The last day has to be the first day or later." in late.content.decode()
    assert "Choose one administration" in twofold.content.decode()
    assert not CalendarPeriod.objects.exists()


def test_a_school_reads_what_may_hold_there(ask: Callable[[User], Ask]) -> None:
    own, other = factories.school(), factories.school(form="grundskola")
    for columns in ({}, {"school": own}, {"school": other}, {"school_form": other.school_form}):
        factories.period(name=f"Lov {len(CalendarPeriod.objects.all())}", **columns)
    get = ask(factories.person("teacher", own))

    assert [row["name"] for row in get("calendar-periods/").json()["results"]] == ["Lov 0", "Lov 1"]


def test_periods_of_a_time(ask: Callable[[User], Ask]) -> None:
    factories.period()
    factories.period(name="Höstlov", starts_on=date(2026, 10, 26))
    get = ask(factories.person("it_admin"))

    found = get("calendar-periods/", since="2027-03-05", until="2027-03-31").json()["results"]

    assert [row["name"] for row in found] == ["Sportlov"]


def test_a_week_of_lessons_is_set_and_taken_away(post: Callable[..., Any]) -> None:
    school = factories.school()
    days = [{"weekday": day, "begins": "08:00", "ends": "16:00"} for day in range(1, 6)]

    kept = post("lesson-hours/", {"school": school.pk, "days": days, "reason": "Skoldagen"})
    assert [row["weekday"] for row in kept.json()] == [1, 2, 3, 4, 5]
    assert LessonHours.objects.filter(school=school).count() == 5

    assert post("lesson-hours/", {"school": school.pk, "days": [], "reason": "Som andra"}).status_code == 201
    assert not LessonHours.objects.exists()


def test_a_weekday_cannot_stand_twice(post: Callable[..., Any]) -> None:
    day = {"weekday": 1, "begins": "08:00", "ends": "16:00"}

    assert post("lesson-hours/", {"days": [day, day], "reason": "Skoldagen"}).status_code == 400
