"""The time-saved ledger of a semester: what was avoided, counted from evidence alone and with the assumptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from deployments.models import Baseline
from deployments.proof.assumptions import Before, Known, a_year_before, assumptions, person_months
from deployments.proof.evidence import KINDS, Kind, Period, Whose, count


@dataclass(frozen=True)
class Line:
    """`shown` times by evidence, of which `counted` count, each worth `each`."""

    kind: Kind
    shown: int
    counted: int
    each: Known
    at_most: Known | None

    @property
    def minutes(self) -> Decimal:
        return self.counted * self.each.value

    @property
    def hours(self) -> Decimal:
        return self.minutes / 60


@dataclass(frozen=True)
class Saved:
    lines: tuple[Line, ...]
    assumptions: Mapping[str, Known]

    @property
    def hours(self) -> Decimal:
        return sum((line.hours for line in self.lines), Decimal(0))

    @property
    def person_months(self) -> Decimal:
        return person_months(self.hours, self.assumptions)

    @property
    def before(self) -> Before:
        return a_year_before(self.assumptions)


def saved_in(baseline: Baseline, whose: Whose, now: datetime) -> Saved:
    """One query for each kind of evidence, one for the decisions of some, and one for the assumptions."""
    known, period = assumptions(), Period.of(baseline, now)
    return Saved(tuple(_line(kind, count(kind, period, whose), known) for kind in KINDS.values()), known)


def _line(kind: Kind, shown: int, known: Mapping[str, Known]) -> Line:
    at_most = known.get(kind.at_most)
    counted = min(shown, int(at_most.value)) if at_most else shown
    return Line(kind, shown, counted, known[kind.minutes], at_most)
