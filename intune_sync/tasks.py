"""Celery's entries. The rows hold the work; a message only says that there may be some, and may be lost or doubled."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from celery import Task, shared_task
from celery.signals import worker_ready
from django.conf import settings
from kombu.exceptions import OperationalError

from deployments.models import Rollout
from intune_sync import retention, runs, services, signs, trouble
from intune_sync.models import Operation
from intune_sync.push import apply, automatic, epochs, ledger, reconcile, rings
from schools.clock import shared_now

log = logging.getLogger(__name__)


@shared_task
def sweep() -> None:
    """Every few seconds: find work whose message was lost or whose worker died, and what the interval makes due."""
    now = shared_now()
    epochs.is_rewound()
    wake_pull(runs.sweep(now))
    rings.sweep(now)
    reconcile.sweep(now)
    if automatic.is_waiting(now) or Rollout.objects.filter(status=Rollout.Status.QUEUED).exists():
        _send(carry.delay)
    if ledger.sweep(now):
        wake_write()
    if ledger.is_due(now, actions=True):
        wake_act()


# Nothing may be concluded from a part of an answer, so one task reads the whole of it: against a slow Graph, a hundred
# pages of computers take minutes. Well below the broker's visibility timeout.
@shared_task(soft_time_limit=settings.PULL_SECONDS, time_limit=settings.PULL_SECONDS + 30)
def pull(run_id: int) -> None:
    """One turn of a run; then wakes what is due next, such as the run that waited for this one. A message that came
    late or twice wakes nobody: otherwise messages would grow faster than a worker takes them."""
    if runs.run_if_there(run_id):
        wake_pull(runs.due_ids(shared_now()))


@shared_task
def carry() -> None:
    """Start what a decision lets through without a further hand, and roll-outs whose turn has come; more follows when
    that is written."""
    services.start_due(shared_now())
    if automatic.carry(shared_now()):
        wake_write()


@shared_task
def write() -> None:
    """A few operations of the ledger; wakes the next task only when more are due."""
    if apply.work(shared_now()).more:
        wake_write()


@shared_task
def act() -> None:
    """A few remote actions, with the identity that may do them."""
    if apply.work(shared_now(), actions=True).more:
        wake_act()


@shared_task(bind=True)
def sign(self: Task[..., None], queue: str) -> None:
    """Every few seconds in each queue: somebody works here."""
    signs.leave_signs([queue], self.request.hostname or "", shared_now())


@worker_ready.connect
def arrive(sender: Any, **_kwargs: Any) -> None:
    """A worker that has just started need not wait for its first sign to be seen."""
    signs.leave_signs(sender.app.amqp.queues.consume_from, sender.hostname, shared_now())


@shared_task
def forget() -> None:
    """Once a day: history that has been kept long enough."""
    retention.forget(shared_now())


@shared_task
def tell_of_trouble() -> None:
    """Every few minutes: what IT should hear of."""
    trouble.tell_of_trouble(shared_now())


def wake_pull(run_ids: Iterable[int]) -> None:
    for run_id in run_ids:
        _send(pull.delay, run_id)


def wake_write() -> None:
    _send(write.delay)


def wake(operation: Operation) -> None:
    """Those who carry out this kind."""
    (wake_act if operation.kind == Operation.Kind.ACTION else wake_write)()


def wake_act() -> None:
    _send(act.delay)


def _send(delay: Callable[..., Any], *args: int) -> None:
    """Without a broker the next sweep finds the row: nobody who presses a button should see an error for that."""
    try:
        delay(*args)
    except OperationalError:
        log.warning("The message broker does not answer; the work waits for the next sweep.")
