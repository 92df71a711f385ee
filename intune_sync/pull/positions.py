"""Where a pull of changes begins, and where the next one will."""

from __future__ import annotations

from datetime import datetime, timedelta

from intune_sync.models import SyncPosition
from intune_sync.pull.outcome import Pull

OVERLAP = timedelta(minutes=10)
"""Asked for once more: Graph's lists lag behind what it was told."""


def watermark(pull: Pull) -> datetime | None:
    """From when changes are to be asked for; None when everything is to be read."""
    if not pull.is_window:
        return None
    position = SyncPosition.objects.filter(resource=pull.run.resource).first()
    return position.watermark - OVERLAP if position and position.watermark else None


def move_watermark(pull: Pull, latest: datetime | None) -> None:
    """In the transaction that writes the rows. `latest` is the newest of Graph's times in them, which a clock that
    runs ahead must not carry beyond ours; without one the position stays where it is."""
    kept = SyncPosition.objects.filter(resource=pull.run.resource).values_list("watermark", flat=True).first()
    reached = max((moment for moment in (latest and min(latest, pull.now), kept) if moment), default=None)
    SyncPosition.objects.update_or_create(
        resource=pull.run.resource, defaults={"watermark": reached, "moved_at": pull.now}
    )


def delta_link(resource: str) -> str:
    """ "" when there is none: everything is to be read."""
    return SyncPosition.objects.filter(resource=resource).values_list("delta_link", flat=True).first() or ""


def move_link(pull: Pull, link: str) -> None:
    """In the transaction that writes the rows."""
    SyncPosition.objects.update_or_create(
        resource=pull.run.resource, defaults={"delta_link": link, "moved_at": pull.now}
    )
