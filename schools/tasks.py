"""This room's entries of Celery: what goes out to people and to other systems, and daily housekeeping."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from schools.clock import shared_now
from schools.entra.standing import ask_about_the_quiet
from schools.notifications.deliveries import deliver
from schools.notifications.outbox import write_mails
from schools.notifications.postman import send_mails
from schools.services.housekeeping import forget_what_has_expired


@shared_task
def tidy() -> None:
    forget_what_has_expired(timezone.now())


@shared_task
def ask_entra() -> None:
    """Whether people who have done nothing for a day still have their account and their roles."""
    ask_about_the_quiet(timezone.now())


@shared_task
def mail() -> None:
    """Every minute: write what is due into the outbox, and send what lies there."""
    now = shared_now()
    write_mails(now)
    send_mails(now)


@shared_task
def call_webhooks() -> None:
    deliver(shared_now())
