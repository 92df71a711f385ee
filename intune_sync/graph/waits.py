"""How long to wait before asking again."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 120.0


def retry_after_seconds(header: str | None, *, attempt: int, date: str = "") -> float:
    """Seconds from a Retry-After header: a number (Graph also sends decimals), a date, or nothing (then 2, 4, 8 …).

    `date` is the header of that name in the same answer: Graph's clock is the one that a date in it is of.
    """
    if header:
        try:
            seconds = float(header)
        except ValueError:
            seconds = _until(header, _moment(date) or datetime.now(UTC))
        if math.isfinite(seconds):
            return max(0.0, seconds)
    return float(min(LONGEST, 2.0 ** (attempt + 1)))


def backoff_seconds(attempt: int) -> float:
    """Half a second, one, two … with jitter, so that workers that fell together do not knock together."""
    return float(0.5 * 2**attempt * random.uniform(0.8, 1.2))  # noqa: S311


def apart(seconds: float) -> float:
    """Never earlier than Graph asked, and a little later, so that those who were sent away together come one by one."""
    return seconds + random.uniform(0.005, 0.02 + min(0.5, seconds / 10))  # noqa: S311


def _until(header: str, now: datetime) -> float:
    at = _moment(header)
    return (at - now).total_seconds() if at else math.nan


def _moment(header: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(header)
    except (TypeError, ValueError):
        return None
    return at.replace(tzinfo=at.tzinfo or UTC)
