"""Acts on the school calendar, and the calendars of schools as `schools.calendar` understands them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import time
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import ProtectedError, QuerySet
from django.utils.translation import gettext as _

from schools import audit
from schools.calendar import Calendar, Level, Period, Place, Scope
from schools.calendar_copy import missing_copies
from schools.models import CalendarPeriod, LessonHours, School, User
from schools.models.calendar import Scoped

COLUMN_OF_LEVEL = {Level.ADMINISTRATION: "administration", Level.SCHOOL_FORM: "school_form", Level.SCHOOL: "school"}
NO_PLACE = Place(school=0, school_form=0, administration=0)
"""No key is 0, so that only what is for all holds there."""
Key = TypeVar("Key")
Week = Mapping[int, tuple[time, time]]
"""When lessons begin and end, by weekday: 1 is Monday."""


def calendar_of(school: School) -> Calendar:
    return calendars_of([school])[school.pk]


def calendars_of(schools: Iterable[School]) -> dict[int, Calendar]:
    """By school's primary key; two queries however many schools."""
    return _calendars({school.pk: place_of(school) for school in schools})


def calendars_and_common(schools: Iterable[School]) -> dict[int | None, Calendar]:
    """As `calendars_of`, and under None `calendar_of_all`; two queries as well."""
    places: dict[int | None, Place] = {school.pk: place_of(school) for school in schools}
    places[None] = NO_PLACE
    return _calendars(places)


def calendar_of_all() -> Calendar:
    """What is for every school: without the lines of single parts."""
    return calendars_and_common([])[None]


def _calendars(places: Mapping[Key, Place]) -> dict[Key, Calendar]:
    periods = [row.as_period() for row in CalendarPeriod.objects.all()]
    lessons = [row.as_lessons() for row in LessonHours.objects.all()]
    return {key: Calendar.for_school(place, periods, lessons) for key, place in places.items()}


def place_of(school: School) -> Place:
    return Place(school.pk, school.school_form_id, school.administration_id)


@transaction.atomic
def put_period(row: CalendarPeriod, *, by: User, reason: str) -> CalendarPeriod:
    """Keep a new period or a changed one. Raises ValidationError; without a change nothing is recorded."""
    before = {}
    if row.pk:
        before = _said(CalendarPeriod.objects.select_for_update(of=("self",)).select_related("school").get(pk=row.pk))
    row.name = " ".join(row.name.split())
    row.full_clean()
    row.save()
    after = _said(row)
    changed = {column for column in after if before.get(column, "") != after[column]}
    if changed:
        audit.record(
            "calendar.changed" if before else "calendar.added",
            row,
            by=by,
            school=row.school,
            before={column: before[column] for column in sorted(changed) if before},
            after={column: after[column] for column in sorted(changed)},
            reason=_given(reason),
        )
    return row


@transaction.atomic
def remove_period(row: CalendarPeriod, *, by: User, reason: str) -> None:
    """Raises ValidationError when a roll-out is to start in it."""
    audit.record("calendar.removed", row, by=by, school=row.school, before=_said(row), reason=_given(reason))
    try:
        row.delete()
    except ProtectedError:
        message = _("“%(period)s” cannot be removed: a roll-out is to start in it.") % {"period": row}
        raise ValidationError(message) from None


@transaction.atomic
def set_week(scope: Scope, week: Week, *, by: User, reason: str) -> list[LessonHours]:
    """The lesson hours of one part of the municipality, all weekdays at once. An empty week takes the part's own hours
    away, so that those of a wider part hold there. Raises ValidationError."""
    columns = columns_of(scope)
    rows = rows_of(LessonHours.objects.all(), scope)
    former = list(rows.select_for_update(of=("self",)))
    before = [_hours(row) for row in former]
    rows.delete()
    kept = [LessonHours(weekday=day, begins=at[0], ends=at[1], **columns) for day, at in sorted(week.items())]
    for row in kept:
        row.full_clean()
        row.save()
    after = [_hours(row) for row in kept]
    if after != before:
        owner = (kept or former)[0]
        audit.record(
            "calendar.lessons_set",
            owner,
            by=by,
            school=owner.school,
            before={"lessons": before, **_part(owner)},
            after={"lessons": after, **_part(owner)},
            reason=_given(reason),
        )
    return kept


def copies_of(year: int) -> list[tuple[Period, CalendarPeriod]]:
    """What a school year's periods would become in the next one, by first day; not those that it has already."""
    rows = CalendarPeriod.objects.for_list()
    pairs = missing_copies([row.as_period() for row in rows], year)
    by_key: dict[int | None, CalendarPeriod] = {row.pk: row for row in rows}
    copies = [(period, _copied(by_key[period.pk], copy)) for period, copy in pairs]
    return sorted(copies, key=lambda pair: (pair[1].starts_on, pair[1].ends_on, pair[1].name))


@transaction.atomic
def copy_year(year: int, *, by: User, reason: str) -> list[CalendarPeriod]:
    """Keep the copies, all or none. Raises ValidationError that names the one that does not fit."""
    made = []
    for _period, copy in copies_of(year):
        try:
            made.append(put_period(copy, by=by, reason=reason))
        except ValidationError as error:
            said = {"period": copy.name, "reason": " ".join(error.messages)}
            raise ValidationError(_("“%(period)s” does not fit in: %(reason)s") % said) from None
    return made


def columns_of(scope: Scope) -> dict[str, int | None]:
    """The column of a row that is for that part."""
    return {} if scope.level == Level.ALL else {f"{COLUMN_OF_LEVEL[scope.level]}_id": scope.key}


def rows_of(rows: QuerySet[LessonHours], scope: Scope) -> QuerySet[LessonHours]:
    """Those of exactly this part."""
    columns = columns_of(scope)
    return rows.filter(**{f"{name}_id": columns.get(f"{name}_id") for name in COLUMN_OF_LEVEL.values()})


def _copied(row: CalendarPeriod, copy: Period) -> CalendarPeriod:
    scope = {name: getattr(row, name) for name in COLUMN_OF_LEVEL.values()}
    return CalendarPeriod(kind=row.kind, name=row.name, starts_on=copy.starts_on, ends_on=copy.ends_on, **scope)


def _said(row: CalendarPeriod) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "name": row.name,
        "starts_on": row.starts_on.isoformat(),
        "ends_on": row.ends_on.isoformat(),
        **_part(row),
    }


def _part(row: Scoped) -> dict[str, str]:
    """Whom a row is for; nothing but empty columns is all schools."""
    return {
        "administration": row.administration.name if row.administration else "",
        "school_form": row.school_form.code if row.school_form else "",
        "school": row.school.name if row.school else "",
    }


def _hours(row: LessonHours) -> str:
    """The same in every language."""
    return f"{row.weekday} {row.begins:%H:%M}–{row.ends:%H:%M}"


def _given(reason: str) -> str:
    if not reason.strip():
        raise ValidationError({"reason": _("Say why.")})
    return reason.strip()
