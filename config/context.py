"""What every page shows whatever its subject: the municipality, how fresh Intune's figures are, what waits for you."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.core.cache import cache
from django.db.models import Count, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import formats, timezone

from config.navigation import Link, links
from deployments.exceptions.queue import waiting_for_it as exceptions_for_it
from deployments.models import ChangeSet
from deployments.requests.queue import waiting_for_it
from intune_sync.models import DriftItem, GraphCondition, KillSwitch, SyncRun
from intune_sync.queries import whole_reports
from intune_sync.signs import idle_queues
from schools.models import Municipality, User

CACHE_KEY = "site"
CACHE_SECONDS = 5
THEMES = {"light", "dark"}


@dataclass(frozen=True)
class Snapshot:
    """The same for everybody; kept for a few seconds. `requesters` asked for the changes that wait for approval;
    `reviews` counts the schools' requests that wait for IT, `exceptions` the exceptions that do, `drift` what in Intune
    is not as decided."""

    municipality: str = ""
    last_answer_at: datetime | None = None
    down_since: datetime | None = None
    throttled_until: datetime | None = None
    devices_as_of: datetime | None = None
    reports_as_of: datetime | None = None
    requesters: Sequence[int] = ()
    reviews: int = 0
    stopped_since: datetime | None = None
    is_refused: bool = False
    idle_since: datetime | None = None
    drift: int = 0
    exceptions: int = 0


def read_snapshot() -> Snapshot:
    """One query, or none when it was read within the last seconds."""
    kept = cache.get(CACHE_KEY)
    if kept is None:
        kept = _fresh_snapshot()
        cache.set(CACHE_KEY, kept, CACHE_SECONDS)
    return kept  # type: ignore[no-any-return]


def _fresh_snapshot() -> Snapshot:
    condition = GraphCondition.objects.filter(pk=1)
    runs = SyncRun.objects.complete().filter(resource=SyncRun.Resource.DEVICES).order_by("-finished_at")
    waiting = ChangeSet.objects.filter(status=ChangeSet.Status.PLANNED)
    now = timezone.now()
    row = Municipality.objects.annotate(
        last_answer_at=Subquery(condition.values("last_answer_at")),
        down_since=Subquery(condition.values("down_since")),
        throttled_until=Subquery(condition.values("throttled_until")),
        devices_as_of=Subquery(runs.values("finished_at")[:1]),
        reports_as_of=Subquery(whole_reports().values("started_at")[:1]),
        requesters=ArraySubquery(waiting.values("requested_by")),
        reviews=Coalesce(Subquery(_counted(waiting_for_it(now))), 0),
        stopped_since=Subquery(KillSwitch.objects.thrown().values("thrown_at")[:1]),
        is_refused=Coalesce(Subquery(condition.values("is_refused")), False),
        drift=Coalesce(Subquery(_counted(DriftItem.objects.waiting(timezone.localdate(now)))), 0),
        exceptions=Coalesce(Subquery(_counted(exceptions_for_it(now))), 0),
        idle_since=Subquery(idle_queues(now).order_by("seen_at").values("seen_at")[:1]),
    ).values_list("name", *(each.name for each in fields(Snapshot)[1:]))
    return Snapshot(*(row.first() or ()))


def _counted(rows: QuerySet[Any]) -> QuerySet[Any]:
    """One row with the number of rows; no row when there are none."""
    every: QuerySet[Any] = rows.order_by().annotate(all=Value(1)).values("all")
    counted: QuerySet[Any] = every.annotate(count=Count("pk")).values("count")
    return counted


class Site:
    """The template variable `site`. Nothing is read before a template asks, so fragments cost nothing."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def _now(self) -> datetime:
        return timezone.now()

    @cached_property
    def _snapshot(self) -> Snapshot:
        return read_snapshot()

    @property
    def _user(self) -> User | None:
        user = getattr(self._request, "user", None)
        return user if isinstance(user, User) else None

    @property
    def theme(self) -> str:
        """The colours the person chose; empty follows the system."""
        chosen = self._request.COOKIES.get("theme", "")
        return chosen if chosen in THEMES else ""

    @property
    def municipality(self) -> str:
        return self._snapshot.municipality

    @property
    def navigation(self) -> list[Link]:
        return links(self._user.access, self._request.path, self.approvals) if self._user else []

    @cached_property
    def approvals(self) -> int:
        """Changes that wait for this person's approval: others' requests, for who may approve."""
        if self._user is None or not self._user.has_perm("deployments.approve_changeset"):
            return 0
        return sum(requester != self._user.pk for requester in self._snapshot.requesters)

    @property
    def shows_condition(self) -> bool:
        return self._user is not None and self._user.access.reads("fleet.view_device")

    @property
    def devices_as_of(self) -> datetime | None:
        return self._snapshot.devices_as_of

    @property
    def reports_as_of(self) -> datetime | None:
        """What Intune had heard from the computers by then is known here."""
        return self._snapshot.reports_as_of

    @property
    def down_since(self) -> datetime | None:
        return self._snapshot.down_since

    @property
    def stopped_since(self) -> datetime | None:
        """Since when nothing is written to Intune, shown to those who see the synchronisation."""
        return self._snapshot.stopped_since if self._sees_synchronisation else None

    @property
    def idle_since(self) -> datetime | None:
        """Since when nobody has worked in one of the queues, shown to those who see the synchronisation."""
        return self._snapshot.idle_since if self._sees_synchronisation else None

    @property
    def is_refused(self) -> bool:
        return self._snapshot.is_refused

    @property
    def _sees_synchronisation(self) -> bool:
        return self._user is not None and self._user.access.reads("intune_sync.view_syncrun")

    @property
    def down_since_text(self) -> str:
        """“10:42” today, with the date otherwise."""
        if self.down_since is None:
            return ""
        local = timezone.localtime(self.down_since)
        if local.date() == timezone.localdate(self._now):
            return formats.time_format(local, "TIME_FORMAT")
        return formats.date_format(local, "DATETIME_FORMAT")

    @property
    def throttled_until(self) -> datetime | None:
        until = self._snapshot.throttled_until
        return until if until and until > self._now else None


def site(request: HttpRequest) -> dict[str, Any]:
    return {"site": Site(request)}
