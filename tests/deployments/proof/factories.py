"""A decision with the change that carries it out."""

from __future__ import annotations

from datetime import datetime, timedelta

from deployments.models import AssignmentChange, Baseline, Decision
from fleet.models import Device
from tests import factories as make

WRITTEN = make.NOW - timedelta(hours=12)
AFTER = WRITTEN + timedelta(hours=2)


def carried(
    *devices: Device,
    written_at: datetime | None = WRITTEN,
    status: str = "applying",
    decision: Decision | None = None,
    of: Baseline | None = None,
) -> tuple[Decision, AssignmentChange]:
    """A decision that gives an application, in the baseline of a semester, and its change for these computers."""
    version = make.app_version(make.application())
    decision = decision or make.decision(text=f"{version.application} till alla")
    revision = make.revision("decided", of=of)
    make.entry(revision, make.municipality(), version.application, decision=decision)
    change = make.assignment_change(make.change_set(status, revision=revision), version, written_at=written_at)
    for device in devices:
        make.change_target(change, device)
    return decision, change
