"""What people were told becomes mail: one for each person at a time, in their language, kept until handed over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.utils import make_msgid
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import ngettext

from schools.models import Notification, NotificationSettings, SentMail, User
from schools.notifications.timing import is_quiet, last_digest

Mail = NotificationSettings.Mail
LONGEST_SUBJECT = 200


def write_mails(now: datetime) -> int:
    """Write what is due now for everybody into the outbox; how many mails that made. Again at once, it makes none."""
    due = Q(is_urgent=True) | Q(created_at__lt=last_digest(now))
    due |= Q(user__notification_settings__mail__in=[Mail.AT_ONCE, Mail.NEVER]) | Q(user__email="")
    people = Notification.objects.filter(due, mailed_at=None).order_by().values("user")
    found = User.objects.filter(pk__in=people).select_related("notification_settings")
    return sum(_write_to(person, now) for person in found)


@transaction.atomic
def _write_to(person: User, now: datetime) -> bool:
    """A notification is marked in the transaction that writes its mail, so it is in one mail and in no other."""
    wishes = wishes_of(person)
    rows = list(Notification.objects.select_for_update().filter(user=person, mailed_at=None).order_by("id"))
    passed_over = [row for row in rows if row.read_at or not _wants_mail(person, wishes)]
    due = [] if is_quiet(now, wishes.quiet_from, wishes.quiet_until) else _due(rows, wishes, now)
    due = [row for row in due if row not in passed_over]
    Notification.objects.filter(pk__in=[row.pk for row in [*passed_over, *due]]).update(mailed_at=now)
    if due:
        _write(person, wishes.language, due, now)
    return bool(due)


def wishes_of(person: User) -> NotificationSettings:
    """How this person wants to be told; the defaults as an unsaved row where they have not chosen."""
    found: NotificationSettings | None = getattr(person, "notification_settings", None)
    if found is not None:
        return found
    defaults = NotificationSettings(user=person)
    defaults.clean_fields(exclude=["user"])  # turns the defaults' text into times
    return defaults


def _wants_mail(person: User, wishes: NotificationSettings) -> bool:
    return bool(person.email) and person.is_active and wishes.mail != Mail.NEVER


def _due(rows: Sequence[Notification], wishes: NotificationSettings, now: datetime) -> list[Notification]:
    digest = last_digest(now)
    return [row for row in rows if row.is_urgent or wishes.mail == Mail.AT_ONCE or row.created_at < digest]


def _write(person: User, language: str, rows: Sequence[Notification], now: datetime) -> None:
    with translation.override(language):
        subject, body = subject_of_mail(rows), render_to_string("schools/mail.txt", _context(person, rows))
    SentMail.objects.create(
        to=person,
        message_id=make_msgid(domain=urlsplit(settings.SITE_URL).hostname or "localhost"),
        subject=subject,
        body=body.strip() + "\n",
        not_before=now,
    )


def subject_of_mail(rows: Sequence[Notification]) -> str:
    """The one thing's own subject, or how many there are; on one line, as a header has to be."""
    if len(rows) == 1:
        return " ".join(rows[0].subject.split())[:LONGEST_SUBJECT]
    words = ngettext("%(count)d piece of news from Terminsklar", "%(count)d pieces of news from Terminsklar", len(rows))
    return words % {"count": len(rows)}


def _context(person: User, rows: Sequence[Notification]) -> dict[str, object]:
    news = [(row.subject, row.body, f"{settings.SITE_URL}{row.get_absolute_url()}") for row in rows]
    return {"person": person, "news": news, "site_url": settings.SITE_URL}
