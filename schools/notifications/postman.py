"""Hands the outbox' mails over to the mail server. No transaction is open while it answers."""

from __future__ import annotations

import logging
import time
from datetime import datetime
from smtplib import SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import F

from schools.models import SentMail
from schools.notifications.retries import LEASE, pause_after

MOST_SECONDS = 20
Status = SentMail.Status
log = logging.getLogger(__name__)


def send_mails(now: datetime) -> int:
    """Send what is due, until none is left, the time is up or the server does not answer; how many were taken.

    A sender that is killed leaves its mail to the next one, which sends it after the lease under the same Message-ID:
    a server that had taken it already knows it by that.
    """
    started, sent = time.monotonic(), 0
    with get_connection() as connection:
        while time.monotonic() - started < MOST_SECONDS and (mail := _claim(now)):
            try:
                connection.send_messages([_message(mail)])
            except SMTPRecipientsRefused as error:
                _settle(mail, Status.GIVEN_UP, answer=_words(error))
            except (SMTPException, OSError) as error:
                log.warning("mail %s was not taken: %s", mail.pk, type(error).__name__)
                _try_later(mail, now, _words(error))
                break
            else:
                sent += 1
                _settle(mail, Status.SENT, answer="", sent_at=now)
    return sent


@transaction.atomic
def _claim(now: datetime) -> SentMail | None:
    due = SentMail.objects.due(now).select_for_update(of=("self",), skip_locked=True)
    mail = due.select_related("to").order_by("not_before", "id").first()
    if mail is not None:
        mail.attempts += 1
        SentMail.objects.filter(pk=mail.pk).update(attempts=F("attempts") + 1, not_before=now + LEASE)
    return mail


def _message(mail: SentMail) -> EmailMessage:
    headers = {"Message-ID": mail.message_id, "Auto-Submitted": "auto-generated"}
    return EmailMessage(mail.subject, mail.body, settings.DEFAULT_FROM_EMAIL, [mail.to.email], headers=headers)


def _try_later(mail: SentMail, now: datetime, answer: str) -> None:
    pause = pause_after(mail.attempts)
    if pause is None:
        _settle(mail, Status.GIVEN_UP, answer=answer)
    else:
        _settle(mail, Status.WAITING, answer=answer, not_before=now + pause)


def _settle(mail: SentMail, status: str, **columns: object) -> None:
    """Nothing changes when another sender has taken the mail over meanwhile."""
    SentMail.objects.filter(pk=mail.pk, status=Status.WAITING, attempts=mail.attempts).update(status=status, **columns)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
