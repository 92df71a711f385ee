"""A roll-out of the whole fleet in twelve rings, half of them out: most computers have reported, some have failed, some
are waited for, and some of the latest ring are held back by the calendars of their schools."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from deployments.models import (
    AppVersion,
    AssignmentChange,
    BaselineRevision,
    ChangeSet,
    ChangeTarget,
    GateReading,
    InstallStatus,
    Ring,
    RingMember,
    Rollout,
)
from deployments.rollouts.candidates import candidates_of
from deployments.rollouts.drawing import draw
from fleet.models import Device
from schools.models import User

SHARES = (1, 2, 4, 7, 11, 16, 24, 34, 46, 60, 80, 100)
OPENED = 6
SILENT = 5
"""Every so many'th computer has not reported."""
FAILING = 24
"""Every so many'th of the others failed."""
HELD_BACK = 9
"""Every so many'th of the latest ring has not been let in."""
READINGS = 300
"""Of each ring's gate: one whenever the numbers changed, for days."""


def in_flight(revision: BaselineRevision) -> Rollout:
    """With its first six rings written, most of whose computers have reported."""
    by, now = User.objects.get(username="bench"), timezone.now()
    begun = now - timedelta(days=6)
    number = (
        BaselineRevision.objects.filter(baseline=revision.baseline).order_by("-number").first() or revision
    ).number
    carried_out = BaselineRevision.objects.create(
        baseline=revision.baseline, number=number + 1, based_on=revision, created_by=None
    )
    change_set = ChangeSet.objects.create(
        revision=carried_out, requested_by=by, status=ChangeSet.Status.APPLYING, started_at=begun, **_approved(begun)
    )
    version = AppVersion.objects.filter(application__name__startswith="Bench").order_by("pk")[0]
    change = AssignmentChange.objects.create(change_set=change_set, app_version=version)
    devices = Device.objects.order_by("pk").values_list("pk", flat=True)
    targets = (ChangeTarget(change=change, device_id=pk, effect=ChangeTarget.Effect.INSTALL) for pk in devices)
    ChangeTarget.objects.bulk_create(targets, batch_size=5000)
    rollout = Rollout.objects.create(
        change_set=change_set, created_by=by, started_by=by, started_at=begun, status=Rollout.Status.RUNNING
    )
    for place, drawn in enumerate(draw(candidates_of(change_set, now), seed=1, shares=SHARES), 1):
        written = begun + timedelta(days=place - 1) if place <= OPENED else None
        _ring(rollout, place, drawn.share, drawn.device_ids, written)
    _reports(version, rollout)
    return rollout


def _approved(at: datetime) -> dict[str, Any]:
    colleague = User.objects.exclude(username="bench").first() or User.objects.create(username="colleague")
    return {
        "plan_hash": "a" * 64,
        "planned_at": at,
        "approved_hash": "a" * 64,
        "approved_at": at,
        "approved_by": colleague,
    }


def _ring(rollout: Rollout, number: int, share: int, devices: tuple[int, ...], written: datetime | None) -> None:
    status = Ring.Status.PLANNED if written is None else Ring.Status.OPEN if number == OPENED else Ring.Status.PASSED
    ring = Ring.objects.create(
        rollout=rollout, number=number, share=share, status=status, opened_at=written, written_at=written
    )
    members = []
    for place, pk in enumerate(devices):
        told = None if number == OPENED and place % HELD_BACK == 0 else written
        members.append(RingMember(rollout=rollout, ring=ring, device_id=pk, released_at=told, written_at=told))
    RingMember.objects.bulk_create(members, batch_size=5000)
    if written:
        GateReading.objects.bulk_create(_readings(ring, len(devices), written))


def _readings(ring: Ring, computers: int, written: datetime) -> Iterator[GateReading]:
    for turn in range(1, READINGS + 1):
        reported = computers * (SILENT - 1) // SILENT * turn // READINGS
        failed = reported // FAILING
        yield GateReading(
            ring=ring,
            read_at=written + timedelta(minutes=5 * turn),
            installed=reported - failed,
            failed=failed,
            waiting=computers - reported,
            low=0.02,
            high=0.06,
            verdict=GateReading.Verdict.SOAKING if turn < READINGS else GateReading.Verdict.PASS,
        )


def _reports(version: AppVersion, rollout: Rollout) -> None:
    members = rollout.members.filter(written_at__isnull=False).order_by("pk").values_list("device", "written_at")
    rows = (
        InstallStatus(
            device_id=device,
            app_version=version,
            state=InstallStatus.State.INSTALLED if place % FAILING else InstallStatus.State.FAILED,
            error_code="" if place % FAILING else "0x87D13BA2",
            reported_at=written + timedelta(hours=place % 40),
        )
        for place, (device, written) in enumerate(members)
        if place % SILENT and written
    )
    InstallStatus.objects.bulk_create(rows, batch_size=5000, ignore_conflicts=True)
