"""Decisions over time: a row for each decision, school and day, and what those rows tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import F, Q, QuerySet, Sum
from django.utils import timezone

from deployments.models import Decision, ProofDay
from deployments.proof.answers import Answers, Scope, holding
from deployments.proof.semesters import running, with_semester
from deployments.status import DeviceStatus

STATES = [status.value for status in DeviceStatus]
WAITING = F("waiting_for_device") + F("waiting_for_intune") + F("unknown") - F("absent")

_COUNTS = ", ".join(f"count(*) FILTER (WHERE status = '{status}')" for status in STATES)
_AGAIN = ", ".join(f"{column} = excluded.{column}" for column in ("total", *STATES, "absent"))


def note_day(now: datetime) -> int:
    """Today's rows of the decisions in `due`, one statement for all. Again the same day it brings them up to date, and
    drops those of schools that no longer have a computer concerned. Gives the number of rows."""
    day = timezone.localdate(now)
    decisions = due(day)
    text, params = holding(Scope(decisions=tuple(decisions)), now)
    statement = f"""
        WITH fresh AS MATERIALIZED (
            SELECT decision_id, school_id, count(*) AS total, {_COUNTS}, count(*) FILTER (WHERE is_absent)
            FROM ({text}) AS held GROUP BY decision_id, school_id
        ),
        gone AS (
            DELETE FROM deployments_proofday AS old WHERE old.day = %s AND old.decision_id = ANY(%s)
            AND NOT EXISTS (
                SELECT FROM fresh WHERE fresh.decision_id = old.decision_id
                AND fresh.school_id IS NOT DISTINCT FROM old.school_id
            )
        )
        INSERT INTO deployments_proofday (decision_id, school_id, total, {", ".join(STATES)}, absent, day)
        SELECT fresh.*, %s FROM fresh
        ON CONFLICT (decision_id, day, school_id) DO UPDATE SET {_AGAIN}
    """  # noqa: S608 - only the texts of this package and of the ORM
    with connection.cursor() as cursor:
        cursor.execute(statement, [*params, day, decisions, day])
        return int(cursor.rowcount)


def due(day: date) -> list[int]:
    """Decisions to be noted: in force or on their way there, and either of the running semester or not everywhere yet.
    One query."""
    days: QuerySet[Any] = ProofDay.objects.order_by().values("decision", "day").annotate(**_sums())
    everywhere = days.filter(waits=0, fails=0, there__gt=0).values("decision")
    rows = with_semester(Decision.objects.all()).filter(holds=True)
    rows = rows.filter(Q(first_baseline__in=running(day).values("pk")) | ~Q(pk__in=everywhere))
    return sorted(rows.values_list("pk", flat=True))


def _sums() -> dict[str, Sum]:
    return {"waits": Sum(WAITING), "fails": Sum("failed"), "there": Sum(F("total") - F("absent"))}


@dataclass(frozen=True)
class Reached:
    """`settled_on`: the first day on which nothing waited. `everywhere_on`: the first on which nothing had failed
    either. `most_failed` of any day. None where that has not been."""

    settled_on: date | None = None
    everywhere_on: date | None = None
    most_failed: int = 0


def reached(scope: Scope) -> dict[int, Reached]:
    """By decision, at the schools of the scope together; one query."""
    rows = _days(scope).values("decision", "day").annotate(**_sums()).order_by("decision", "day")
    found: dict[int, Reached] = {}
    for row in rows:
        former = found.get(row["decision"], Reached())
        is_settled = row["waits"] == 0 and row["there"] > 0
        found[row["decision"]] = Reached(
            former.settled_on or (row["day"] if is_settled else None),
            former.everywhere_on or (row["day"] if is_settled and row["fails"] == 0 else None),
            max(former.most_failed, row["fails"]),
        )
    return found


def history(decision: Decision, scope: Scope) -> list[tuple[date, Answers]]:
    """Day by day, the earliest first; one query."""
    rows = _days(scope).filter(decision=decision).values("day").order_by("day")
    summed = rows.annotate(**{f"sum_{column}": Sum(column) for column in (*STATES, "absent")})
    return [
        (row["day"], Answers({status: row[f"sum_{status.value}"] for status in DeviceStatus}, row["sum_absent"]))
        for row in summed
    ]


def _days(scope: Scope) -> QuerySet[Any]:
    rows: QuerySet[Any] = ProofDay.objects.order_by()
    if scope.decisions is not None:
        rows = rows.filter(decision__in=scope.decisions)
    return rows if scope.schools is None else rows.filter(school__in=scope.schools)
