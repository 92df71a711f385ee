"""When a person may be mailed: quiet hours, and the daily digest. Pure; times of day are the municipality's."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.utils import timezone

DIGEST_AT = time(7, 30)


def is_quiet(now: datetime, quiet_from: time, quiet_until: time) -> bool:
    """Within the quiet hours, which usually run past midnight. The same time twice: no quiet hours."""
    at = timezone.localtime(now).time()
    if quiet_from <= quiet_until:
        return quiet_from <= at < quiet_until
    return at >= quiet_from or at < quiet_until


def last_digest(now: datetime) -> datetime:
    """The moment of the latest digest; what was told before it and not mailed yet belongs into one."""
    local = timezone.localtime(now)
    day = local.date() if local.time() >= DIGEST_AT else local.date() - timedelta(days=1)
    return timezone.make_aware(datetime.combine(day, DIGEST_AT))
