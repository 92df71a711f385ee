"""What the pages say of synchronisation: how fresh each figure is, what is under way, what waits for what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Aggregate, Count, OuterRef, Q, QuerySet, Subquery, Sum, Value

from intune_sync.models import GraphCondition, SyncPosition, SyncRun, UnmatchedRecord
from intune_sync.own_words import in_readers_language
from intune_sync.push.unfinished import Queue, write_queue
from schools.models import User

LATE_INTERVALS = 3
"""A resource that was not read for so many intervals is late."""


@dataclass(frozen=True)
class Freshness:
    """`as_of` by resource: when the last complete answer was in; None when there was none yet."""

    as_of: dict[str, datetime | None]
    last_answer_at: datetime | None = None
    down_since: datetime | None = None
    throttled_until: datetime | None = None
    error: str = ""
    is_refused: bool = False

    @property
    def said(self) -> str:
        return in_readers_language(self.error)


@dataclass(frozen=True)
class ResourceHealth:
    """One resource's row on the page. `waits_for` are the labels of the resources that have to be read first;
    `whole_at` is when it was last read from end to end, where usually only changes are; `linked_at` is how old the link
    is from which Entra goes on telling them."""

    code: str
    label: str
    last: SyncRun | None
    complete_at: datetime | None
    whole_at: datetime | None
    linked_at: datetime | None
    knows_changes: bool
    open: SyncRun | None
    waits_for: Sequence[str]
    is_late: bool
    releasable: SyncRun | None


@dataclass(frozen=True)
class Health:
    freshness: Freshness
    resources: Sequence[ResourceHealth]
    queue: Queue
    unmatched_count: int = 0
    requests_last_day: int = 0
    throttled_last_day: int = 0

    @property
    def is_busy(self) -> bool:
        """Something is under way, so that the page looks again every few seconds."""
        return bool(self.queue.open) or any(row.open for row in self.resources)

    @property
    def late(self) -> list[ResourceHealth]:
        return [row for row in self.resources if row.is_late]

    @property
    def releasable(self) -> list[SyncRun]:
        return [row.releasable for row in self.resources if row.releasable]


def whole_reports() -> QuerySet[SyncRun]:
    """Readings of all reports on installations, the latest first: they hold as of when they began. One in which an
    app's report could not be had does not count."""
    whole = SyncRun.objects.complete().filter(resource=SyncRun.Resource.INSTALL_STATUS)
    had_all = Q(counts__exports_failed=0) | Q(counts__exports_failed__isnull=True)
    return whole.filter(had_all, started_at__isnull=False).order_by("-started_at")


def freshness() -> Freshness:
    """Two queries."""
    condition = GraphCondition.objects.filter(pk=1).first() or GraphCondition()
    runs = SyncRun.objects.complete().latest_of_each_resource().values_list("resource", "finished_at")
    return _freshness(condition, dict(runs))


