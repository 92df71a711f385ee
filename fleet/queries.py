"""Read-only summaries of computers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from fleet.models import Condition, DeviceQuerySet
from fleet.models.condition import condition_case


@dataclass(frozen=True)
class Fleet:
    """Some computers, counted in one query. Each `by_` dict adds up to `total`; builds are (platform, OS build)."""

    total: int
    by_condition: dict[Condition, int]
    by_compliance: dict[str, int]
    by_build: dict[tuple[str, str], int]

    def count(self, condition: Condition) -> int:
        return self.by_condition.get(condition, 0)

    def share(self, condition: Condition) -> float:
        return self.count(condition) / self.total if self.total else 0.0


def count_by_condition(devices: DeviceQuerySet, now: datetime) -> dict[Condition, int]:
    """Every condition with its number of computers, zero included. One query."""
    rows = devices.order_by().annotate(counted_as=condition_case(now)).values_list("counted_as").annotate(Count("pk"))
    found = dict(rows)
    return {condition: found.get(condition.value, 0) for condition in Condition}


def summarise(devices: DeviceQuerySet, now: datetime) -> Fleet:
    """One query, whose answer has a row for each combination that occurs (some hundred)."""
    by_condition: Counter[Condition] = Counter()
    by_compliance: Counter[str] = Counter()
    by_build: Counter[tuple[str, str]] = Counter()
    columns = ("counted_as", "compliance_state", "platform", "os_version")
    rows = devices.order_by().annotate(counted_as=condition_case(now)).values_list(*columns).annotate(Count("pk"))
    for condition, compliance, platform, build, count in rows:
        by_condition[Condition(condition)] += count
        by_compliance[compliance] += count
        by_build[platform, build] += count
    return Fleet(by_condition.total(), dict(by_condition), dict(by_compliance), dict(by_build))
