"""Pauses all calls when Graph has not answered several times in a row, and goes on by itself.

The state is one row in PostgreSQL, so all workers stop together; one of them asks now and then whether Graph is back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import F

from intune_sync import own_words
from intune_sync.graph.errors import AnswerLost, CircuitOpen, GraphError, GraphUnavailable
from intune_sync.models import GraphBreaker
from schools.clock import shared_now

FAILURES = 3
"""Calls in a row, each with its repetitions, before the pause begins."""
PAUSES = (10, 20, 40)
"""Seconds until the first question whether Graph is back, the second, and each after it."""
BELIEVED = 1.0
"""Seconds for which a process believes what it last read of the row."""


class Breaker:
    """Shared by the clients of a process."""

    def __init__(self) -> None:
        self._row = GraphBreaker()
        self._read_at = -BELIEVED

    def before_call(self, probe: Callable[[], None]) -> None:
        """Raises CircuitOpen while calls pause. `probe` asks Graph anything, and raises GraphUnavailable if in vain."""
        row = self._known()
        if row.opened_at is None:
            return
        now = shared_now()
        if (row.probe_at and now < row.probe_at) or not self._take_turn(row, now):
            raise self._open()
        try:
            probe()
        except GraphUnavailable as error:
            GraphBreaker.objects.filter(pk=1).update(error=error.message[:500])
            raise self._open() from error
        self._close()

    def answered(self) -> None:
        if self._known().failures:
            self._close()

    def failed(self, error: GraphError) -> None:
        """A call has failed with all its repetitions."""
        if isinstance(error, CircuitOpen) or not isinstance(error, GraphUnavailable | AnswerLost):
            return
        now = shared_now()
        GraphBreaker.objects.get_or_create(pk=1)
        GraphBreaker.objects.filter(pk=1).update(failures=F("failures") + 1, error=error.message[:500])
        GraphBreaker.objects.filter(pk=1, opened_at=None, failures__gte=FAILURES).update(
            opened_at=now, probe_at=now + timedelta(seconds=PAUSES[0]), probes=0
        )
        self.forget()

    def forget(self) -> None:
        """Read the row anew before it is next believed."""
        self._read_at = -BELIEVED

    def _take_turn(self, row: GraphBreaker, now: datetime) -> bool:
        """One of all workers asks; should it die meanwhile, another asks after the next pause."""
        pause = PAUSES[min(row.probes + 1, len(PAUSES) - 1)]
        mine = GraphBreaker.objects.filter(pk=1, probe_at=row.probe_at).update(
            probe_at=now + timedelta(seconds=pause), probes=F("probes") + 1
        )
        self.forget()
        return bool(mine)

    def _close(self) -> None:
        GraphBreaker.objects.filter(pk=1).update(failures=0, opened_at=None, probe_at=None, probes=0, error="")
        self.forget()

    def _open(self) -> CircuitOpen:
        row = self._known()
        error = CircuitOpen(own_words.CIRCUIT_OPEN)
        until = (row.probe_at - shared_now()).total_seconds() if row.probe_at else 0.0
        error.retry_after = max(1.0, until)
        return error

    def _known(self) -> GraphBreaker:
        if time.monotonic() - self._read_at >= BELIEVED:
            self._row = GraphBreaker.objects.filter(pk=1).first() or GraphBreaker()
            self._read_at = time.monotonic()
        return self._row


BREAKER = Breaker()
