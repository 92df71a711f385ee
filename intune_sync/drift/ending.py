"""How a difference ends, and what somebody adopted becomes the portal's own."""

from __future__ import annotations

from datetime import datetime

from deployments.models import AppVersion, ChangeSet, Proposal
from intune_sync.drift.compare import FOREIGN
from intune_sync.models import DriftItem, Operation, OwnedAssignment
from intune_sync.push.kept_groups import column_of, owners_of
from schools import audit
from schools.models import User

Resolution = DriftItem.Resolution


def end(item: DriftItem, now: datetime) -> None:
    """Intune no longer shows it."""
    if _is_put_right(item):
        resolve(item, Resolution.REVERTED, now)
    elif item.proposals.filter(status=Proposal.Status.GRANTED).exists():
        resolve(item, Resolution.ADOPTED, now)
    else:
        resolve(item, Resolution.GONE, now)


def _is_put_right(item: DriftItem) -> bool:
    """By the change that was made for it, or by the portal filling its own group again."""
    if item.kind == DriftItem.Kind.MEMBERS and item.group:
        filled = Operation.objects.filter(kind=Operation.Kind.GROUP, status=Operation.Status.VERIFIED)
        filled = filled.filter(finished_at__gte=item.since)
        return any(filled.filter(**column_of(owner)).exists() for owner in owners_of(item.group.graph_id))
    writing = (ChangeSet.Status.APPLYING, ChangeSet.Status.APPLIED)
    return item.change_set is not None and item.change_set.status in writing


def resolve(item: DriftItem, how: str, now: datetime) -> None:
    """A second time changes nothing."""
    DriftItem.objects.filter(pk=item.pk, resolved_at=None).update(resolved_at=now, resolution=how)
    item.resolved_at, item.resolution = now, how


def take_over(item: DriftItem, now: datetime, by: User | None = None) -> bool:
    """Only what somebody has adopted, and only once it is decided word for word; whether it was so."""
    version = item.app_version
    if not (item.kind == FOREIGN and item.is_decided and item.adopted_at and version and item.after):
        return False
    own(version, key_of(item.after), now, by)
    resolve(item, Resolution.ADOPTED, now)
    return True


def key_of(entry: dict[str, str | None]) -> str:
    """As `IntuneAssignment.key`; `entry` as rows keep it."""
    return f"{entry['target']}:{entry['group_id'] or ''}:{entry['intent']}"


def own(version: AppVersion, key: str, now: datetime, by: User | None = None) -> None:
    _row, is_new = OwnedAssignment.objects.get_or_create(app_version=version, key=key, defaults={"since": now})
    if is_new:
        audit.record("assignment.taken_over", version, by=by, after={"assignments": [key]})
