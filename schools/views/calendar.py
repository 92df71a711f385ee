"""The school calendar: a year at a glance, its periods and lesson hours. Schools see what holds for them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.views.decorators.http import require_GET

from schools.calendar import Calendar, school_year
from schools.calendar_year import months_of
from schools.converters import LARGEST_KEY
from schools.decorators import permission_required
from schools.models import CalendarPeriod, LessonHours, School, User
from schools.services.calendar import calendar_of, calendar_of_all
from schools.views.person import person

YEARS = range(2000, 2100)


@require_GET
@permission_required("schools.view_calendar")
def calendar(request: HttpRequest) -> HttpResponse:
    """`?school=` for one school's; without it those who read every school get all lines."""
    user, now = person(request), timezone.now()
    schools = School.objects.visible_to(user).order_by("name")
    school, year = _school(request, user, schools), chosen_year(request)
    shown = calendar_of(school) if school else calendar_of_all()
    context = {
        "school": school,
        "schools": schools,
        "is_wide": user.access.reads_all("schools.view_calendar"),
        "may_edit": user.has_perm("schools.edit_calendar"),
        "year": year,
        "rows": _rows(school, shown, year),
        "months": months_of(shown, year, timezone.localdate(now)),
        "kinds": CalendarPeriod.Kind.choices,
        "weekday_names": [(WEEKDAYS[day], WEEKDAYS_ABBR[day]) for day in range(7)],
        "week": _week(shown),
        "has_lessons": bool(shown.lessons),
        "own_hours": _own_hours() if not school else [],
        **years_around(year, now),
        **_at(shown, now),
    }
    return render(request, "schools/calendar.html", context)


def chosen_year(request: HttpRequest) -> int:
    """The school year of the address, or the present one. Raises Http404 for what is no year."""
    asked = request.GET.get("year", "")
    if not asked:
        return school_year(timezone.localdate())
    if not (asked.isdecimal() and len(asked) == 4 and int(asked) in YEARS):
        raise Http404
    return int(asked)


def years_around(year: int, now: datetime) -> dict[str, Any]:
    present = school_year(timezone.localdate(now))
    return {
        "former_year": year - 1,
        "next_year": year + 1,
        "year_after": year + 2,
        "is_present_year": year == present,
    }


def _school(request: HttpRequest, user: User, schools: QuerySet[School]) -> School | None:
    asked = request.GET.get("school", "")
    if not asked:
        return None if user.access.reads_all("schools.view_calendar") else schools.first()
    if not asked.isdecimal() or int(asked) > LARGEST_KEY:
        raise Http404
    return get_object_or_404(schools, pk=int(asked))


def _rows(school: School | None, shown: Calendar, year: int) -> QuerySet[CalendarPeriod]:
    """What holds at the school, or all lines, that begin in the school year."""
    rows: QuerySet[CalendarPeriod] = CalendarPeriod.objects.for_list()
    if school:
        rows = rows.filter(pk__in=[period.pk for period in shown.periods])
    return rows.filter(starts_on__gte=date(year, 7, 1), starts_on__lt=date(year + 1, 7, 1))


def _week(shown: Calendar) -> list[tuple[Any, Any]]:
    """Weekday and its lessons; a weekend without lessons is left out."""
    lessons = shown.lessons or {}
    return [(label, lessons.get(day)) for day, label in LessonHours.Weekday.choices if day < 6 or day in lessons]


def _own_hours() -> list[str]:
    """The parts of the municipality that have lesson hours of their own."""
    parts = {row.holds_for for row in LessonHours.objects.for_list() if row.scope.key}
    return sorted(parts)


def _at(shown: Calendar, now: datetime) -> dict[str, Any]:
    """What hinders now, and the next break and freeze."""
    return {
        "hindrance": shown.why_not(now),
        "allowed_at": shown.next_allowed(now),
        "next_break": shown.next_break(now),
        "next_freeze": next(shown.freezes(now), None),
        "today": timezone.localdate(now),
    }
