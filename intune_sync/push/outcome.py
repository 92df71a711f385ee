"""What is recorded when reading back from Intune has confirmed an operation: one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from deployments.services.changes import mark_written
from intune_sync.models import IntuneApp, IntuneAssignment, Operation, OwnedAssignment
from intune_sync.payloads import assignment_key, assignment_row
from intune_sync.push import ledger, stages
from intune_sync.push.ledger import Lease
from intune_sync.push.merge import MergedList, Raw
from schools import audit


def record_verified(lease: Lease, merged: MergedList, observed: Sequence[Raw], now: datetime) -> None:
    """The operation is verified, and its change written unless more rings are to come; what we own, the mirror and
    the audit trail follow.

    Raises LostLease, and then nothing of it is stored.
    """
    operation = lease.operation
    change, app_id = operation.assignment
    with transaction.atomic():
        change_set_id = ledger.lock_change_set(operation)
        lease.move(Operation.Status.VERIFIED, now, finished_at=now, problem="", error="", waits=0)
        if stages.writes_final_state(operation):
            mark_written(change, now)
        keep_owned(change.app_version_id, merged.our_keys, now)
        mirror_list(app_id, observed)
        before, after = _said(operation, observed)
        audit.record("assignments.written", change, by=None, before=before, after=after)
        ledger.finish_if_done(change_set_id, now)


def keep_owned(app_version_id: int, keys: set[str], now: datetime) -> None:
    """Make exactly these entries ours."""
    owned = OwnedAssignment.objects.filter(app_version=app_version_id)
    owned.exclude(key__in=keys).delete()
    OwnedAssignment.objects.bulk_create(
        [OwnedAssignment(app_version_id=app_version_id, key=key, since=now) for key in sorted(keys)],
        ignore_conflicts=True,
    )


def mirror_list(intune_app_id: Any, observed: Sequence[Raw]) -> None:
    """The mirror shows at once what was read back; an app that is not mirrored yet waits for the next pull."""
    app = IntuneApp.objects.filter(graph_id=intune_app_id).first()
    if app is None:
        return
    app.assignments.all().delete()
    IntuneAssignment.objects.bulk_create([_mirrored(app, raw) for raw in observed])


def _mirrored(app: IntuneApp, raw: Raw) -> IntuneAssignment:
    row = assignment_row(raw)
    return IntuneAssignment(
        app=app,
        graph_id=row.graph_id,
        key=row.key,
        intent=row.intent,
        group_id=row.group_id,
        is_exclusion=row.is_exclusion,
        raw=row.raw,
    )


def _said(operation: Operation, observed: Sequence[Raw]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Which entries there were and are, and the ids by which Microsoft's support finds the call."""
    before = observed if operation.before is None else operation.before
    return {"assignments": sorted(map(assignment_key, before))}, {
        "assignments": sorted(map(assignment_key, observed)),
        "intune_app_id": str(operation.intune_app_id),
        "client_request_id": str(operation.client_request_id or ""),
        "request_id": operation.request_id,
        "merged_again": operation.merges,
    }
