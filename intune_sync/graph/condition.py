"""Keeps `GraphCondition`: written when the condition changes, and otherwise every half minute at most."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from intune_sync.graph.errors import GraphError, Unauthenticated
from intune_sync.models import GraphCondition

WRITE_EVERY = timedelta(seconds=30)


class ConditionWriter:
    """What this process last wrote is remembered by the class, so that each new client does not write again."""

    _written_at: ClassVar[datetime | None] = None
    _down: ClassVar[bool | None] = None
    _refused: ClassVar[bool] = False

    def answered(self) -> None:
        now = timezone.now()
        if self._down is not False or self._is_due(now):
            self._write(now, down=False, last_answer_at=now, down_since=None, is_refused=False, error="")

    def throttled(self, seconds: float) -> None:
        now = timezone.now()
        if seconds >= 1:
            self._write(now, down=self._down, throttled_until=now + timedelta(seconds=seconds))

    def failed(self, error: GraphError) -> None:
        now, is_refused = timezone.now(), isinstance(error, Unauthenticated)
        if not self._down or self._refused != is_refused or self._is_due(now):
            since = Coalesce(F("down_since"), Value(now))
            self._write(now, down=True, down_since=since, is_refused=is_refused, error=error.message[:500])

    def _is_due(self, now: datetime) -> bool:
        return self._written_at is None or now - self._written_at > WRITE_EVERY

    @classmethod
    def _write(cls, now: datetime, *, down: bool | None, **columns: object) -> None:
        if not GraphCondition.objects.filter(pk=1).update(**columns):
            GraphCondition.objects.get_or_create(pk=1)
            GraphCondition.objects.filter(pk=1).update(**columns)
        cls._written_at, cls._down = now, down
        cls._refused = bool(columns.get("is_refused", cls._refused))
