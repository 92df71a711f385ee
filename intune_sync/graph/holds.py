"""For how long Microsoft has asked not to be called, in PostgreSQL: it outlives Redis."""

from __future__ import annotations

from datetime import timedelta

from intune_sync.models import GraphHold
from schools.clock import shared_now

LONG = 1.0
"""Seconds; a shorter hold is over before it matters that Redis forgot it."""


def keep(client_id: str, service: str, seconds: float) -> None:
    """Never shortens a hold. Short ones are left to Redis and to whoever was asked to wait."""
    if seconds < LONG:
        return
    until = shared_now() + timedelta(seconds=seconds)
    row, made = GraphHold.objects.get_or_create(client_id=client_id, service=service, defaults={"until": until})
    if not made:
        GraphHold.objects.filter(pk=row.pk, until__lt=until).update(until=until)


def still_in_force() -> list[tuple[str, str, float]]:
    """Client id ("*" for all), service, and the seconds that are left."""
    now = shared_now()
    rows = GraphHold.objects.filter(until__gt=now).values_list("client_id", "service", "until")
    return [(client_id, service, (until - now).total_seconds()) for client_id, service, until in rows]
