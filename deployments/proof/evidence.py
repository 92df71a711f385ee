"""What the portal's own rows show of a semester: kinds of evidence, each a list of computers. Each room has its own
in a module `evidence`, which `deployments.apps` looks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.functional import Promise

from deployments.models import Baseline
from deployments.proof.answers import READS
from fleet.models import Device
from schools.models import User

Statement = tuple[str, Sequence[Any]]
"""SQL with its parameters; its rows are device_id, times, at (the latest)."""


@dataclass(frozen=True)
class Period:
    """A semester's days, from the first midnight until the one after the last, and when it is looked at."""

    baseline: Baseline
    starts_at: datetime
    ends_at: datetime
    now: datetime

    @classmethod
    def of(cls, baseline: Baseline, now: datetime) -> Period:
        here = timezone.get_current_timezone()
        first, last = baseline.semester.starts_on, baseline.semester.ends_on + timedelta(days=1)
        return cls(
            baseline,
            datetime.combine(first, time(), here).astimezone(UTC),
            datetime.combine(last, time(), here).astimezone(UTC),
            now,
        )


@dataclass(frozen=True)
class Whose:
    """Computers that count: at these schools; None for all."""

    schools: tuple[int, ...] | None = None

    @classmethod
    def of(cls, user: User, school_id: int | None = None, reads: str = READS) -> Whose:
        seen = None if user.access.reads_all(reads) else tuple(user.access.school_ids(reads))
        if school_id is None:
            return cls(seen)
        return cls((school_id,) if seen is None or school_id in seen else ())


@dataclass(frozen=True)
class Kind:
    """`rows` may leave out computers that do not count; `formula` says in words what is counted; `minutes` is the
    assumption that each time is worth, `at_most` the one that it is never counted above."""

    code: str
    label: str | Promise
    formula: str | Promise
    minutes: str
    rows: Callable[[Period, Whose], Statement]
    at_most: str = ""


KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    KINDS[kind.code] = kind


def count(kind: Kind, period: Period, whose: Whose) -> int:
    """How many times; one query."""
    text, params = _of(kind, period, whose)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(sum(times), 0)::bigint FROM ({text}) AS shown", params)  # noqa: S608
        return int(cursor.fetchone()[0])


def computers(kind: Kind, period: Period, whose: Whose) -> QuerySet[Device]:
    """The computers that `count` counts, some of them several times (see `times_of`)."""
    text, params = _of(kind, period, whose)
    shown = RawSQL(f"SELECT device_id FROM ({text}) AS shown", params)  # noqa: S608, S611
    return Device.objects.filter(pk__in=shown)


def times_of(kind: Kind, period: Period, devices: Sequence[int]) -> dict[int, tuple[int, datetime | None]]:
    """How many times each of these computers counts, and the latest of them; one query."""
    text, params = kind.rows(period, Whose())
    with connection.cursor() as cursor:
        statement = f"SELECT device_id, times, at FROM ({text}) AS shown WHERE device_id = ANY(%s)"  # noqa: S608
        cursor.execute(statement, [*params, list(devices)])
        return {device: (times, at) for device, times, at in cursor.fetchall()}


def _of(kind: Kind, period: Period, whose: Whose) -> tuple[str, list[Any]]:
    text, params = kind.rows(period, whose)
    if whose.schools is None:
        return text, list(params)
    narrowed = f"""
        SELECT rows.* FROM ({text}) AS rows JOIN fleet_device AS device ON device.id = rows.device_id
        WHERE device.school_id = ANY(%s)
    """  # noqa: S608 - only the texts of this package
    return narrowed, [*params, list(whose.schools)]
