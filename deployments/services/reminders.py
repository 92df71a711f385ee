"""Daily: who keeps an application hears in good time that its vetting or a licence ends."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction

from deployments.models import LicencePool, VettingCard
from deployments.notices.catalogue import tell_licence_ends, tell_vetting_ends

STAGES = (0, 14, 60)
"""Days before the end at which people are told, each stage once; 0 is the first day without."""
LONG_OVER = timedelta(days=30)
"""What ended longer ago than this is not told to those who come later."""


@transaction.atomic
def remind(today: date) -> None:
    """Safe to repeat, and a day on which it did not run is caught up by the next."""
    ending = {"application__versions__isnull": False}
    first, last = today - LONG_OVER, today + timedelta(days=max(STAGES))
    cards = VettingCard.objects.filter(valid_until__range=(first, last), **ending).distinct()
    for card in cards.select_related("application__owner"):
        if card.valid_until:
            tell_vetting_ends(card, card.valid_until, _stage(card.valid_until, today))
    pools = LicencePool.objects.filter(ends_on__range=(first, last)).select_related("application__owner", "school")
    for pool in pools:
        if pool.ends_on and not _is_renewed(pool):
            tell_licence_ends(pool, pool.ends_on, _stage(pool.ends_on, today))


def _stage(last_day: date, today: date) -> int:
    """Valid to the end of its last day, so the stage 0 begins on the day after."""
    left = (last_day - today).days
    return 0 if left < 0 else next(stage for stage in STAGES if left <= stage and stage)


def _is_renewed(pool: LicencePool) -> bool:
    """Whether other seats for the same computers outlast these."""
    others = LicencePool.objects.filter(application=pool.application, school=pool.school).exclude(pk=pool.pk)
    return others.filter(ends_on=None).exists() or others.filter(ends_on__gt=pool.ends_on).exists()
