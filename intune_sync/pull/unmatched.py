"""The list of what could not be tied to one computer (or school): as the last complete answer has it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from intune_sync.models import UnmatchedRecord

SEEN_AGAIN_EVERY = timedelta(days=1)
"""How often `last_seen_at` of an unchanged row is written: a pull that finds nothing new writes nothing."""


@dataclass(frozen=True)
class Unmatched:
    graph_id: str
    serial_number: str
    label: str
    reason: str


def save_unmatched(
    resource: str, found: Iterable[Unmatched], now: datetime, *, among: Collection[str] | None = None
) -> int:
    """Make the list of `resource` say exactly `found`, or do so only `among` these ids; returns how many there are."""
    listed = UnmatchedRecord.objects.filter(resource=resource)
    listed = listed if among is None else listed.filter(graph_id__in=among)
    kept = {row.graph_id: row for row in listed}
    sent = {item.graph_id: item for item in found}
    settled = [row.pk for graph_id, row in kept.items() if graph_id not in sent]
    UnmatchedRecord.objects.filter(pk__in=settled).delete()
    new: list[UnmatchedRecord] = []
    changed: list[UnmatchedRecord] = []
    for item in sent.values():
        row = kept.get(item.graph_id)
        if row is not None and _says(row, item) and now - row.last_seen_at < SEEN_AGAIN_EVERY:
            continue
        (changed if row else new).append(
            UnmatchedRecord(
                pk=row.pk if row else None,
                resource=resource,
                **asdict(item),
                first_seen_at=row.first_seen_at if row else now,
                last_seen_at=now,
            )
        )
    UnmatchedRecord.objects.bulk_create(new, batch_size=500)
    UnmatchedRecord.objects.bulk_update(changed, ["serial_number", "label", "reason", "last_seen_at"], batch_size=500)
    return len(sent)


def _says(row: UnmatchedRecord, item: Unmatched) -> bool:
    return (row.serial_number, row.label, row.reason) == (item.serial_number, item.label, item.reason)
