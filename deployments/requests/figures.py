"""IT's view of all requests: how long each step takes, and what schools want and do not get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Aggregate, Count, DurationField, ExpressionWrapper, F, Max, Q, Value
from django.db.models.functions import Coalesce, Lower

from deployments.models import AppRequest, RequestStep

Status = AppRequest.Status
LOOKS_BACK = timedelta(days=365)
DECIDES = (Status.SCHOOL, Status.REVIEW, Status.COMMITTEE, Status.PILOT, Status.INSTALLING)
MOST_ROWS = 20


class Percentile(Aggregate):
    """PostgreSQL's `percentile_cont(share) WITHIN GROUP (ORDER BY duration)`."""

    template = "percentile_cont(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()

    def __init__(self, expression: Any, share: float, **extra: Any) -> None:
        super().__init__(expression, share=share, **extra)


@dataclass(frozen=True)
class LeadTime:
    """Of the steps that have ended within the year. `school` empty: all schools."""

    status: str
    school: str
    count: int
    median: timedelta
    slow: timedelta

    @property
    def label(self) -> str:
        return str(Status(self.status).label)


def lead_times(now: datetime) -> list[LeadTime]:
    """By step, all schools together. One query."""
    return [LeadTime(row["status"], "", row["count"], row["median"], row["slow"]) for row in _timed(now, "status")]


def lead_times_by_school(now: datetime) -> list[LeadTime]:
    """By school and step, the slowest first. One query."""
    rows = _timed(now, "status", "request__school__name").order_by("-median")
    return [
        LeadTime(row["status"], row["request__school__name"], row["count"], row["median"], row["slow"])
        for row in rows[:MOST_ROWS]
    ]


def _timed(now: datetime, *by: str) -> Any:
    spent = ExpressionWrapper(F("left_at") - F("entered_at"), output_field=DurationField())
    steps = RequestStep.objects.filter(status__in=DECIDES, left_at__gte=now - LOOKS_BACK)
    return (
        steps.annotate(spent=spent)
        .values(*by)
        .annotate(count=Count("pk"), median=Percentile("spent", 0.5), slow=Percentile("spent", 0.9))
        .order_by(*by)
    )


@dataclass(frozen=True)
class Unmet:
    """An application that schools asked for within the year and do not have. `application_id` None: it is in no
    catalogue."""

    name: str
    application_id: int | None
    schools: int
    refused: int
    waiting: int
    latest: datetime


def unmet_demand(now: datetime) -> Sequence[Unmet]:
    """What most schools want first. One query."""
    name = Coalesce("application__name", Lower("wanted"), Value(""))
    refused, waiting = Q(status=Status.REFUSED), Q(status__in=[Status.SCHOOL, Status.REVIEW, Status.COMMITTEE])
    rows = (
        AppRequest.objects.filter(refused | waiting, created_at__gte=now - LOOKS_BACK)
        .order_by()
        .values("application", name=name)
        .annotate(
            asking=Count("school", distinct=True),
            supporting=Count("supporters__school", distinct=True),
            refused=Count("pk", distinct=True, filter=refused),
            waiting=Count("pk", distinct=True, filter=waiting),
            latest=Max("created_at"),
            written=Max("wanted"),
        )
        .order_by("-asking", "-latest")
    )
    return [
        Unmet(
            row["name"] if row["application"] else row["written"],
            row["application"],
            row["asking"] + row["supporting"],
            row["refused"],
            row["waiting"],
            row["latest"],
        )
        for row in rows[:MOST_ROWS]
    ]
