"""Acts on simulations: asking for one, playing it, and forgetting old ones. None of them reaches a computer."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from deployments.models import ChangeSet, Proposal, Rollout, Simulation
from deployments.models.moves import InvalidMove
from deployments.rollouts.simulation_inputs import digest_of, load, rollout_of, starting_hour
from deployments.rollouts.simulation_result import RUNS, simulate
from schools import audit
from schools.models import User

log = logging.getLogger(__name__)
Status = Simulation.Status
TOO_LONG = timedelta(minutes=5)
"""A worker that has played for so long is dead; the message of one that has waited so long is lost."""
UNDECIDED = (Proposal.Status.OPEN, Proposal.Status.TABLED, Proposal.Status.RETURNED)
NOT_BEGUN = (ChangeSet.Status.PLANNED, ChangeSet.Status.APPROVED)


def may_be_played(subject: Proposal | ChangeSet) -> bool:
    """What is not decided or has not begun; afterwards there is the real thing to look at."""
    if isinstance(subject, Proposal):
        return subject.status in UNDECIDED
    return subject.status in NOT_BEGUN and not _has_started(subject)


def _has_started(change_set: ChangeSet) -> bool:
    return Rollout.objects.filter(change_set=change_set).exclude(status__in=Rollout.NOT_STARTED).exists()


@transaction.atomic
def ask(subject: Proposal | ChangeSet, seed: int, *, by: User, now: datetime) -> Simulation:
    """A row that is to be played, or the one that answers the same question. Raises ValidationError."""
    if not may_be_played(subject):
        raise ValidationError(_("Only what is not decided or has not begun can be simulated."))
    starts_at = starting_hour(now)
    key = {"proposal" if isinstance(subject, Proposal) else "change_set": subject}
    rollout = rollout_of(subject)
    row, is_new = Simulation.objects.get_or_create(
        digest=digest_of(subject, seed, starts_at),
        defaults={
            **key,
            "seed": seed,
            "asked_by": by,
            "asked_at": now,
            "starts_at": starts_at,
            "parameters": {"runs": RUNS, "starts_at": starts_at.isoformat(), "rollout": rollout and rollout.pk},
        },
    )
    if row.status == Status.FAILED:
        row.move_to(Status.WAITING, asked_at=now, started_at=None, ended_at=None)
        is_new = True
    if is_new:
        audit.record("simulation.asked", row, by=by, after={"of": str(subject), "seed": seed})
    return row


def run(key: int) -> bool:
    """Play it, unless somebody else does or has. Some seconds for the whole fleet."""
    row = Simulation.objects.select_related("proposal", "change_set").filter(pk=key).first()
    if row is None or not _claimed(row):
        return False
    try:
        loaded = load(row.subject, datetime.fromisoformat(row.parameters["starts_at"]))
        result = simulate(loaded.program, row.seed) if loaded.program.computers else {"computers": 0}
    except Exception:
        log.exception("Simulation %s could not be played.", key)
        row.move_to(Status.FAILED, ended_at=timezone.now())
        return False
    try:
        row.move_to(Status.DONE, ended_at=timezone.now(), result=result, starts_at=loaded.starts_at)
    except InvalidMove:
        return False  # another worker was taken for dead, and came to the same answer
    return True


def _claimed(row: Simulation) -> bool:
    now = timezone.now()
    if row.status == Status.RUNNING and row.started_at and row.started_at > now - TOO_LONG:
        return False
    try:
        row.move_to(Status.RUNNING, started_at=now)
    except InvalidMove:
        return False
    return True


def left_over(now: datetime) -> list[int]:
    """Those that nobody plays, the oldest first."""
    return list(Simulation.objects.left_over(now - TOO_LONG).order_by("pk").values_list("pk", flat=True))


def forget(now: datetime) -> int:
    """Old answers; what people asked stays in the audit trail."""
    return Simulation.objects.filter(asked_at__lt=now - Simulation.KEPT).delete()[0]
