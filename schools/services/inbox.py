"""Acts on a person's own notifications: read, and how they want to be told."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django.db import transaction

from schools import audit
from schools.models import Notification, NotificationSettings, User


def mark_read(notification: Notification, now: datetime) -> None:
    """Again changes nothing: the first time it was read stays."""
    if Notification.objects.filter(pk=notification.pk, read_at=None).update(read_at=now):
        notification.read_at = now


def mark_all_read(person: User, up_to: int, now: datetime) -> int:
    """Everything of `person` up to the notification with this id, so that what came since stays unread; how many."""
    return Notification.objects.visible_to(person).unread().filter(pk__lte=up_to).update(read_at=now)


@transaction.atomic
def choose(person: User, mail: str, language: str, quiet_from: time, quiet_until: time) -> NotificationSettings:
    """How `person` wants to be told from now on. Raises ValidationError for a choice that there is not."""
    User.objects.select_for_update().get(pk=person.pk)  # two first choices come one after the other
    row = NotificationSettings.objects.filter(user=person).first() or NotificationSettings(user=person)
    before = _said(row) if row.pk else {}
    row.mail, row.language, row.quiet_from, row.quiet_until = mail, language, quiet_from, quiet_until
    row.full_clean()
    row.save()
    audit.record("notifications.chosen", person, by=person, before=before, after=_said(row))
    return row


def _said(row: NotificationSettings) -> dict[str, Any]:
    return {
        "mail": row.mail,
        "language": row.language,
        "quiet_from": row.quiet_from.isoformat("minutes"),
        "quiet_until": row.quiet_until.isoformat("minutes"),
    }
