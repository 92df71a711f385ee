"""How many destructive calls may go out in ten minutes, an hour and a day: however they were asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from intune_sync import locks
from intune_sync.models import Operation


class Capped(Exception):
    """As many as may be were sent; `until` when the next may."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


def limits() -> list[tuple[timedelta, int]]:
    return [
        (timedelta(minutes=10), settings.DESTRUCTIVE_PER_10_MINUTES),
        (timedelta(hours=1), settings.DESTRUCTIVE_PER_HOUR),
        (timedelta(days=1), settings.DESTRUCTIVE_PER_DAY),
    ]


@contextmanager
def room(now: datetime) -> Iterator[None]:
    """Inside, one destructive call may be kept as being sent; one worker counts at a time. Raises Capped."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [locks.FAMILY, locks.DESTRUCTIVE])
    try:
        if until := full_until(now):
            raise Capped(until)
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [locks.FAMILY, locks.DESTRUCTIVE])


def full_until(now: datetime) -> datetime | None:
    """None when there is room."""
    ends = [_full_until(now, window, most) for window, most in limits()]
    return max((end for end in ends if end), default=None)


def _full_until(now: datetime, window: timedelta, most: int) -> datetime | None:
    sent = Operation.objects.filter(is_destructive=True, sent_at__gt=now - window).order_by("-sent_at")
    moments = [moment for moment in sent.values_list("sent_at", flat=True)[:most] if moment]
    return (moments[-1] if moments else now) + window if len(moments) >= most else None
