"""The clock that all workers share: PostgreSQL's. By one's own, which may be minutes off, a lease would be taken, or a
wait that another side asked for would end, too early."""

from __future__ import annotations

from datetime import datetime

from django.db import connection


def shared_now() -> datetime:
    """Moves on within a transaction, too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
        return now
