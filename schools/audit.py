"""Writing and verifying the audit trail."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
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
        before=_as_stored(before or {}),
        after=_as_stored(after or {}),
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


@dataclass(frozen=True)
class Verdict:
    """How far the chain holds: `count` events from the beginning, the last of them with `last_hash`."""

    count: int
    last_hash: str
    broken: AuditEvent | None

    @property
    def holds(self) -> bool:
        return self.broken is None

    def as_dict(self) -> dict[str, Any]:
        broken = self.broken.pk if self.broken else None
        return {"ok": self.holds, "count": self.count, "last_hash": self.last_hash, "first_broken_event": broken}


def verify() -> Verdict:
    """Walk the whole chain, about 30,000 events a second, and stop at the first whose hash or link does not hold.

    An event removed from the end leaves a chain that holds: compare `count` and `last_hash` with an earlier verdict.
    """
    previous, count = BEGINNING, 0
    for event in AuditEvent.objects.order_by("id").iterator(chunk_size=2000):
        if event.previous_hash != previous or event.hash != event_hash(event):
            return Verdict(count, previous, event)
        previous, count = event.hash, count + 1
    return Verdict(count, previous, None)


def _as_stored(said: dict[str, Any]) -> Any:
    """As it will be read back: keys are text, and tuples are lists. The hash must be the same then."""
    return json.loads(json.dumps(said))


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
