"""The report of a semester: what was decided, when it was everywhere, what failed and why, what is left, what it saved.
The page, the files and the PDF show this one object."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from deployments.decisions import decisions_visible_to
from deployments.models import Baseline, BaselineEntry, Decision
from deployments.proof.answers import NONE, Answers, Scope
from deployments.proof.days import Reached, reached
from deployments.proof.evidence import Whose
from deployments.proof.left import Failure, Left, tally
from deployments.proof.saved import Saved, saved_in
from deployments.proof.semesters import decisions_of
from schools.models import Municipality, School, User

GROUNDS = ("item__meeting", "delegation", "request", "exception", "school", "decided_by")


@dataclass(frozen=True)
class DecidedRow:
    """A decision with how far it has come. `holds`: it still stands in a revision that is in force or on its way."""

    decision: Decision
    applications: str
    answers: Answers
    reached: Reached
    holds: bool

    @property
    def ground(self) -> str:
        kind = str(self.decision.get_kind_display())
        if item := self.decision.item:
            when = date_format(timezone.localtime(item.meeting.starts_at), "SHORT_DATE_FORMAT")
            return _("%(kind)s, meeting of %(when)s, § %(number)s") % {
                "kind": kind,
                "when": when,
                "number": item.number,
            }
        if self.decision.delegation:
            return f"{kind}: {self.decision.delegation.text}"
        return f"{kind}: {self.decision.school}" if self.decision.school else kind

    @property
    def decided_on(self) -> date:
        return timezone.localdate(self.decision.decided_at)

    @property
    def standing(self) -> str:
        """How it stands, in a sentence."""
        if not self.answers.total:
            return _("It concerns no computer.") if self.holds else _("It put nothing into the baseline that holds.")
        if not self.holds:
            return _("It no longer holds.")
        if self.answers.is_everywhere:
            if self.reached.everywhere_on:
                return _("Everywhere since %(day)s.") % {"day": _day(self.reached.everywhere_on)}
            return _("Everywhere.")
        if self.answers.is_settled:
            return _("Nothing waits, but not all of it succeeded.")
        return _("On its way.")


@dataclass(frozen=True)
class FailureRow:
    failure: Failure
    decision: Decision


@dataclass(frozen=True)
class LeftRow:
    left: Left
    decision: Decision


@dataclass(frozen=True)
class Report:
    """`school` None: the whole municipality, or all the schools of whoever reads it."""

    baseline: Baseline
    school: School | None
    is_whole: bool
    day: date
    decided: tuple[DecidedRow, ...]
    failures: tuple[FailureRow, ...]
    left: tuple[LeftRow, ...]
    saved: Saved

    @property
    def title(self) -> str:
        return _("Report for %(semester)s: %(whose)s") % {"semester": self.baseline, "whose": self.whose}

    @property
    def whose(self) -> str:
        if self.school:
            return str(self.school)
        if self.is_whole:
            return str(Municipality.objects.first() or _("the municipality"))
        return _("your schools")

    @property
    def everywhere(self) -> int:
        return sum(row.answers.is_everywhere and row.holds for row in self.decided)

    @property
    def concerned(self) -> int:
        """Decisions that hold and concern computers."""
        return sum(row.answers.total > 0 and row.holds for row in self.decided)

    @property
    def failed(self) -> int:
        return sum(row.failure.count for row in self.failures)

    @property
    def sentence(self) -> str:
        if not self.concerned:
            return _("No decision of the semester has reached a computer yet.")
        return _("%(everywhere)s of %(all)s decisions that concern computers are everywhere.") % {
            "everywhere": self.everywhere,
            "all": self.concerned,
        }


def report_of(baseline: Baseline, user: User, now: datetime, school: School | None = None) -> Report:
    """As far as this person may see; about a dozen queries, however many decisions there are."""
    rows = list(_decisions(baseline, user))
    scope = Scope.of(user, [row.pk for row in rows], school.pk if school else None)
    now_there, days, applications = tally(scope, now), reached(scope), _applications(rows)
    answers = now_there.answers
    if school is not None:
        rows = [row for row in rows if row.pk in answers or row.school_id == school.pk]
    by_key = {row.pk: row for row in rows}
    standing = {row.pk for row in rows if vars(row)["holds"]}
    place = {row.pk: number for number, row in enumerate(rows)}
    rest = [each for each in now_there.left if each.decision_id in standing]
    return Report(
        baseline=baseline,
        school=school,
        is_whole=scope.schools is None,
        day=timezone.localdate(now),
        decided=tuple(
            DecidedRow(
                row, applications[row.pk], answers.get(row.pk, NONE), days.get(row.pk, Reached()), row.pk in standing
            )
            for row in rows
        ),
        failures=tuple(
            FailureRow(each, by_key[each.decision_id]) for each in now_there.failures if each.decision_id in standing
        ),
        left=tuple(
            LeftRow(each, by_key[each.decision_id]) for each in sorted(rest, key=lambda each: place[each.decision_id])
        ),
        saved=saved_in(baseline, Whose.of(user, school.pk if school else None), now),
    )


def _decisions(baseline: Baseline, user: User) -> list[Decision]:
    visible = decisions_of(baseline, decisions_visible_to(user)).select_related(*GROUNDS)
    return list(visible.order_by("decided_at", "pk"))


def _applications(rows: list[Decision]) -> dict[int, str]:
    """The names of what each decision is about; one query."""
    named: dict[int, str] = defaultdict(str)
    entries = BaselineEntry.objects.filter(decision__in=[row.pk for row in rows]).order_by("application__name")
    for key, name in entries.values_list("decision", "application__name").distinct():
        named[key] = f"{named[key]}, {name}" if named[key] else name
    return named


def _day(day: date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")
