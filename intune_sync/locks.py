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
ASK_WHETHER_ALIVE = (
    "SELECT set_config('tcp_keepalives_idle', '30', false), set_config('tcp_keepalives_interval', '10', false), "
    "set_config('tcp_keepalives_count', '3', false)"
)


def lock(resource: str) -> bool:
    """Take the lock on this connection; False when another connection has it.

    PostgreSQL is told to ask now and then whether a silent connection still lives, so that the lock of a machine that
    has lost its power or network is free after a minute, and not after the two hours of the operating system.
    """
    is_mine = _ask("SELECT pg_try_advisory_lock(%s, %s)", _place(resource))
    if is_mine:
        with connection.cursor() as cursor:
            cursor.execute(ASK_WHETHER_ALIVE)
    return is_mine


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
    """Whether nobody works on the resource. Looked up and not tried: a lock taken to try would send a worker away."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = %s "
            "AND objid = %s AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [FAMILY, _place(resource)],
        )
        return not cursor.fetchone()[0]


def _place(resource: str) -> int:
    return list(SyncRun.Resource.values).index(resource)


def _ask(sql: str, place: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql, [FAMILY, place])
        return bool(cursor.fetchone()[0])
