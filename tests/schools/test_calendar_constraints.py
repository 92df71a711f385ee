"""What the database keeps true of the calendar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import translation

from schools.models import CalendarPeriod, LessonHours
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def period(kind: str, first: date, last: date, **columns: Any) -> CalendarPeriod:
    return CalendarPeriod(kind=kind, name=columns.pop("name", "Vårterminen"), starts_on=first, ends_on=last, **columns)


def refused(row: CalendarPeriod | LessonHours) -> list[str]:
    """The form's words; and the database refuses the row as well."""
    with pytest.raises(ValidationError) as caught:
        row.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()
    return caught.value.messages


def test_a_period_cannot_end_before_it_starts() -> None:
    said = refused(period("break", date(2027, 3, 5), date(2027, 3, 4)))

    assert "The last day has to be the first day or later." in said


def test_a_period_of_one_day_is_kept() -> None:
    row = period("holiday", date(2027, 5, 6), date(2027, 5, 6))
    row.full_clean()
    row.save()

    assert CalendarPeriod.objects.get() == row


def test_a_period_is_for_one_part_at_most() -> None:
    school = factories.school()

    said = refused(
        period("break", date(2027, 3, 1), date(2027, 3, 5), school=school, administration=school.administration)
    )

    assert said == ["Choose one administration, one school form or one school, or none of them for all schools."]


@pytest.mark.parametrize("scope", ["all", "administration", "school_form", "school"])
def test_terms_of_one_scope_do_not_overlap(scope: str) -> None:
    school = factories.school()
    of = {"administration": school.administration, "school_form": school.school_form, "school": school}
    columns = {scope: of[scope]} if scope in of else {}
    period("term", date(2027, 1, 11), date(2027, 6, 11), **columns).save()

    said = refused(period("term", date(2027, 6, 11), date(2027, 12, 20), name="Höstterminen", **columns))

    assert said == ["Another term has some of these days already."]


def test_terms_of_different_schools_may_overlap() -> None:
    for row in [{}, {"school": factories.school()}, {"school": factories.school()}]:
        term = period("term", date(2027, 1, 11), date(2027, 6, 11), **row)
        term.full_clean()
        term.save()

    assert CalendarPeriod.objects.count() == 3


def test_a_break_may_lie_in_a_term_and_in_another_break() -> None:
    for kind in ["term", "break", "break", "freeze", "holiday"]:
        row = period(kind, date(2027, 1, 11), date(2027, 6, 11))
        row.full_clean()
        row.save()

    assert CalendarPeriod.objects.count() == 5


def test_lessons_end_after_they_begin() -> None:
    said = refused(LessonHours(weekday=1, begins=time(16), ends=time(8)))

    assert said == ["Lessons have to end after they begin."]


def test_a_weekday_has_lessons_once_in_each_scope() -> None:
    LessonHours.objects.create(weekday=1, begins=time(8), ends=time(16))
    LessonHours.objects.create(weekday=1, begins=time(9), ends=time(15), school=factories.school())

    refused(LessonHours(weekday=1, begins=time(10), ends=time(12)))
