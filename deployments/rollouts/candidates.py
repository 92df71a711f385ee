"""The computers of a change as the drawing wants them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet

from deployments.models import ChangeSet, ChangeTarget
from deployments.rollouts.drawing import Candidate
from fleet.models import Device

SEEN_LATELY = timedelta(days=3)
"""A weekend long: who was heard from since will say soon how it went."""
BINDING = (ChangeTarget.Effect.INSTALL, ChangeTarget.Effect.UNINSTALL)
"""Effects that come without anybody's doing, so that they must not come in lessons or a freeze."""


def computers_of(change_set: ChangeSet) -> QuerySet[Device]:
    """Each once, whatever the change does to it."""
    targets = ChangeTarget.objects.filter(change__change_set=change_set)
    return Device.objects.filter(pk__in=targets.values("device"))


def candidates_of(change_set: ChangeSet, now: datetime) -> list[Candidate]:
    """One query."""
    rows = computers_of(change_set).values_list("pk", "hardware_model", "school", "last_check_in_at")
    return [
        Candidate(pk, model, school or 0, is_silent=seen is None or seen < now - SEEN_LATELY)
        for pk, model, school, seen in rows.order_by("pk")
    ]


def is_binding(change_set: ChangeSet) -> bool:
    """Whether it installs or removes something by itself; what is only offered disturbs nobody."""
    return ChangeTarget.objects.filter(change__change_set=change_set, effect__in=BINDING).exists()
