"""Whether this is still the database that it was. A restored backup remembers as undone what was done since."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from intune_sync.models import Epoch, Operation
from schools import audit

Status, Problem = Operation.Status, Operation.Problem


def current() -> Epoch:
    """The epoch of which new destructive actions are; the first begins by itself."""
    found = Epoch.objects.order_by("-id").first()
    return found or Epoch.objects.create(database=fingerprint(), reason="First start", begun_at=timezone.now())


def is_current(number: int | None) -> bool:
    """Whether a destructive action of this epoch may be sent from this database: not in one that PostgreSQL has
    recreated or rewound since the epoch began, until `manage.py new_epoch` says that somebody knows."""
    epoch = current()
    return epoch.pk == number and epoch.database == fingerprint()


def fingerprint() -> str:
    """Cluster, database and timeline. A restored dump is another database, a rewound cluster another timeline."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT system_identifier, (SELECT oid FROM pg_database WHERE datname = current_database()), "
            "(SELECT timeline_id FROM pg_control_checkpoint()) FROM pg_control_system()"
        )
        return "/".join(map(str, cursor.fetchone()))


@transaction.atomic
def begin(reason: str, now: datetime) -> tuple[int, int]:
    """Start a new epoch. How many destructive actions were voided, and how many are settled by reading alone."""
    epoch = Epoch.objects.create(database=fingerprint(), reason=reason, begun_at=now)
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
    return len(voided), len(doubtful)
