"""What this room does by itself as time passes."""

from __future__ import annotations

import logging
from typing import Any

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from deployments.committee.announcing import announce
from deployments.proof.days import note_day
from deployments.services import exceptions, reminders, requests, rollouts, simulations
from schools.clock import shared_now

log = logging.getLogger(__name__)


@shared_task
def advance_requests() -> None:
    """Reminders, escalation, and requests that follow their change to the computers."""
    requests.advance(shared_now())


@shared_task
def advance_rollouts() -> None:
    """Gates, halts, computers that the calendar lets in, and the next ring."""
    rollouts.advance(shared_now())


@shared_task
def advance_exceptions() -> None:
    """Exceptions that begin, come into force and end."""
    exceptions.advance(shared_now())


@shared_task
def remind_of_ends() -> None:
    """Vettings, licences and exceptions that end."""
    today = timezone.localdate(shared_now())
    reminders.remind(today)
    exceptions.remind(today)


@shared_task
def note_proof() -> None:
    """How far each decision has come today."""
    note_day(shared_now())


@shared_task
def announce_dates() -> None:
    """The dates of the semester's preparation, to the committee."""
    announce(timezone.localdate(shared_now()))


@shared_task
def play_simulation(key: int) -> None:
    """One that somebody has asked for."""
    simulations.run(key)


@shared_task
def tend_simulations() -> None:
    """Those that nobody plays, one at a time, and those that are old."""
    now = timezone.now()
    simulations.forget(now)
    for key in simulations.left_over(now)[:1]:
        simulations.run(key)


def wake(task: Any, *args: int) -> None:
    """Without a broker the next round finds the row: nobody who presses a button should see an error for that."""
    try:
        task.delay(*args)
    except OperationalError:
        log.warning("The message broker does not answer; the work waits for the next round.")
