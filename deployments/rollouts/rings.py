"""The rings of a roll-out with what their gates read last."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F, JSONField, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from deployments.models import GateReading, Ring, RingMember, Rollout
from deployments.rollouts.readings import watched_from

COLUMNS = ("id", "installed", "failed", "waiting", "low", "high", "verdict", "read_at")


def with_told_at(rings: QuerySet[Ring]) -> QuerySet[Any]:
    """Annotates `told_at`: from when on a ring is watched (`readings.watched_from`)."""
    return rings.annotate(told_at=Subquery(watched_from(RingMember.objects.filter(ring=OuterRef("pk")))))


def rings_with_readings(rollout: Rollout) -> list[tuple[Ring, GateReading | None]]:
    """In order; one query. The readings are without their findings."""
    latest = GateReading.objects.filter(ring=OuterRef("pk")).order_by("-pk")
    said = JSONObject(**{column: F(column) for column in COLUMNS})
    rows = with_told_at(rollout.rings.order_by("number").select_related("passed_by"))
    found: list[tuple[Ring, GateReading | None]] = []
    for ring in rows.annotate(last=Subquery(latest.values(said=said)[:1], output_field=JSONField())):
        ring.rollout = rollout
        found.append((ring, _reading(ring, vars(ring)["last"])))
    return found


def _reading(ring: Ring, said: dict[str, Any] | None) -> GateReading | None:
    return GateReading(ring=ring, **{**said, "read_at": datetime.fromisoformat(said["read_at"])}) if said else None
