"""Looking for drift in the whole mirror: apps assigned by us and by others, and groups of rings with computers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from django.db.models import F
from django.utils import timezone

from deployments.desired import desired_state
from deployments.models import AppVersion, BaselineRevision, Ring, RingGroup, RingGroupMember
from deployments.organisation import load_organisation
from fleet.models import Device
from intune_sync import runs
from intune_sync.drift.detect import detect
from intune_sync.models import (
    DriftItem,
    GroupMember,
    IntuneApp,
    IntuneAssignment,
    IntuneGroup,
    KeptGroup,
    OwnedAssignment,
    SyncRun,
)
from intune_sync.payloads import assignment_for, assignment_row
from intune_sync.payloads.aims import Raw
from intune_sync.push.kept_groups import members_digest
from intune_sync.push.snapshot import assignments_for
from schools.models import School

RESOURCES = [SyncRun.Resource.GROUPS, SyncRun.Resource.FILTERS, SyncRun.Resource.APPS]
FOREIGN = 10
"""Every so many'th app has an assignment of somebody else's; the group of each ring lacks a computer."""


def read() -> list[SyncRun]:
    """All that is compared, from Intune."""
    done = [runs.run(run.pk) for run in runs.request_runs(RESOURCES, SyncRun.Trigger.COMMAND)]
    if failed := [run for run in done if run.status not in (SyncRun.Status.CHANGED, SyncRun.Status.NO_CHANGES)]:
        raise RuntimeError(f"{failed[0].resource}: {failed[0].status} {failed[0].reason}")
    return done


def look(read_before: list[SyncRun]) -> None:
    """As after each of these readings."""
    for run in read_before:
        detect(run, timezone.now())
    if not DriftItem.objects.open().filter(kind="members").exists():
        raise RuntimeError("what was done to the groups is not found")


def seed(revision: BaselineRevision) -> None:
    """What the mirror would be with everything written, and what somebody did beside. After the last reading: Intune
    knows nothing of it."""
    now = timezone.now()
    _apps(revision, now)
    Device.objects.filter(entra_object_id=None).update(entra_object_id=F("entra_device_id"))
    for ring in Ring.objects.filter(status__in=Ring.OPENED):
        _group(ring, now)


def _apps(revision: BaselineRevision, now: datetime) -> None:
    organisation = load_organisation()
    targets = desired_state(revision, organisation).targets
    school = School.objects.exclude(entra_group_id=None).order_by("pk")[0]
    for number, version in enumerate(AppVersion.objects.filter(pk__in=targets).order_by("pk")):
        app, _new = IntuneApp.objects.get_or_create(
            graph_id=version.intune_app_id, defaults={"display_name": str(version), "app_type": version.app_type}
        )
        ours = assignments_for(targets[version.pk], organisation)
        there = [_row(app, raw) for raw in ours]
        OwnedAssignment.objects.bulk_create(
            [OwnedAssignment(app_version=version, key=row.key, since=now) for row in there], ignore_conflicts=True
        )
        if number % FOREIGN == 0:
            there.append(_row(app, assignment_for("group", uuid4() if number else school.entra_group_id, "uninstall")))
        IntuneAssignment.objects.bulk_create(there)


def _row(app: IntuneApp, raw: Raw) -> IntuneAssignment:
    row = assignment_row({**raw, "id": str(uuid4())})
    return IntuneAssignment(
        app=app,
        graph_id=row.graph_id,
        key=row.key,
        intent=row.intent,
        group_id=row.group_id,
        is_exclusion=row.is_exclusion,
        raw=row.raw,
    )


def _group(ring: Ring, now: datetime) -> None:
    """Filled and confirmed; then somebody has taken a computer out."""
    group_id = uuid4()
    group = RingGroup.objects.create(rollout=ring.rollout, ring=ring, entra_group_id=group_id)
    members = list(ring.members.select_related("device").exclude(device__entra_object_id=None))
    RingGroupMember.objects.bulk_create([RingGroupMember(group=group, device=each.device) for each in members])
    row = IntuneGroup.objects.create(graph_id=group_id, display_name=str(group), members_read_at=now)
    inside: set[UUID] = {each.device.entra_object_id for each in members[1:] if each.device.entra_object_id}
    GroupMember.objects.bulk_create([GroupMember(group=row, object_id=each) for each in inside], batch_size=5000)
    KeptGroup.objects.create(
        ring_group=group,
        created_at=now,
        verified_at=now,
        members_digest=members_digest(each.device.entra_device_id for each in members),
        member_count=len(members),
    )
