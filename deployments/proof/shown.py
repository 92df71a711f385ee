"""How far decisions have come, as pages show it: figures that lead to exactly the computers they count, and a chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from deployments.models import Decision
from deployments.proof.answers import NONE, SHOWS, Answers, Scope, answers_by_decision, answers_by_school
from deployments.proof.days import Reached, history, reached
from deployments.proof.left import Cause
from deployments.proof.semesters import decisions_of, running
from deployments.status import DeviceStatus
from schools.charts import Chart, Series
from schools.models import School, User
from schools.status import look

NO_SCHOOL = 0
MOST_AT_A_SCHOOL = 12


@dataclass(frozen=True)
class Count:
    code: str
    words: str
    count: int
    href: str


@dataclass(frozen=True)
class Shown:
    """A row: whom it is about, its answers, and the figures of those that occur."""

    name: str
    href: str
    answers: Answers
    counts: list[Count]
    reached: Reached

    @property
    def standing(self) -> str:
        if self.answers.is_everywhere:
            when = self.reached.everywhere_on
            return _("Everywhere since %(day)s.") % {"day": _day(when)} if when else _("Everywhere.")
        if self.answers.is_settled:
            return _("Nothing waits, but not all of it succeeded.")
        return _("On its way.") if self.answers.total else _("It concerns no computer.")


@dataclass(frozen=True)
class OfDecision:
    """`by_school` in the order of names, those whose school nobody knows last. `chart` None before the second day."""

    all: Shown
    by_school: list[Shown]
    chart: Chart | None
    first_day: date | None
    finding: str


def list_of(decision_id: int, **choices: Any) -> str:
    """The address of the computers behind a figure."""
    narrowed = urlencode({name: value for name, value in choices.items() if value is not None})
    address = reverse("deployments:proof_computers", args=[decision_id])
    return f"{address}?{narrowed}" if narrowed else address


def counts_of(answers: Answers, decision_id: int, user: User, school: int | None = None) -> list[Count]:
    """The six answers that occur, and those that are named apart. No links for whoever may not see the computers."""
    shows = user.access.reads(SHOWS)
    found = [
        Count(code, words, count, list_of(decision_id, status=code, school=school) if shows else "")
        for code, words, count in answers.states
    ]
    if answers.absent:
        cause = Cause.ABSENT
        href = list_of(decision_id, cause=cause.value, school=school) if shows else ""
        words = _("Of them not seen for 30 days, missing or retired")
        found.append(Count("silent", words, answers.absent, href))
    return found


def of_decision(decision: Decision, user: User, now: datetime) -> OfDecision:
    """Four queries, however many schools and days there are."""
    scope = Scope.of(user, [decision.pk])
    at_schools = {school: answers for (_decision, school), answers in answers_by_school(scope, now).items()}
    total = sum(at_schools.values(), NONE)
    names = dict(School.objects.filter(pk__in=[key for key in at_schools if key]).values_list("pk", "name"))
    days = history(decision, scope)
    whole = Shown(
        str(decision),
        list_of(decision.pk),
        total,
        counts_of(total, decision.pk, user),
        reached(scope).get(decision.pk, Reached()),
    )
    rows = [
        Shown(
            names.get(key or 0, _("No school")),
            list_of(decision.pk, school=key or NO_SCHOOL),
            answers,
            counts_of(answers, decision.pk, user, key or NO_SCHOOL),
            Reached(),
        )
        for key, answers in sorted(
            at_schools.items(), key=lambda item: (item[0] is None, names.get(item[0] or 0, "").casefold())
        )
    ]
    return OfDecision(whole, rows, chart_of(days), days[0][0] if days else None, _finding(days))


def of_school(school: School, user: User, now: datetime) -> list[Shown]:
    """The latest decisions of the running semester that concern computers of the school. Four queries."""
    baseline = running(now.date()).first()
    if baseline is None or not user.access.reads("deployments.view_proof", school.pk):
        return []
    decisions = {row.pk: row for row in decisions_of(baseline, Decision.objects.all()).filter(holds=True)}
    scope = Scope.of(user, decisions, school.pk)
    answers, days = answers_by_decision(scope, now), reached(scope)
    latest = sorted(answers, key=lambda key: (decisions[key].decided_at, key), reverse=True)[:MOST_AT_A_SCHOOL]
    return [
        Shown(
            str(decisions[key]),
            decisions[key].get_absolute_url(),
            answers[key],
            counts_of(answers[key], key, user, school.pk),
            days.get(key, Reached()),
        )
        for key in latest
    ]


def chart_of(days: Sequence[tuple[date, Answers]]) -> Chart | None:
    """Day by day; one day makes no line."""
    if len(days) < 2:
        return None
    return Chart(
        axis=_("Day"),
        labels=[_day(day) for day, _answers in days],
        series=[
            Series(str(status.label), [answers.counts[status] for _day, answers in days], look(status.value).tone)
            for status in DeviceStatus
            if any(answers.counts[status] for _day, answers in days)
        ],
        kind="stacked",
    )


def _finding(days: Sequence[tuple[date, Answers]]) -> str:
    """What the chart shows, in a sentence."""
    if not days:
        return ""
    (first, before), (last, now) = days[0], days[-1]
    return _("Done on %(before)s computers on %(first)s, and on %(now)s of %(total)s on %(last)s.") % {
        "before": _number(before.done),
        "first": _day(first),
        "now": _number(now.done),
        "total": _number(now.total),
        "last": _day(last),
    }


def _number(value: int) -> str:
    return str(number_format(value, use_l10n=True, force_grouping=True))


def _day(day: date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")
