"""Where a difference stands, as the list and the API ask for it."""

from __future__ import annotations

from datetime import date

from intune_sync.models.drift import DriftItemQuerySet

STATES = ("waiting", "in_hand", "ignored", "over")


def in_state(items: DriftItemQuerySet, state: str, today: date) -> DriftItemQuerySet:
    """Each difference is in exactly one of STATES."""
    match state:
        case "waiting":
            return items.waiting(today)
        case "in_hand":
            return items.in_hand(today)
        case "ignored":
            return items.ignored(today)
        case _:
            return items.resolved()
