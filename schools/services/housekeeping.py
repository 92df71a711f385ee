"""Rows that only served for a while and then say more about people than they are worth."""

from __future__ import annotations

from datetime import datetime, timedelta

from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.db import transaction

from schools.models import IdempotentAnswer, Notification, SentMail, WebhookDelivery

ANSWERS_KEPT = timedelta(days=2)
"""Longer than any script goes on repeating a command."""
ATTEMPTS_KEPT = timedelta(days=1)
"""Failed sign-ins, with user name and address; what they hold back lasts a quarter of an hour."""
MAIL_KEPT = timedelta(days=30)
"""Sent mail, and what other systems were sent."""
NEWS_KEPT = timedelta(days=180)
"""A term: a notification from before it leads to what has long been settled, read or not."""


@transaction.atomic
def forget_what_has_expired(now: datetime) -> dict[str, int]:
    """Delete sessions that have ended, answers that nobody repeats any more, old mail and news; how many of each."""
    answers, _by_model = IdempotentAnswer.objects.filter(created_at__lt=now - ANSWERS_KEPT).delete()
    sessions, _by_model = Session.objects.filter(expire_date__lt=now).delete()
    attempts, _by_model = AccessAttempt.objects.filter(attempt_time__lt=now - ATTEMPTS_KEPT).delete()
    mails, _by_model = SentMail.objects.filter(created_at__lt=now - MAIL_KEPT).delete()
    ended = WebhookDelivery.objects.exclude(status=WebhookDelivery.Status.WAITING)
    deliveries, _by_model = ended.filter(finished_at__lt=now - MAIL_KEPT).delete()
    news, _by_model = Notification.objects.filter(created_at__lt=now - NEWS_KEPT).delete()
    return {
        "answers": answers,
        "sessions": sessions,
        "attempts": attempts,
        "mails": mails,
        "deliveries": deliveries,
        "news": news,
    }
