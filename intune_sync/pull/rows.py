"""Bringing a small table up to what Graph sent, writing only what differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

from django.db import models

from intune_sync.pull.guard import check_objects

OBSERVED = ("missing_since", "absent_runs")


class GraphRow(Protocol):
    """A frozen dataclass whose fields are columns of the model; `graph_id` is the key."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def graph_id(self) -> UUID: ...


def save_rows(model: type[models.Model], rows: Iterable[GraphRow], now: datetime, *, released: bool) -> dict[str, int]:
    """Create and change rows of `model`; what two answers in a row lack gets `missing_since`, what is back loses it.

    Returns counts. Raises UnsafeAnswer when too many are absent, before anything is written.
    """
    manager = model._default_manager
    stored: Iterable[Any] = manager.all()
    kept = {row.graph_id: row for row in stored}
    sent = {row.graph_id: asdict(row) for row in rows}
    present = [row for row in kept.values() if row.missing_since is None]
    absent = [row for row in present if row.graph_id not in sent]
    if not released:
        check_objects(len(absent), len(present))
    new: list[Any] = [model(**columns) for graph_id, columns in sent.items() if graph_id not in kept]
    changed = [row for graph_id, row in kept.items() if graph_id in sent and _take(row, sent[graph_id])]
    missing = [row for row in absent if row.absent_runs >= 1]
    for row in absent:
        row.absent_runs += 1
    for row in missing:
        row.missing_since = now
    manager.bulk_create(new, batch_size=500)
    if changed or absent:
        names = [*next(iter(sent.values()), {}), *OBSERVED]
        columns = [name for name in names if name != "graph_id"]
        manager.bulk_update([*changed, *absent], columns, batch_size=500)
    return {
        "seen": len(sent),
        "created": len(new),
        "updated": len(changed),
        "absent": len(absent),
        "missing": len(missing),
    }


def _take(row: Any, columns: Mapping[str, Any]) -> bool:
    """Set what differs; True when anything did."""
    differing = {
        name: value
        for name, value in {**columns, "missing_since": None, "absent_runs": 0}.items()
        if getattr(row, name) != value
    }
    for name, value in differing.items():
        setattr(row, name, value)
    return bool(differing)
