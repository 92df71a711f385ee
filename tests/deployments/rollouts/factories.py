"""Roll-outs for tests: an approved change of one app for given computers, and what the sync engine does with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from deployments.models import AppVersion, AssignmentChange, BaselineRevision, ChangeSet, Ring, Rollout
from deployments.services import changes, rollouts
from fleet.models import Device
from schools.models import User
from tests import factories as make


def approved_change(devices: Sequence[Device], version: AppVersion | None = None, effect: str = "install") -> ChangeSet:
    """On top of the active revision, waiting to be carried out."""
    active = BaselineRevision.objects.active().first() or make.revision("active")
    change_set = make.change_set("approved", revision=make.revision("decided", based_on=active))
    change = make.assignment_change(change_set, version)
    for device in devices:
        make.change_target(change, device, effect)
    return change_set


def ring(rollout: Rollout, number: int = 1, share: int = 100, **columns: Any) -> Ring:
    return Ring.objects.create(rollout=rollout, number=number, share=share, **columns)


def put_in_force(change_set: ChangeSet, by: User | None, now: datetime, then: Callable[[], object]) -> None:
    """As the sync engine does, without asking Intune whether the plan is still true."""
    with transaction.atomic():
        changes.start(change_set, by, now)
        then()


def write(rollout: Rollout, now: datetime) -> Ring:
    """Intune has confirmed the ring that is opening, and with the last one the change."""
    opening = rollout.rings.get(status="opening")
    written = rollouts.ring_written(opening, now)
    if not rollout.rings.filter(number__gt=opening.number).exists():
        AssignmentChange.objects.filter(change_set=rollout.change_set_id).update(written_at=now)
        changes.finish(rollout.change_set, now)
    return written


def report(ring: Ring, now: datetime, failing: Callable[[Device], bool] = lambda device: False) -> None:
    """All computers of the ring tell how it went."""
    version = ring.rollout.change_set.changes.get().app_version
    for member in ring.members.select_related("device"):
        state = "failed" if failing(member.device) else "installed"
        make.install_status(member.device, version, state, reported_at=now + timedelta(minutes=1))


def statuses(rollout: Rollout) -> list[str]:
    return list(rollout.rings.order_by("number").values_list("status", flat=True))
