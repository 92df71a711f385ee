"""One run per resource: an advisory lock that the database frees when the worker's connection dies.

It belongs to the session, not to a transaction, because none stays open while Graph answers. A connection pooler
between the workers and PostgreSQL must therefore pool by session.
"""

from __future__ import annotations

from django.db import connection

from intune_sync.models import SyncRun

FAMILY = 0x7E57_0002
"""The first of the lock's two numbers; the second is the resource's place."""


def lock(resource: str) -> bool:
    """Take the lock on this connection; False when another connection has it."""
    return _ask("SELECT pg_try_advisory_lock(%s, %s)", resource)


def unlock(resource: str) -> None:
    _ask("SELECT pg_advisory_unlock(%s, %s)", resource)


def is_free(resource: str) -> bool:
    """Whether nobody works on the resource."""
    taken = lock(resource)
    if taken:
        unlock(resource)
    return taken


def _ask(sql: str, resource: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql, [FAMILY, SyncRun.Resource.values.index(resource)])
        return bool(cursor.fetchone()[0])
