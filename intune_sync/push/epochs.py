"""Whether this is still the database that it was. A restored backup remembers as undone what was done since.

Two witnesses, each of which is enough to stop what is destructive. In the database: the epoch's row is sealed with the
transaction that wrote it, which no dump carries along, and names PostgreSQL's cluster, database and timeline. Outside,
in Redis: how far PostgreSQL's log had come, which a copy of its files or of the whole machine falls behind.
"""

from __future__ import annotations

import logging
from datetime import datetime
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from intune_sync.models import Epoch, Operation
from schools import audit

Status, Problem = Operation.Status, Operation.Problem
REDIS_SECONDS = 0.5
RAISE = """
-- KEYS: furthest position of the log. ARGV: position now. Never lowers it.
if tonumber(redis.call('GET', KEYS[1]) or 0) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end
"""

log = logging.getLogger(__name__)


def current() -> Epoch:
    """The epoch of which new destructive actions are; the first begins by itself."""
    return Epoch.objects.order_by("-id").first() or _create("First start", timezone.now())


def is_current(number: int | None) -> bool:
    """Whether a destructive action of this epoch may be sent from this database: not in one that has been restored,
    recreated or rewound since the epoch began, until `manage.py new_epoch` says that somebody knows."""
    epoch = current()
    return epoch.pk == number and epoch.database == fingerprint() and _is_sealed(epoch) and not is_rewound()


def is_restored() -> bool:
    """Whether `manage.py new_epoch` has to be run before anything destructive is sent again."""
    return not is_current(current().pk)


def may_be_forgotten(operation: Operation) -> bool:
    """Whether the operation may have been carried out since, and the database, restored from a backup, not know it."""
    first = Epoch.objects.order_by("id").values("pk")[:1]
    since = Epoch.objects.filter(begun_at__gt=operation.created_at).exclude(pk__in=first)
    return since.exists() or is_restored()


def fingerprint() -> str:
    """Cluster, database and timeline."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT system_identifier, (SELECT oid FROM pg_database WHERE datname = current_database()), "
            "(SELECT timeline_id FROM pg_control_checkpoint()) FROM pg_control_system()"
        )
        return "/".join(map(str, cursor.fetchone()))


def is_rewound() -> bool:
    """Whether PostgreSQL's log has been further than it is; once seen, until the next epoch begins. Called by each
    sweep as well, which keeps the furthest position. False when Redis does not answer, or has forgotten."""
    furthest, rewound = _names()
    try:
        server = _redis()
        before = int(server.get(furthest) or 0)  # asked for first: what is written meanwhile moves the log on
        now = _log_position()
        if now < before:
            server.set(rewound, before)
            log.error("PostgreSQL's log is at %s and was at %s: an older copy has been restored", now, before)
        server.eval(RAISE, 1, furthest, now)
        return bool(server.exists(rewound))
    except redis.RedisError as error:
        log.warning("Redis does not tell how far the database had come: %s", type(error).__name__)
        return False


@transaction.atomic
def begin(reason: str, now: datetime) -> tuple[int, int]:
    """Start a new epoch. How many destructive actions were voided, and how many are settled by reading alone."""
    epoch = _create(reason, now)
    waiting = Operation.objects.select_for_update().open().filter(is_destructive=True)
    voided = [each.pk for each in waiting if not each.in_doubt]
    doubtful = [each.pk for each in waiting if each.in_doubt]
    Operation.objects.filter(pk__in=voided).update(
        status=Status.FAILED, problem=Problem.VOIDED, finished_at=now, lease_expires_at=None
    )
    Operation.objects.filter(pk__in=doubtful).update(
        status=Status.UNKNOWN, problem=Problem.SETTLING, not_before=None, lease_expires_at=None, attempts=0
    )
    after = {"voided": len(voided), "settled_by_reading": len(doubtful)}
    audit.record("epoch.begun", epoch, by=None, after=after, reason=reason)
    transaction.on_commit(_forget_rewinding)
    return len(voided), len(doubtful)


@transaction.atomic
def _create(reason: str, now: datetime) -> Epoch:
    """Both statements belong to one transaction, so the second version of the row has the same `xmin` as the first."""
    epoch = Epoch.objects.create(database=fingerprint(), reason=reason, begun_at=now)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE intune_sync_epoch SET sealed_by = xmin::text::bigint WHERE id = %s", [epoch.pk])
    return epoch


def _is_sealed(epoch: Epoch) -> bool:
    """Whether the row was written by the very transaction that it names; whatever restores a dump is another."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed_by = xmin::text::bigint FROM intune_sync_epoch WHERE id = %s", [epoch.pk])
        return bool(cursor.fetchone()[0])


def _log_position() -> int:
    """Bytes of the write-ahead log that are on the disk: what a crash cannot take back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_flush_lsn() - '0/0'::pg_lsn")
        return int(cursor.fetchone()[0])


def _forget_rewinding() -> None:
    furthest, rewound = _names()
    try:
        _redis().delete(furthest, rewound)
    except redis.RedisError as error:
        log.warning("Redis does not answer; run new_epoch again when it does: %s", type(error).__name__)


def _names() -> tuple[str, str]:
    cluster, database, _timeline = fingerprint().split("/")
    return f"database:{cluster}:{database}:furthest", f"database:{cluster}:{database}:rewound"


def _redis() -> Any:
    return _connected(settings.REDIS_URL)


@lru_cache(maxsize=2)
def _connected(url: str) -> Any:
    return redis.Redis.from_url(
        url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS, decode_responses=True
    )
