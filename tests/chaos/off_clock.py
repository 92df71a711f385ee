"""`python -m tests.chaos.off_clock …` is `celery …` on a server whose clock is CLOCK_OFF_SECONDS ahead, or behind.

What tells the time of day is shifted before anything else is loaded, so that the pool's children inherit it. What only
measures (`time.monotonic`) goes on as it was, as it does on such a server.
"""

from __future__ import annotations

import datetime
import os
import time
from typing import Any

OFF = datetime.timedelta(seconds=float(os.environ["CLOCK_OFF_SECONDS"]))
_time, _datetime = time.time, datetime.datetime


class _AnyDatetime(type):
    """What the database's driver makes, in C, is a datetime too."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _datetime)


class OffDatetime(_datetime, metaclass=_AnyDatetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        return _datetime.now(tz) + OFF

    @classmethod
    def utcnow(cls) -> Any:
        return _datetime.now(datetime.UTC).replace(tzinfo=None) + OFF


def put_off() -> None:
    time.time = lambda: _time() + OFF.total_seconds()
    datetime.datetime = OffDatetime  # type: ignore[misc]


if __name__ == "__main__":
    put_off()
    from celery.__main__ import main

    main()
