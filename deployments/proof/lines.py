"""The report as one table for CSV and XLSX: a line for each thing that it says, the section in the first column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from deployments.proof.answers import Answers
from deployments.proof.assumptions import in_words
from deployments.proof.report import Report
from deployments.proof.saved import Saved
from deployments.status import DeviceStatus
from schools.export import Column


@dataclass(frozen=True)
class Line:
    section: str
    what: str
    note: str = ""
    on: date | None = None
    answers: Answers | None = None
    everywhere_on: date | None = None
    settled_on: date | None = None
    app: str = ""
    model: str = ""
    error_code: str = ""
    count: int | None = None
    hours: float | None = None
    value: float | None = None


def lines(report: Report) -> Iterator[Line]:
    for row in report.decided:
        yield Line(
            _("Decided"),
            str(row.decision),
            f"{row.ground}. {row.standing}",
            row.decided_on,
            row.answers,
            row.reached.everywhere_on,
            row.reached.settled_on,
            row.applications,
            count=row.answers.total,
        )
    for failed in report.failures:
        said = failed.failure
        yield Line(
            _("Failed"),
            str(failed.decision),
            said.detail,
            app=said.app,
            model=said.model,
            error_code=said.error_code,
            count=said.count,
        )
    for rest in report.left:
        yield Line(_("Left"), str(rest.decision), f"{rest.left.cause.label}. {rest.left.who}", count=rest.left.count)
    yield from _saved(report.saved)


def _saved(saved: Saved) -> Iterator[Line]:
    """What was avoided, what a year took before the portal, and what both are counted with."""
    for line in saved.lines:
        yield Line(
            _("Saved"),
            str(line.kind.label),
            str(line.kind.formula),
            count=line.counted,
            hours=_hours(line.hours),
            value=float(line.each.value),
        )
    before, section = saved.before, _("A year before the portal")
    months = _("%(months)s person-months.") % {"months": in_words(before.person_months, 2)}
    collected, reinstalled = _("Computers collected and re-imaged"), _("Computers reinstalled")
    yield Line(section, collected, months, count=int(before.collected), hours=_hours(before.collecting_hours))
    yield Line(section, reinstalled, count=int(before.reinstalls), hours=_hours(before.reinstall_hours))
    for each in saved.assumptions.values():
        yield Line(_("Assumption"), each.label, f"{each.unit}. {each.source}", value=float(each.value))


def _hours(hours: Decimal) -> float:
    return round(float(hours), 1)


def columns() -> list[Column[Line]]:
    return [
        (_("Section"), lambda line: line.section),
        (_("What"), lambda line: line.what),
        (_("Note"), lambda line: line.note),
        (_("Decided on"), lambda line: _iso(line.on)),
        (_("Number"), lambda line: line.count),
        *((str(status.label), _counter(status)) for status in DeviceStatus),
        (_("Not seen for 30 days"), lambda line: line.answers.absent if line.answers else None),
        (_("Nothing waited from"), lambda line: _iso(line.settled_on)),
        (_("Everywhere from"), lambda line: _iso(line.everywhere_on)),
        (_("Application"), lambda line: line.app),
        (_("Model"), lambda line: line.model),
        (_("Error code"), lambda line: line.error_code),
        (_("Hours"), lambda line: line.hours),
        (_("Value"), lambda line: line.value),
    ]


def _counter(status: DeviceStatus) -> Any:
    return lambda line: line.answers.counts[status] if line.answers else None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
