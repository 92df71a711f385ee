"""Exceptions in each state, and what the engine and the computers do for them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from deployments.models import ChangeSet, Decision, SoftwareException
from deployments.services import amendments, changes
from fleet.models import Device
from schools.models import ClassGroup
from tests import factories as make
from tests.factories import NOW


def software_exception(
    status: str = "asked", place: Device | ClassGroup | None = None, **columns: Any
) -> SoftwareException:
    """One in this state, asked for by a teacher of the school; beyond *asked* somebody else has approved it."""
    place = place or make.device(make.school())
    school = place.school
    key = "device" if isinstance(place, Device) else "class_group"
    asked_by = columns.pop("asked_by", None) or make.person("teacher", school)
    if status in ("approved", "in_force", "ending", "ended"):
        columns = {"approved_by": make.person("approver", school), "approved_at": NOW, **columns}
    if status in ("ended", "refused", "withdrawn"):
        columns = {"ended_at": NOW, **columns}
    if status in ("ending", "ended", "refused"):
        columns = {"ended_reason": "Behövs inte längre.", **columns}
    row = {
        "application": columns.pop("application", None) or make.app_version().application,
        "kind": "required",
        "reason": "Särskilt stöd i matematik",
        "starts_on": NOW.date(),
        "ends_on": date(2027, 5, 31),
        "asked_at": NOW,
        **{key: place},
        **columns,
    }
    made = SoftwareException.objects.create(school=school, status=status, asked_by=asked_by, **row)
    if made.approved_by:
        Decision.objects.create(
            kind="exception",
            text=f"Undantag: {made}",
            reason=made.reason,
            decided_by=made.approved_by,
            decided_at=NOW,
            exception=made,
            school=school,
        )
    return made


def carried_out(change_set: ChangeSet | None, now: datetime) -> None:
    """What the engine does with a decided change that is as small as its decision."""
    assert change_set and change_set.decision and change_set.decision.decided_by
    entry = change_set.decision.entries.first()
    assert entry
    change_set = amendments.renew(change_set, change_set.decision.decided_by)
    version = entry.application.versions.get()
    planned = changes.PlannedChange(version, [], [], {})
    changes.record_plan(change_set, {"changes": []}, f"{change_set.pk:064}", [planned], by=None, now=now)
    changes.approve_by_decision(change_set, f"{change_set.pk:064}", now)
    changes.start(change_set, None, now)
    for change in change_set.changes.all():
        changes.mark_written(change, now)
    changes.finish(change_set, now)


def day(number: int, hour: int = 8) -> datetime:
    """So many days after `NOW`."""
    return NOW.replace(hour=hour) + timedelta(days=number)
