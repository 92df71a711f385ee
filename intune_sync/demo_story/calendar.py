"""The demo's school calendar: this school year's as a municipality would set it, and the next one's copied from it.

Its journeys work at any time of any day: only schools at which no account of the demo has a role have told when their
lessons are, and a freeze that goes on when the demo is made is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from schools.calendar import BREAK, EVERYWHERE, FREEZE, HOLIDAY, TERM, Level, Scope, school_year
from schools.calendar_copy import easter
from schools.models import Administration, CalendarPeriod, LessonHours, School, SchoolForm, User
from schools.services.calendar import columns_of, copy_year, put_period, set_week

SCHOOL_DAY = (time(8), time(16))
SHORT_DAY = (time(8, 10), time(14, 20))
HAVE_TOLD = ("GR-CENT", "GR-HAGA", "GR-PARK", "GR-SODE", "GR-VINT")
"""Group tags of the compulsory schools that have told when their lessons are."""
DECIDED = "Nämndernas beslut om läsårsdata"
TESTS = "Skolverkets provdatum"
CALM_START = "Inga ändringar när alla loggar in samtidigt"


@dataclass(frozen=True)
class Told:
    kind: str
    name: str
    first: date
    last: date
    scope: Scope = EVERYWHERE
    reason: str = DECIDED


def tell(now: datetime) -> None:
    """Again does nothing."""
    keeper = User.objects.get(username="anna")
    year = school_year(timezone.localdate(now))
    if not LessonHours.objects.exists():
        _set_lessons(keeper)
    if not CalendarPeriod.objects.exists():
        for told in _school_year(year):
            if told.kind == FREEZE and told.first <= timezone.localdate(now) <= told.last:
                continue
            row = CalendarPeriod(
                kind=told.kind, name=told.name, starts_on=told.first, ends_on=told.last, **columns_of(told.scope)
            )
            put_period(row, by=keeper, reason=told.reason)
        copy_year(year, by=keeper, reason="Preliminärt läsår, nämnderna beslutar i vår")


def _set_lessons(keeper: User) -> None:
    for school in School.objects.filter(group_tag__in=HAVE_TOLD).order_by("name"):
        scope = Scope(Level.SCHOOL, school.pk)
        set_week(scope, dict.fromkeys(range(1, 6), SCHOOL_DAY), by=keeper, reason="Skolans schema")
    adapted = SchoolForm.objects.filter(code=SchoolForm.Code.ANPASSAD_GRUNDSKOLA).first()
    if adapted:
        scope = Scope(Level.SCHOOL_FORM, adapted.pk)
        set_week(scope, dict.fromkeys(range(1, 6), SHORT_DAY), by=keeper, reason="Skoldagens ramtid")


def _school_year(year: int) -> list[Told]:
    return [*_terms(year), *_breaks(year + 1), *_days_off(year + 1), *_freezes(year + 1)]


def _terms(year: int) -> list[Told]:
    return [
        Told(TERM, "Höstterminen", _day(year, 34, 2), _day(year, 51, 5)),
        Told(BREAK, "Höstlov", _day(year, 44, 1), _day(year, 44, 5)),
        Told(BREAK, "Jullov", _day(year, 52, 1), _day(year + 1, 1, 5)),
        Told(TERM, "Vårterminen", _day(year + 1, 2, 1), _day(year + 1, 23, 5)),
    ]


def _breaks(spring: int) -> list[Told]:
    """The upper secondary schools are free the week before Easter, the others the week after it."""
    sunday = easter(spring)
    told = [
        Told(BREAK, "Sportlov", _day(spring, 9, 1), _day(spring, 9, 5)),
        Told(BREAK, "Påsklov", sunday + timedelta(days=1), sunday + timedelta(days=5)),
    ]
    upper = Administration.objects.filter(code="GYF").first()
    if upper:
        scope = Scope(Level.ADMINISTRATION, upper.pk)
        told.append(Told(BREAK, "Påsklov", sunday - timedelta(days=6), sunday - timedelta(days=2), scope))
    return told


def _days_off(spring: int) -> list[Told]:
    sunday = easter(spring)
    days = {
        "Studiedag": _day(spring - 1, 39, 1),
        "Långfredagen": sunday - timedelta(days=2),
        "Första maj": date(spring, 5, 1),
        "Kristi himmelsfärdsdag": sunday + timedelta(days=39),
        "Lovdag": sunday + timedelta(days=40),
        "Nationaldagen": date(spring, 6, 6),
    }
    return [Told(HOLIDAY, name, day, day) for name, day in days.items()]


def _freezes(spring: int) -> list[Told]:
    told = [
        Told(FREEZE, "Höstterminens start", _day(spring - 1, 34, 1), _day(spring - 1, 35, 5), reason=CALM_START),
        Told(FREEZE, "Vårterminens start", _day(spring, 1, 4), _day(spring, 2, 5), reason=CALM_START),
        Told(FREEZE, "Nationella prov i maj", _day(spring, 19, 1), _day(spring, 20, 5), reason=TESTS),
    ]
    for code, name, year, first, last in (
        (SchoolForm.Code.GYMNASIESKOLA, "Nationella prov i december", spring - 1, 50, 50),
        (SchoolForm.Code.GRUNDSKOLA, "Nationella prov i årskurs 9", spring, 11, 12),
    ):
        form = SchoolForm.objects.filter(code=code).first()
        if form:
            scope = Scope(Level.SCHOOL_FORM, form.pk)
            told.append(Told(FREEZE, name, _day(year, first, 1), _day(year, last, 5), scope, TESTS))
    return told


def _day(year: int, week: int, weekday: int) -> date:
    """A day of an ISO week: 1 is Monday."""
    return date.fromisocalendar(year, week, weekday)
