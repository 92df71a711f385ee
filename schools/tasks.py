"""Daily housekeeping of this room."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from schools.services.housekeeping import forget_what_has_expired


@shared_task
def tidy() -> None:
    forget_what_has_expired(timezone.now())
