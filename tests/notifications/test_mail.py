"""What people were told becomes mail: as they wish, in their language, neither lost nor sent twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends import locmem
from django.test import override_settings
from django.utils import timezone

from schools.clock import shared_now
from schools.models import Notification, NotificationSettings, SentMail, User
from schools.notifications.outbox import write_mails
from schools.notifications.postman import send_mails
from schools.notifications.retries import LEASE, PAUSES
from schools.services.notify import tell
from schools.tasks import mail as mail_what_is_due
from tests import factories

pytestmark = pytest.mark.django_db

DAY = datetime(2027, 1, 11, 10, 0, tzinfo=UTC)
EVENING = datetime(2027, 1, 11, 20, 0, tzinfo=UTC)
NEXT_DIGEST = datetime(2027, 1, 12, 6, 30, tzinfo=UTC)


class Unreachable:
    """A mail server that does not answer; Django makes one of these for each batch."""

    def __init__(self, **options: Any) -> None:
        pass

    def __enter__(self) -> Unreachable:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def send_messages(self, messages: object) -> int:
        raise SMTPServerDisconnected("away")


class DiesAfterSending(locmem.EmailBackend):
    """The server takes the mail, and the worker is gone before it can write that down."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        super().send_messages(messages)
        raise SystemExit


@pytest.fixture
def reader() -> User:
    return factories.person("it_admin", email="kim@adala.example")


def wish(person: User, **columns: Any) -> None:
    NotificationSettings.objects.create(user=person, **{"language": "en", **columns})


def told(person: User, episode: str = "a", *, urgent: bool = False, at: datetime = DAY, **data: Any) -> Notification:
    said = {"number": 7, "revision": "VT 2027 revision 2", **data}
    tell([person], "changeset.planned", episode=episode, url="/changes/7/", data=said, urgent=urgent)
    Notification.objects.filter(user=person, episode=episode).update(created_at=at)
    return Notification.objects.get(user=person, episode=episode)


def test_what_somebody_waits_for_is_mailed_at_once(reader: User) -> None:
    told(reader, urgent=True)

    assert write_mails(DAY) == 1
    assert write_mails(DAY) == 0


def test_nothing_is_mailed_in_quiet_hours_but_after_them(reader: User) -> None:
    told(reader, urgent=True, at=EVENING)

    assert write_mails(EVENING) == 0
    assert write_mails(NEXT_DIGEST) == 1


def test_the_rest_waits_for_the_digest_of_the_next_morning(reader: User) -> None:
    told(reader, "a")
    told(reader, "b")

    assert write_mails(DAY) == 0
    assert write_mails(NEXT_DIGEST - timedelta(minutes=1)) == 0
    assert write_mails(NEXT_DIGEST) == 1
    assert SentMail.objects.get().body.count("/notifications/") == 2


def test_a_digest_that_nobody_wrote_in_time_is_written_later(reader: User) -> None:
    told(reader)

    assert write_mails(NEXT_DIGEST + timedelta(hours=3)) == 1


def test_at_once_is_at_once_for_everything(reader: User) -> None:
    wish(reader, mail="at_once")
    told(reader)

    assert write_mails(DAY) == 1


@pytest.mark.parametrize("why", ["never", "no address", "read already"])
def test_who_wants_no_mail_is_passed_over_for_good(why: str, reader: User) -> None:
    wish(reader, mail="never" if why == "never" else "digest")
    User.objects.filter(pk=reader.pk).update(email="" if why == "no address" else reader.email)
    row = told(reader, urgent=True)
    Notification.objects.filter(pk=row.pk).update(read_at=DAY if why == "read already" else None)

    assert write_mails(DAY) == 0
    row.refresh_from_db()
    assert row.mailed_at == DAY


@pytest.mark.parametrize(
    ("language", "subject"),
    [("en", "Change 7 waits for your approval"), ("sv", "Ändring 7 väntar på ditt godkännande")],
)
def test_mail_is_in_the_readers_language_with_a_link(language: str, subject: str, reader: User) -> None:
    wish(reader, language=language)
    row = told(reader, urgent=True)

    write_mails(DAY)

    written = SentMail.objects.get()
    assert written.subject == subject
    assert f"http://testserver/notifications/{row.pk}/" in written.body


def test_subject_cannot_smuggle_headers(reader: User) -> None:
    told(reader, urgent=True, number="7\r\nBcc: everybody@example.com\r\n")

    write_mails(DAY)

    assert "\n" not in SentMail.objects.get().subject


def test_text_of_people_is_mailed_as_they_wrote_it(reader: User) -> None:
    told(reader, urgent=True, revision="Slöjd & <bild>")

    write_mails(DAY)

    assert "Slöjd & <bild>" in SentMail.objects.get().body


def test_mail_is_handed_over_once_under_its_own_id(reader: User) -> None:
    told(reader, urgent=True)
    write_mails(DAY)

    assert (send_mails(DAY), send_mails(DAY)) == (1, 0)

    kept = SentMail.objects.get()
    [sent] = mail.outbox
    assert (sent.to, sent.subject, sent.body) == ([reader.email], kept.subject, kept.body)
    assert sent.extra_headers["Message-ID"] == kept.message_id
    assert (kept.status, kept.sent_at) == ("sent", DAY)


def test_mail_of_a_killed_sender_is_sent_after_the_lease_under_the_same_id(reader: User) -> None:
    told(reader, urgent=True)
    write_mails(DAY)
    with override_settings(EMAIL_BACKEND=f"{__name__}.DiesAfterSending"), pytest.raises(SystemExit):
        send_mails(DAY)

    assert send_mails(DAY + LEASE - timedelta(seconds=1)) == 0
    assert send_mails(DAY + LEASE) == 1
    first, second = (sent.extra_headers["Message-ID"] for sent in mail.outbox)
    assert first == second == SentMail.objects.get().message_id


@override_settings(EMAIL_BACKEND=f"{__name__}.Unreachable")
def test_server_that_is_away_is_tried_again_and_at_last_given_up(reader: User) -> None:
    told(reader, urgent=True)
    write_mails(DAY)
    now = DAY

    for pause in PAUSES:
        assert send_mails(now) == 0
        assert SentMail.objects.get().not_before == now + pause
        now += pause
    send_mails(now)

    row = SentMail.objects.get()
    assert (row.status, row.sent_at) == ("given_up", None)
    assert "away" in row.answer


def test_quiet_hours_are_the_readers_own(reader: User) -> None:
    wish(reader, quiet_from=time(10), quiet_until=time(12))
    told(reader, urgent=True)

    assert write_mails(DAY) == 0
    assert write_mails(DAY + timedelta(hours=1)) == 1


@pytest.mark.parametrize("minutes", [-10, 10])
def test_mail_goes_by_the_clock_that_all_workers_share(
    minutes: int, reader: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish(reader, quiet_from=time(0), quiet_until=time(0))
    told(reader, urgent=True)
    own = timezone.now() + timedelta(minutes=minutes)
    monkeypatch.setattr("django.utils.timezone.now", lambda: own)

    mail_what_is_due()

    sent_at = SentMail.objects.get().sent_at
    assert sent_at and abs(sent_at - shared_now()) < timedelta(minutes=5)
