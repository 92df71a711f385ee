"""How long to wait before a message that was not taken is sent again."""

from __future__ import annotations

from datetime import timedelta

PAUSES = [
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
]
"""After each failed attempt; when the last has been used up, the message is given up: after some twenty hours."""

LEASE = timedelta(minutes=2)
"""How long a sender that has said nothing more is taken to be at work; longer than it may wait for an answer."""


def pause_after(attempts: int) -> timedelta | None:
    """What to wait after that many failed attempts; None: no more."""
    return PAUSES[attempts - 1] if attempts <= len(PAUSES) else None
