"""What is against writing a change at once to all its computers: their number, and the calendars of their schools."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Count
from django.utils import formats, timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deployments.models import CalendarOverride, ChangeSet, ChangeTarget, Rollout
from deployments.rollouts.calendars import Doors
from deployments.rollouts.candidates import BINDING
from deployments.services.rollouts.planning import MOST_AT_ONCE
from schools.calendar import FREEZE, Hindrance
from schools.models import School
from schools.services.calendar import calendars_and_common
from schools.templatetags.face import number

AT_ONCE = CalendarOverride.Kind.AT_ONCE
NAMED = 3
"""More schools than this are counted in a sentence and not named."""


@dataclass(frozen=True)
class Closed:
    """A school (None: not known) whose calendar is against it now; `until` is when its computers may get it."""

    school: int | None
    name: str
    computers: int
    hindrance: Hindrance
    until: datetime


@dataclass(frozen=True)
class Against:
    """What is against writing a change at once; nothing where it is false.

    `computers` get something installed or removed, and are more than `MOST_AT_ONCE` where it `is_large`. `free_at` is
    the first moment at which no school's calendar is against it, None when that is now.
    """

    computers: int = 0
    is_large: bool = False
    schools: tuple[Closed, ...] = ()
    free_at: datetime | None = None

    def __bool__(self) -> bool:
        return self.is_large or bool(self.schools)

    @property
    def freezes(self) -> list[str]:
        """Sentences about schools that are in a freeze."""
        return list(_about_schools([each for each in self.schools if each.hindrance.kind == FREEZE]))

    @property
    def sentences(self) -> list[str]:
        return [*([_about_size(self.computers)] if self.is_large else []), *_about_schools(self.schools)]


def against(change_set: ChangeSet, now: datetime) -> Against:
    """Nothing of what is only offered, of what takes a roll-out back, and where two people have agreed.

    Whatever a school decided for its own computers alone may reach all of them; its calendar is asked all the same.
    Seven queries at most.
    """
    rows = _binding(change_set)
    if not rows or _is_exempt(change_set):
        return Against()
    computers = sum(count for _name, count in rows.values())
    doors = Doors(calendars_and_common(School.objects.filter(pk__in=[key for key in rows if key])), now, is_bound=True)
    closed = tuple(_closed(doors, rows))
    return Against(
        computers=computers,
        is_large=computers > MOST_AT_ONCE and not _is_a_schools_own(change_set),
        schools=closed,
        free_at=_free_at(doors, rows) if closed else None,
    )


def _binding(change_set: ChangeSet) -> dict[int | None, tuple[str, int]]:
    """Names of schools, and how many of their computers get something without anybody's doing; by school."""
    rows = ChangeTarget.objects.filter(change__change_set=change_set, effect__in=BINDING).order_by()
    counted = rows.values_list("device__school", "device__school__name").annotate(Count("device", distinct=True))
    return {school: (name or _("an unknown school"), count) for school, name, count in counted}


def _is_exempt(change_set: ChangeSet) -> bool:
    agreed = change_set.overrides.agreed(AT_ONCE).filter(approval_at=change_set.approved_at)
    return agreed.exists() or Rollout.objects.filter(rollback=change_set).exists()


def _is_a_schools_own(change_set: ChangeSet) -> bool:
    """Decided by the school for itself, and approved by nothing but that decision, which reaches no further."""
    decision = change_set.decision
    return (
        decision is not None and decision.school_id is not None and change_set.approved_by_id == decision.decided_by_id
    )


def _closed(doors: Doors, rows: Mapping[int | None, tuple[str, int]]) -> Iterator[Closed]:
    for school, (name, computers) in sorted(rows.items(), key=lambda row: row[1][0].casefold()):
        if hindrance := doors.why_not(school):
            yield Closed(school, name, computers, hindrance, doors.first_at(school))


def _free_at(doors: Doors, schools: Collection[int | None]) -> datetime:
    """One school may be closed again when another opens."""
    while (latest := max(doors.first_at(school) for school in schools)) > doors.now:
        doors = replace(doors, now=latest)
    return doors.now


def _about_size(computers: int) -> str:
    message = ngettext(
        "It installs or removes software on %(count)s computer, and at most %(most)s get that at once.",
        "It installs or removes software on %(count)s computers, and at most %(most)s get that at once.",
        computers,
    )
    return message % {"count": number(computers), "most": MOST_AT_ONCE}


def _about_schools(schools: Collection[Closed]) -> Iterator[str]:
    """One sentence for each reason and end."""
    groups: dict[tuple[str, str, datetime], list[str]] = defaultdict(list)
    for each in schools:
        groups[each.hindrance.kind, each.hindrance.name, each.until].append(each.name)
    for (kind, name, until), names in groups.items():
        words = {"name": name, "until": _moment(until), "schools": get_text_list(names, _("and")), "count": len(names)}
        if kind == FREEZE and len(names) <= NAMED:
            yield _("“%(name)s” goes on at %(schools)s until %(until)s.") % words
        elif kind == FREEZE:
            yield _("“%(name)s” goes on at %(count)s schools until %(until)s.") % words
        elif len(names) <= NAMED:
            yield _("Lessons are held at %(schools)s until %(until)s.") % words
        else:
            yield _("Lessons are held at %(count)s schools until %(until)s.") % words


def _moment(at: datetime) -> str:
    """The time today, with the date otherwise."""
    local = timezone.localtime(at)
    if local.date() == timezone.localdate():
        return formats.time_format(local, "TIME_FORMAT")
    return formats.date_format(local, "DATETIME_FORMAT")
