"""Rows that only served for a while and then say more about people than they are worth."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db import transaction

from schools.models import IdempotentAnswer

ANSWERS_KEPT = timedelta(days=2)
"""Longer than any script goes on repeating a command."""


@transaction.atomic
def forget_what_has_expired(now: datetime) -> dict[str, int]:
    """Delete sessions that have ended and stored answers that nobody repeats any more; how many of each."""
    answers, _by_model = IdempotentAnswer.objects.filter(created_at__lt=now - ANSWERS_KEPT).delete()
    sessions, _by_model = Session.objects.filter(expire_date__lt=now).delete()
    return {"answers": answers, "sessions": sessions}
