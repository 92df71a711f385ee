"""Roll-outs for tests: an approved change of one app for given computers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deployments.models import AppVersion, ChangeSet, Ring, Rollout
from fleet.models import Device
from tests import factories as make


def approved_change(devices: Sequence[Device], version: AppVersion | None = None, effect: str = "install") -> ChangeSet:
    """On top of the active revision, waiting to be carried out."""
    active = make.revision("active")
    change_set = make.change_set("approved", revision=make.revision("decided", based_on=active))
    change = make.assignment_change(change_set, version)
    for device in devices:
        make.change_target(change, device, effect)
    return change_set


def rollout(change_set: ChangeSet, **columns: Any) -> Rollout:
    return Rollout.objects.create(**{"change_set": change_set, "created_by": change_set.requested_by, **columns})


def ring(rollout: Rollout, number: int = 1, share: int = 100, **columns: Any) -> Ring:
    return Ring.objects.create(rollout=rollout, number=number, share=share, **columns)
