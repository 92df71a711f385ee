"""One run per resource, and one hand for what runs by itself: advisory locks that the database frees when the worker's
connection dies.

It belongs to the session, not to a transaction, because none stays open while Graph answers. A connection pooler
between the workers and PostgreSQL must therefore pool by session.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from intune_sync.models import SyncRun

FAMILY = 0x7E57_0002
"""The first of the lock's two numbers; the second is the resource's place."""
AUTOMATIC = 1_000
"""The second number of the lock on carrying out decisions."""
DESTRUCTIVE = 1_001
"""The second number of the lock on counting destructive calls."""


def lock(resource: str) -> bool:
    """Take the lock on this connection; False when another connection has it."""
    return _ask("SELECT pg_try_advisory_lock(%s, %s)", _place(resource))


def unlock(resource: str) -> None:
    _ask("SELECT pg_advisory_unlock(%s, %s)", _place(resource))


@contextmanager
def held(place: int) -> Iterator[bool]:
    """Whether the lock is ours inside."""
    is_mine = _ask("SELECT pg_try_advisory_lock(%s, %s)", place)
    try:
        yield is_mine
    finally:
        if is_mine:
            _ask("SELECT pg_advisory_unlock(%s, %s)", place)


def is_free(resource: str) -> bool:
    """Whether nobody works on the resource."""
    taken = lock(resource)
    if taken:
        unlock(resource)
    return taken


def _place(resource: str) -> int:
    return list(SyncRun.Resource.values).index(resource)


def _ask(sql: str, place: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql, [FAMILY, place])
        return bool(cursor.fetchone()[0])
