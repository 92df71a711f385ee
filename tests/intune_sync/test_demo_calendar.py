"""The demo's school calendar, whatever day it is made."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from intune_sync.demo import PEOPLE
from intune_sync.demo_story import calendar
from schools.models import AuditEvent, CalendarPeriod, LessonHours, School
from schools.services.calendar import calendar_of
from tests import factories

pytestmark = pytest.mark.django_db
FORMS = {"GY": "gymnasieskola", "GR": "grundskola"}


@pytest.fixture
def school() -> School:
    factories.person("it_admin", username="anna")
    return factories.school(form="grundskola", administration=factories.administration("BUF"), group_tag="GR-CENT")


def test_the_calendar_of_2026_and_the_year_after(school: School) -> None:
    calendar.tell(datetime(2026, 11, 24, 12, tzinfo=UTC))

    found = {(row.kind, row.name, row.starts_on, row.ends_on) for row in CalendarPeriod.objects.all()}
    assert {
        ("break", "Höstlov", date(2026, 10, 26), date(2026, 10, 30)),
        ("break", "Jullov", date(2026, 12, 21), date(2027, 1, 8)),
        ("break", "Sportlov", date(2027, 3, 1), date(2027, 3, 5)),
        ("break", "Påsklov", date(2027, 3, 29), date(2027, 4, 2)),
        ("break", "Sportlov", date(2028, 2, 28), date(2028, 3, 3)),
        ("freeze", "Vårterminens start", date(2027, 1, 7), date(2027, 1, 15)),
    } <= found
    assert LessonHours.objects.count() == 5
    assert calendar_of(school).next_allowed(datetime(2026, 11, 24, 12, tzinfo=UTC)) == datetime(
        2026, 11, 24, 15, tzinfo=UTC
    )


@pytest.mark.parametrize("year", range(2025, 2041))
def test_every_year_fits_together(school: School, year: int) -> None:
    calendar.tell(datetime(year, 3, 1, 12, tzinfo=UTC))

    terms = CalendarPeriod.objects.filter(kind="term")
    assert terms.count() == 4
    assert CalendarPeriod.objects.filter(kind="freeze").count() == 8


def test_no_account_of_the_demo_waits_for_the_clock(school: School) -> None:
    tags = {persona.school for persona in PEOPLE if persona.school}
    own = [factories.school(form=FORMS[tag[:2]], group_tag=tag) for tag in tags]

    calendar.tell(datetime(2026, 12, 9, 9, tzinfo=UTC))  # a Wednesday, in the week of upper secondary tests

    assert calendar_of(school).why_not(datetime(2026, 12, 9, 9, tzinfo=UTC)) is not None
    assert not any(calendar_of(each).why_not(datetime(2026, 12, 9, 9, tzinfo=UTC)) for each in own)


def test_telling_it_again_changes_nothing(school: School) -> None:
    calendar.tell(datetime(2026, 11, 24, 12, tzinfo=UTC))
    before = AuditEvent.objects.count()

    calendar.tell(datetime(2027, 11, 24, 12, tzinfo=UTC))

    assert AuditEvent.objects.count() == before