def health(user: User, now: datetime) -> Health:
    """What the page of sync health shows of rows; four queries however many runs there are."""
    visible = SyncRun.objects.visible_to(user)
    complete = SyncRun.objects.complete().filter(resource=OuterRef("resource")).order_by("-finished_at")
    ended = visible.filter(status__in=SyncRun.ENDED).exclude(status=SyncRun.Status.SKIPPED_BUSY)
    last = ended.order_by("resource", "mode", "-finished_at", "-id").distinct("resource", "mode")
    last = last.annotate(complete_at=Subquery(complete.values("finished_at")[:1]))
    whole = SyncRun.objects.complete().filter(resource=OuterRef("resource"), mode=SyncRun.Mode.FULL)
    last = last.annotate(whole_at=Subquery(whole.order_by("-finished_at").values("finished_at")[:1]))
    links = SyncPosition.objects.filter(resource=OuterRef("resource")).exclude(delta_link="")
    last = last.annotate(linked_at=Subquery(links.values("moved_at")))
    doubted = {run.resource: run for run in last if run.mode == SyncRun.Mode.FULL}
    last_runs: dict[str, SyncRun] = {}
    for run in sorted(last, key=lambda run: (run.finished_at or run.created_at, run.pk)):
        last_runs[run.resource] = run
    condition = _condition_with_totals(user, now)
    fresh = _freshness(condition, {code: getattr(run, "complete_at", None) for code, run in last_runs.items()})
    under_way: dict[str, SyncRun] = {}
    for run in visible.open().order_by("-status"):  # "running" before "queued"
        under_way.setdefault(run.resource, run)
    return Health(
        freshness=fresh,
        resources=[
            _resource(code, (last_runs.get(code), doubted.get(code)), under_way, fresh, now)
            for code in SyncRun.Resource.values
        ],
        queue=write_queue(),
        unmatched_count=getattr(condition, "unmatched", None) or 0,
        requests_last_day=getattr(condition, "requests_last_day", None) or 0,
        throttled_last_day=getattr(condition, "throttled_last_day", None) or 0,
    )


def _condition_with_totals(user: User, now: datetime) -> GraphCondition:
    """The row is made by the first call to Graph; before that there is nothing to total."""
    day = SyncRun.objects.visible_to(user).filter(created_at__gte=now - timedelta(days=1))
    unmatched = UnmatchedRecord.objects.visible_to(user)
    found = GraphCondition.objects.filter(pk=1).annotate(
        unmatched=_total(unmatched, Count("pk")),
        requests_last_day=_total(day, Sum("requests")),
        throttled_last_day=_total(day, Sum("throttled")),
    )
    return found.first() or GraphCondition()


def _total(rows: QuerySet[Any], total: Aggregate) -> Subquery:
    """One number over all `rows`, inside another query."""
    return Subquery(rows.order_by().annotate(all=Value(1)).values("all").annotate(total=total).values("total"))


def _freshness(condition: GraphCondition, as_of: dict[str, datetime | None]) -> Freshness:
    return Freshness(
        as_of={resource: as_of.get(resource) for resource in SyncRun.Resource.values},
        last_answer_at=condition.last_answer_at,
        down_since=condition.down_since,
        throttled_until=condition.throttled_until,
        error=condition.error,
        is_refused=condition.is_refused,
    )


def _resource(
    code: str,
    runs: tuple[SyncRun | None, SyncRun | None],
    under_way: dict[str, SyncRun],
    fresh: Freshness,
    now: datetime,
) -> ResourceHealth:
    """`runs` are the last one, and the last that read everything: it may ask for a decision while changes go on."""
    last, whole = runs
    run = under_way.get(code)
    is_queued = run is not None and run.status == SyncRun.Status.QUEUED
    earlier = [under_way[other] for other in SyncRun.AFTER.get(code, []) if other in under_way] if is_queued else []
    complete_at = fresh.as_of[code]
    is_unsafe = whole is not None and whole.status == SyncRun.Status.UNSAFE
    return ResourceHealth(
        code=code,
        label=str(SyncRun.Resource(code).label),
        last=last,
        complete_at=complete_at,
        whole_at=getattr(last, "whole_at", None),
        linked_at=getattr(last, "linked_at", None),
        knows_changes=code in SyncRun.WINDOWED,
        open=run,
        waits_for=[other.get_resource_display() for other in earlier],
        is_late=_is_late(code, complete_at, now),
        releasable=whole if is_unsafe and (run is None or run.approved_by_id is None) else None,
    )


def _is_late(code: str, complete_at: datetime | None, now: datetime) -> bool:
    if complete_at is None or not settings.SYNC_INTERVAL_SECONDS:
        return False
    usual = timedelta(seconds=settings.SYNC_INTERVAL_SECONDS)
    return now - complete_at > LATE_INTERVALS * SyncRun.AT_MOST_EVERY.get(code, usual)
