"""What is due to be read: changes at each interval, everything once a night."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from intune_sync.models import SyncPosition, SyncRun

RETRY_AFTER_FAILURE = timedelta(seconds=60)
Mode, Status = SyncRun.Mode, SyncRun.Status


def knows_changes(resource: str) -> bool:
    """Whether Graph can be asked for what has changed in the resource since it was last read."""
    position = SyncPosition.objects.filter(resource=resource).exclude(watermark=None, delta_link="")
    return resource in SyncRun.WINDOWED and position.exists()


def latest_night(now: datetime) -> datetime:
    """The last time that the clock on the wall struck `FULL_SYNC_HOUR`."""
    local = timezone.localtime(now)
    night = local.replace(hour=settings.FULL_SYNC_HOUR, minute=0, second=0, microsecond=0)
    return night if night <= local else (night - timedelta(days=1))


def due_resources(now: datetime) -> dict[str, str]:
    """Resources with no open run whose last one is an interval old, or failed a moment ago, for Graph may be back;
    with how much is to be read of each."""
    if not settings.SYNC_INTERVAL_SECONDS or not settings.CLIENT_ID:
        return {}
    interval = timedelta(seconds=settings.SYNC_INTERVAL_SECONDS)
    retry = min(interval, RETRY_AFTER_FAILURE)
    open_resources = set(SyncRun.objects.open().values_list("resource", flat=True))
    ended = SyncRun.objects.filter(status__in=SyncRun.ENDED).exclude(status=Status.SKIPPED_BUSY)
    last = {run.resource: run for run in ended.latest_of_each_resource()}
    whole = {run.resource: run for run in ended.filter(mode=Mode.FULL).latest_of_each_resource()}
    night = latest_night(now)
    due: dict[str, str] = {}
    for resource in SyncRun.Resource.values:
        if resource in open_resources:
            continue
        mode = Mode.WINDOW if _is_whole_since(whole.get(resource), night) else Mode.FULL
        is_nightly = mode == Mode.FULL and resource in SyncRun.WINDOWED and _is_good(last.get(resource))
        if is_nightly or _is_over(last.get(resource), now, SyncRun.AT_MOST_EVERY.get(resource, interval), retry):
            due[resource] = mode if resource in SyncRun.WINDOWED else Mode.FULL
    return due


def _is_whole_since(run: SyncRun | None, night: datetime) -> bool:
    """An answer that a person has to look at first counts: meanwhile changes are read, which need no decision."""
    ended_well = (Status.CHANGED, Status.NO_CHANGES, Status.UNSAFE)
    return run is not None and run.created_at >= night and run.status in ended_well


def _is_good(run: SyncRun | None) -> bool:
    return run is None or run.status in (Status.CHANGED, Status.NO_CHANGES)


def _is_over(last: SyncRun | None, now: datetime, interval: timedelta, retry: timedelta) -> bool:
    if last is None or last.finished_at is None:
        return True
    return now - last.finished_at >= (retry if last.status == Status.FAILED else interval)
