"""Writes to Intune that are not finished, and what they wait for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q

from intune_sync.models import Operation
from intune_sync.models.operations import OperationQuerySet, problem_in_words


@dataclass(frozen=True)
class WaitingWrites:
    """Writes that wait for the same thing, or failed for the same reason."""

    status: str
    problem: str
    count: int
    aside: int
    oldest_at: datetime
    not_before: datetime | None
    finished_at: datetime | None

    @property
    def is_at_intune(self) -> bool:
        """Intune has taken them, and has not finished."""
        return self.status == Operation.Status.UNKNOWN and self.problem in Operation.AT_INTUNE

    @property
    def shown_status(self) -> str:
        return Operation.Status.SENT if self.is_at_intune else self.status

    @property
    def label(self) -> str:
        return str(Operation.Status(self.shown_status).label)

    @property
    def why(self) -> str:
        """Empty where the status says it all."""
        return problem_in_words(self.status, self.problem)


@dataclass(frozen=True)
class Queue:
    """Writes to Intune that are not finished."""

    waiting: int = 0
    under_way: int = 0
    throttled: int = 0
    doubtful: int = 0
    awaiting: int = 0
    failed: int = 0
    aside: int = 0
    oldest_at: datetime | None = None
    not_before: datetime | None = None
    groups: Sequence[WaitingWrites] = ()

    @property
    def open(self) -> int:
        return self.waiting + self.under_way + self.throttled + self.doubtful + self.awaiting


def unfinished_writes() -> OperationQuerySet:
    """Of the change that is being written or was not written wholly, and of what belongs to no change: all that is not
    finished or was set aside."""
    status = Operation.Status
    is_current = Q(change_set__status__in=["applying", "failed"]) & ~Q(status=status.VERIFIED)
    is_open = ~Q(status__in=[status.VERIFIED, status.FAILED])
    is_aside = Q(status=status.FAILED, quarantined_at__isnull=False)
    return Operation.objects.filter(is_current | Q(change_set=None) & (is_open | is_aside))


def write_queue() -> Queue:
    """One query."""
    status = Operation.Status
    grouped = unfinished_writes().order_by("status", "problem").values("status", "problem")
    rows = grouped.annotate(
        count=Count("pk"),
        aside=Count("pk", filter=Q(status=status.FAILED, quarantined_at__isnull=False)),
        oldest_at=Min("created_at"),
        not_before=Min("not_before"),
        finished_at=Min("finished_at"),
    )
    groups = [WaitingWrites(**row) for row in rows]
    going = [each for each in groups if each.status != status.FAILED]
    return Queue(
        waiting=_sum(groups, status.READY),
        under_way=_sum(groups, *Operation.HELD) + sum(each.count for each in groups if each.is_at_intune),
        throttled=_sum(groups, status.THROTTLED),
        doubtful=sum(each.count for each in groups if each.status == status.UNKNOWN and not each.is_at_intune),
        awaiting=_sum(groups, status.AWAITING_APPROVAL),
        failed=_sum(groups, status.FAILED),
        aside=sum(each.aside for each in groups),
        oldest_at=min((each.oldest_at for each in going), default=None),
        not_before=min((each.not_before for each in going if each.not_before), default=None),
        groups=groups,
    )


def _sum(groups: Sequence[WaitingWrites], *statuses: str) -> int:
    return sum(each.count for each in groups if each.status in statuses)
