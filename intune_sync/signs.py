"""Who works, as the workers themselves say: each takes a sign out of its queue every few seconds and writes it down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings
from django.db.models import Exists, Q, QuerySet
from django.utils import timezone

from intune_sync.models import QueueSign, SyncRun
from intune_sync.models.signs import GONE_AFTER

REDIS_SECONDS = 0.5
MOST_OFF_SECONDS = 30.0
"""Further, and times on the pages and in sentences mislead; servers that keep time are within a second."""


@dataclass(frozen=True)
class Workers:
    """`gone` are the queues that nobody empties, with their last sign of life, None where there never was one.

    `messages`, those waiting where beat sends its own, is None when Redis, which carries them, does not answer.
    `clocks` are those that go wrong, by the service on whose server they are, in seconds ahead of the database's.
    """

    gone: Mapping[str, datetime | None]
    last_sign_at: datetime | None
    messages: int | None
    clocks: Mapping[str, float] = field(default_factory=dict)

    @property
    def has_broker(self) -> bool:
        return self.messages is not None

    @property
    def all_gone(self) -> bool:
        return len(self.gone) == len(QueueSign.Queue)

    @property
    def beat_is_gone(self) -> bool:
        """Nobody works, and nothing is sent to them either. Where only workers are gone, signs pile up."""
        return self.all_gone and self.messages == 0


def leave_signs(queues: Iterable[str], worker: str, now: datetime) -> None:
    """`now` by the database's clock; the worker's own may go wrong, and its sign tells by how much."""
    off = (timezone.now() - now).total_seconds()
    rows = [
        QueueSign(queue=queue, seen_at=now, worker=worker[:100], clock_off_seconds=off)
        for queue in queues
        if queue in QueueSign.Queue
    ]
    QueueSign.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["queue"],
        update_fields=["seen_at", "worker", "clock_off_seconds"],
    )


def workers(now: datetime, also_seen: Mapping[str, datetime | None]) -> Workers:
    """One query, and one question to Redis. `now` by the database's clock. `also_seen`: other signs of life by queue,
    of a worker that is busy."""
    seen: dict[str, datetime | None] = dict.fromkeys(QueueSign.Queue.values)
    clocks = {"web": (timezone.now() - now).total_seconds()}
    for queue, seen_at, off in QueueSign.objects.values_list("queue", "seen_at", "clock_off_seconds"):
        if queue in seen:
            seen[queue] = max(seen_at, also_seen.get(queue) or seen_at)
            clocks[QueueSign.SERVICES[queue]] = off
    gone = {queue: at for queue, at in seen.items() if at is None or now - at > GONE_AFTER}
    return Workers(
        gone=gone,
        last_sign_at=max(filter(None, seen.values()), default=None),
        messages=_messages(),
        clocks={service: off for service, off in clocks.items() if abs(off) > MOST_OFF_SECONDS},
    )


def idle_queues(now: datetime) -> QuerySet[QueueSign]:
    """Queues in which somebody worked once, and nobody does now."""
    reading = SyncRun.objects.filter(status=SyncRun.Status.RUNNING, heartbeat_at__gt=now - GONE_AFTER)
    is_busy = Q(queue=QueueSign.Queue.PULL) & Exists(reading)
    return QueueSign.objects.filter(seen_at__lt=now - GONE_AFTER).exclude(is_busy)


def _messages() -> int | None:
    try:
        return int(_redis().llen(QueueSign.Queue.DEFAULT))
    except redis.RedisError:
        return None


@lru_cache(maxsize=1)
def _redis() -> Any:
    url = settings.CELERY_BROKER_URL
    return redis.Redis.from_url(url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS)
