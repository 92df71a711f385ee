"""The calendar of one school, and what it keeps from starting. Pure: no database and no clock.

Days are the municipality's; every moment is aware, and every moment that is given back is in UTC: two datetimes of one
zone are compared by the clock on the wall, which shows an hour of the last Sunday of October twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo

STOCKHOLM = ZoneInfo("Europe/Stockholm")
TERM, BREAK, FREEZE, HOLIDAY = "term", "break", "freeze", "holiday"
LESSONS = "lessons"
ONE_DAY = timedelta(days=1)


class Level(IntEnum):
    """Whom a line is for; a higher number is nearer to the computers and wins."""

    ALL = 0
    ADMINISTRATION = 1
    SCHOOL_FORM = 2
    SCHOOL = 3


@dataclass(frozen=True)
class Scope:
    """One part of the municipality; `key` is the primary key of the administration, school form or school."""

    level: Level
    key: int | None = None


EVERYWHERE = Scope(Level.ALL)


@dataclass(frozen=True)
class Place:
    """A school, by primary keys, with what it belongs to."""

    school: int
    school_form: int
    administration: int

    def is_in(self, scope: Scope) -> bool:
        keys = {
            Level.ALL: None,
            Level.ADMINISTRATION: self.administration,
            Level.SCHOOL_FORM: self.school_form,
            Level.SCHOOL: self.school,
        }
        return keys[scope.level] == scope.key


@dataclass(frozen=True)
class Period:
    """Named days; the first and the last belong to it. `pk` is the stored row's, for links."""

    kind: str
    name: str
    starts_on: date
    ends_on: date
    scope: Scope = EVERYWHERE
    pk: int | None = None

    def covers(self, day: date) -> bool:
        return self.starts_on <= day <= self.ends_on

    @property
    def subject(self) -> tuple[str, str, int]:
        """What the period says something about: a nearer one with the same subject takes its place."""
        return self.kind, self.name.casefold(), school_year(self.starts_on)

    @property
    def starts_at(self) -> datetime:
        return local_moment(self.starts_on)

    @property
    def ends_at(self) -> datetime:
        """The first moment after it."""
        return local_moment(self.ends_on + ONE_DAY)


@dataclass(frozen=True)
class Lessons:
    """When lessons are held on a weekday of a term: 1 is Monday, 7 Sunday."""

    weekday: int
    begins: time
    ends: time
    scope: Scope = EVERYWHERE

    def on(self, day: date) -> tuple[datetime, datetime]:
        """From and to (not included), in UTC. A time that the clocks skip or show twice is taken so that the span
        is the longer one."""
        return min(_readings(day, self.begins)), max(_readings(day, self.ends))


@dataclass(frozen=True)
class Hindrance:
    """Why nothing required may start at a moment: a freeze by its `name`, or lessons; `until` is when that is over."""

    kind: str
    name: str
    until: datetime


@dataclass(frozen=True)
class Calendar:
    """What holds at one school: `periods` by first day, `lessons` by weekday."""

    periods: tuple[Period, ...] = ()
    lessons: Mapping[int, Lessons] | None = None

    @classmethod
    def for_school(cls, place: Place, periods: Iterable[Period], lessons: Iterable[Lessons]) -> Calendar:
        """From all lines of the municipality: those that are for this school, the nearest for each subject.

        Of a subject (a kind and a name within one school year) only the periods of the nearest scope hold, and of
        lessons only the week of the nearest scope.
        """
        here = [period for period in periods if place.is_in(period.scope)]
        nearest: dict[tuple[str, str, int], Level] = {}
        for period in here:
            nearest[period.subject] = max(nearest.get(period.subject, Level.ALL), period.scope.level)
        kept = [period for period in here if period.scope.level == nearest[period.subject]]
        weeks = [line for line in lessons if place.is_in(line.scope)]
        week = max((line.scope.level for line in weeks), default=Level.ALL)
        return cls(
            tuple(sorted(kept, key=lambda period: (period.starts_on, period.ends_on, period.kind, period.name))),
            {line.weekday: line for line in weeks if line.scope.level == week},
        )

    def on(self, day: date) -> list[Period]:
        """All periods with that day in them."""
        return [period for period in self.periods if period.covers(day)]

    def is_school_day(self, day: date) -> bool:
        """A day of a term that is in no break, is not a day off and has lesson hours."""
        kinds = {period.kind for period in self.on(day)}
        return TERM in kinds and not kinds & {BREAK, HOLIDAY} and day.isoweekday() in (self.lessons or {})

    def why_not(self, moment: datetime) -> Hindrance | None:
        """What keeps something *required* from starting at this moment; None when nothing does.

        A freeze is named before lessons, and of several the one that lasts longest.
        """
        day = moment.astimezone(STOCKHOLM).date()
        freezes = [period for period in self.on(day) if period.kind == FREEZE]
        if freezes:
            longest = max(freezes, key=lambda period: (period.ends_on, period.name))
            return Hindrance(FREEZE, longest.name, longest.ends_at)
        if self.is_school_day(day):
            begins, ends = (self.lessons or {})[day.isoweekday()].on(day)
            if begins <= moment.astimezone(UTC) < ends:
                return Hindrance(LESSONS, "", ends)
        return None

    def next_allowed(self, moment: datetime) -> datetime:
        """The first moment from this one on at which something required may start; in UTC."""
        allowed = moment.astimezone(UTC)
        while hindrance := self.why_not(allowed):
            allowed = hindrance.until
        return allowed

    def next_break(self, moment: datetime, name: str = "") -> Period | None:
        """The break (of that name, where one is given) that goes on at the moment or begins first after it."""
        wanted = name.casefold()
        coming = (
            period
            for period in self.periods
            if period.kind == BREAK and period.ends_at > moment and (not wanted or period.name.casefold() == wanted)
        )
        return next(coming, None)

    def own(self, period: Period) -> Period | None:
        """What holds here in place of a period that may be for another part: this school's days of "Sportlov".

        The first of them when there are several; None when nothing of that kind and name holds here that school year.
        """
        return next((here for here in self.periods if here.subject == period.subject), None)

    def freezes(self, since: datetime) -> Iterator[Period]:
        """Freezes that go on at the moment or are to come, in order."""
        return (period for period in self.periods if period.kind == FREEZE and period.ends_at > since)


def school_year(day: date) -> int:
    """The year in which the day's school year begins, on 1 July."""
    return day.year if day.month >= 7 else day.year - 1


def local_moment(day: date, at: time = time.min) -> datetime:
    """The first moment at which clocks here show that time on that day, in UTC."""
    return min(_readings(day, at))


def _readings(day: date, at: time) -> list[datetime]:
    """Both moments that a time on the wall can mean; the same one twice but at a change of clocks."""
    return [datetime.combine(day, at.replace(fold=fold), STOCKHOLM).astimezone(UTC) for fold in (0, 1)]
