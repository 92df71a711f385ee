"""Finds trouble that IT should hear of, from what the rows say now; each episode is told once."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from intune_sync.models import GraphCondition, SyncRun, UnmatchedRecord
from intune_sync.push import epochs
from schools.access import IT_ADMIN
from schools.models import User
from schools.services.notify import holders_of, tell

LONG = timedelta(hours=1)
"""Shorter failures mend themselves, and nobody needs to hear of them."""
RISING = 10
"""Records without a computer that have come within a day; a few come with every delivery."""
TROUBLED = [SyncRun.Status.FAILED, SyncRun.Status.UNSAFE, SyncRun.Status.ABANDONED]


def tell_of_trouble(now: datetime) -> None:
    """Tell the IT administrators of every trouble that there is; again does nothing while it lasts."""
    people = list(holders_of(IT_ADMIN))
    down_since = GraphCondition.objects.filter(pk=1).values_list("down_since", flat=True).first()
    if down_since is None:
        _tell_of_runs(people, now)
    elif down_since <= now - LONG:
        data = {"since": down_since.isoformat()}
        tell(people, "sync.down", episode=f"sync.down:{data['since']}", url=reverse("intune_sync:health"), data=data)
    _tell_of_unmatched(people, now)
    _tell_of_a_restored_database(people)


def _tell_of_runs(people: list[User], now: datetime) -> None:
    """The first run of each resource that went wrong since the last that did not gives the episode its name."""
    told: set[str] = set()
    for run in _since_the_last_complete():
        is_unsafe = run.status == SyncRun.Status.UNSAFE
        if run.finished_at is None or run.resource in told or not (is_unsafe or run.finished_at <= now - LONG):
            continue
        told.add(run.resource)
        kind = "sync.unsafe" if is_unsafe else "sync.failed"
        data = {"resource": run.resource, "since": run.finished_at.isoformat()}
        url = run.get_absolute_url() if is_unsafe else reverse("intune_sync:health")
        tell(people, kind, episode=f"{kind}:{run.pk}", url=url, data=data, urgent=is_unsafe)


def _since_the_last_complete() -> list[SyncRun]:
    complete = SyncRun.objects.complete().filter(resource=OuterRef("resource")).order_by("-id").values("id")[:1]
    found = SyncRun.objects.annotate(after=Coalesce(Subquery(complete), 0))
    return list(found.filter(status__in=TROUBLED, id__gt=F("after")).order_by("id"))


def _tell_of_unmatched(people: list[User], now: datetime) -> None:
    count = UnmatchedRecord.objects.filter(first_seen_at__gt=now - timedelta(days=1)).count()
    if count >= RISING:
        day = now.date().isoformat()
        url = reverse("intune_sync:unmatched_list")
        tell(people, "sync.unmatched", episode=f"sync.unmatched:{day}", url=url, data={"count": count})


def _tell_of_a_restored_database(people: list[User]) -> None:
    """Once for each epoch that does not belong to this database."""
    if epochs.is_restored():
        episode = f"database.restored:{epochs.current().pk}"
        tell(people, "database.restored", episode=episode, url=reverse("intune_sync:order_list"), data={}, urgent=True)
