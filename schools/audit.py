"""Writing and verifying the audit trail."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone

from schools.models import AuditEvent, School, User

CHAIN_LOCK = 0x7E57_0001
"""Advisory lock that puts the writers of the chain in a row, held until their transaction ends."""
BEGINNING = "0" * 64

_origin: ContextVar[str] = ContextVar("audit_origin", default="worker")


@contextmanager
def acting_from(origin: str) -> Iterator[None]:
    """Name where the acts inside come from: "web 10.0.0.1", "api 10.0.0.1", "command", "worker"."""
    token = _origin.set(origin[:100])
    try:
        yield
    finally:
        _origin.reset(token)


def record(
    act: str,
    obj: models.Model,
    *,
    by: User | None,
    school: School | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> AuditEvent:
    """Append an event about `obj`; `by` None means the portal itself. Must run inside the act's own transaction."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("An audit event belongs in the transaction of its act")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CHAIN_LOCK])
    last = AuditEvent.objects.order_by("-id").values_list("hash", flat=True).first()
    event = AuditEvent(
        at=timezone.now(),
        actor=by,
        act=act,
        object_type=obj._meta.label_lower,
        object_id=str(obj.pk),
        object_label=str(obj)[:200],
        school=school,
        before=before or {},
        after=after or {},
        reason=reason,
        origin=_origin.get(),
        previous_hash=last or BEGINNING,
    )
    event.hash = event_hash(event)
    event.save(force_insert=True)
    return event


def event_hash(event: AuditEvent) -> str:
    """SHA-256 over the previous hash and every column that says something."""
    said = {
        "previous": event.previous_hash,
        "at": _utc(event.at),
        "actor": event.actor_id,
        "act": event.act,
        "object": [event.object_type, event.object_id, event.object_label],
        "school": event.school_id,
        "before": event.before,
        "after": event.after,
        "reason": event.reason,
        "origin": event.origin,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def first_broken_event() -> AuditEvent | None:
    """The first event whose hash or link does not hold; None when the whole chain does."""
    previous = BEGINNING
    for event in AuditEvent.objects.order_by("id").iterator(chunk_size=2000):
        if event.previous_hash != previous or event.hash != event_hash(event):
            return event
        previous = event.hash
    return None


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
