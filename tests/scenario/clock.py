"""The portal's clock in a scenario: it begins at the same moment each time, and stands still for the meeting."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

BEGINS_AT = "2026-10-12T06:00:00Z"
"""A Monday of the autumn term."""
A_MEETING = timedelta(hours=5)


class PortalClock:
    """Its `now` stands in for Django's. A worker's leases and pauses need time that passes, so it goes as fast as real
    time does until it is stopped."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self._beginning = datetime.fromisoformat(BEGINS_AT)
        self._started = time.monotonic()
        self._stopped: datetime | None = None

    def now(self) -> datetime:
        if self._stopped is not None:
            return self._stopped
        return (self._beginning + timedelta(seconds=time.monotonic() - self._started)).astimezone(UTC)

    def stop(self) -> None:
        """At the hour of the meeting, whatever time the work before it took."""
        self._stopped = self._beginning + A_MEETING

    def go_ahead(self, by: timedelta) -> None:
        self._beginning += by

    def go_on(self) -> None:
        self._beginning, self._started, self._stopped = self.now(), time.monotonic(), None
