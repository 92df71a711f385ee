"""The life of a change set, from proposal to done. Each step checks the state, changes rows and leaves an event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from deployments.catalogue.newcomers import unvetted
from deployments.differences import Difference, differences, entries_of
from deployments.models import (
    AppVersion,
    AssignmentChange,
    BaselineRevision,
    ChangeSet,
    ChangeTarget,
    Decision,
    Rollout,
    SoftwareProfile,
)
from deployments.models.moves import InvalidMove
from deployments.notices.changes import tell_approved, tell_finished, tell_planned, tell_rejected
from schools import audit
from schools.models import User

Status = ChangeSet.Status
NOT_APPROVED: dict[str, Any] = {"approved_by": None, "approved_at": None, "approved_hash": ""}


class OutdatedDraft(ValidationError):
    """Another revision has become active since the draft was started, so the draft would undo it."""


class StaleApproval(ValidationError):
    """The plan is no longer the one that was looked at."""


class OwnRequest(ValidationError):
    """The requester may not approve."""


NOT_COVERED: dict[str, str | Promise] = {
    "no_decision": gettext_lazy("No decision by delegation or by a school lets this change be written without IT."),
    "other_apps": gettext_lazy("The change also concerns %(names)s, which was not decided."),
    "other_schools": ngettext_lazy(
        "The change also reaches %(count)d computer outside %(school)s.",
        "The change also reaches %(count)d computers outside %(school)s.",
        "count",
    ),
}
"""By code, with what each names."""


class NotCovered(ValidationError):
    """The change reaches further than the decision it is to be approved by; `code` and `data` as in NOT_COVERED."""

    def __init__(self, code: str, **data: Any) -> None:
        self.data = data
        super().__init__(str(NOT_COVERED[code] % data), code=code)


class AnotherUnderWay(ValidationError):
    """Two changes are written at once only when they have no app in common."""


class NotVetted(ValidationError):
    """An application that is new to the computers may not be put to decision: its vetting card is not complete."""


class NothingToDo(ValidationError):
    """The draft says the same as the revision it started from."""


@dataclass(frozen=True)
class PlannedChange:
    """One app object's part of a plan. Targets as `AssignmentChange` keeps them; effects by device id."""

    app_version: AppVersion
    targets_before: list[dict[str, Any]]
    targets_after: list[dict[str, Any]]
    effects: Mapping[int, str]


def locked(change_set: ChangeSet) -> ChangeSet:
    """The row as it is now, held until the transaction ends."""
    found = ChangeSet.objects.select_for_update(of=("self",)).select_related("revision__baseline__semester")
    return found.get(pk=change_set.pk)


def require(change_set: ChangeSet, *statuses: str) -> None:
    """Raises InvalidMove unless the change set is in one of these states."""
    if change_set.status not in statuses:
        raise InvalidMove(change_set.status, change_set.get_status_display())


@transaction.atomic
def propose(revision: BaselineRevision, by: User, reason: str = "") -> ChangeSet:
    """Freeze a draft and open its change set. Raises InvalidMove, OutdatedDraft, NothingToDo, NotVetted."""
    revision.refresh_from_db(from_queryset=BaselineRevision.objects.select_for_update(of=("self",)))
    if not revision.is_editable:
        raise InvalidMove(revision.status, revision.get_status_display())
    check_up_to_date(revision)
    if revision.based_on and _says(revision) == _says(revision.based_on):
        raise NothingToDo(_("The draft says the same as the active revision. Change something in it first."))
    if newcomers := unvetted(revision, timezone.localdate()):
        raise NotVetted([reason for each in newcomers for reason in each.reasons])
    revision.move_to(BaselineRevision.Status.PROPOSED)
    change_set = ChangeSet.objects.create(revision=revision, reason=reason, requested_by=by)
    after = {"revision": str(revision), "status": change_set.status}
    audit.record("changeset.proposed", change_set, by=by, after=after, reason=reason)
    return change_set


def check_up_to_date(revision: BaselineRevision) -> None:
    """Raises OutdatedDraft when the revision did not start from what is active now."""
    active = BaselineRevision.objects.active().first()
    if active and active.pk not in (revision.based_on_id, revision.pk):
        message = _("%(active)s has become active since this draft was started, and the draft would undo it.")
        advice = _("Bring the draft up to date first.")
        raise OutdatedDraft([message % {"active": active}, advice])


def _says(revision: BaselineRevision) -> set[tuple[Any, ...]]:
    return set(revision.entries.values_list("profile_id", "application_id", "action", "intent", "version_id"))


@transaction.atomic
def record_plan(
    change_set: ChangeSet,
    plan: dict[str, Any],
    plan_hash: str,
    changes: Iterable[PlannedChange],
    *,
    by: User | None,
    now: datetime,
) -> ChangeSet:
    """Keep a frozen plan with its computers, in place of any former one; an approval of another plan ends.

    From draft, planned or approved to planned. The same plan again leaves everything, an approval too, as it is.
    """
    row = locked(change_set)
    require(row, Status.DRAFT, Status.PLANNED, Status.APPROVED)
    if row.plan_hash == plan_hash and row.status != Status.DRAFT:
        return row
    before = {"status": row.status, "plan_hash": row.plan_hash}
    row.move_to(Status.PLANNED, plan=plan, plan_hash=plan_hash, planned_at=now, **NOT_APPROVED)
    row.changes.all().delete()
    computers = _store_changes(row, changes)
    after = {"status": row.status, "plan_hash": plan_hash, "apps": row.changes.count(), "targets": computers}
    audit.record("changeset.planned", row, by=by, before=before, after=after)
    tell_planned(row)
    return row


def _store_changes(change_set: ChangeSet, changes: Iterable[PlannedChange]) -> int:
    targets: list[ChangeTarget] = []
    for planned in changes:
        change = AssignmentChange.objects.create(
            change_set=change_set,
            app_version=planned.app_version,
            targets_before=planned.targets_before,
            targets_after=planned.targets_after,
        )
        targets += [
            ChangeTarget(change=change, device_id=device_id, effect=effect)
            for device_id, effect in sorted(planned.effects.items())
        ]
    ChangeTarget.objects.bulk_create(targets, batch_size=5000)
    return len(targets)


@transaction.atomic
def approve(change_set: ChangeSet, plan_hash: str, by: User, now: datetime) -> ChangeSet:
    """Approve exactly the plan with this hash. Raises InvalidMove, OwnRequest, StaleApproval, OutdatedDraft, and
    PermissionDenied for anybody but an IT administrator of the whole municipality."""
    if not by.has_perm("deployments.approve_changeset"):
        raise PermissionDenied
    row = locked(change_set)
    require(row, Status.PLANNED)
    if row.requested_by_id == by.pk:
        raise OwnRequest(_("You requested this change, so somebody else has to approve it."))
    if row.plan_hash != plan_hash:
        raise StaleApproval(_("The plan has changed since you looked at it. Look at the new plan before you approve."))
    check_up_to_date(row.revision)
    row.move_to(Status.APPROVED, approved_by=by, approved_at=now, approved_hash=plan_hash)
    if row.revision.status == BaselineRevision.Status.PROPOSED:
        row.revision.move_to(BaselineRevision.Status.DECIDED, decided_by=by, decided_at=now)
    after = {"status": row.status, "plan_hash": plan_hash}
    audit.record("changeset.approved", row, by=by, before={"status": Status.PLANNED}, after=after)
    tell_approved(row, by)
    return row


@transaction.atomic
def approve_by_decision(change_set: ChangeSet, plan_hash: str, now: datetime) -> ChangeSet:
    """Approve a planned change in the name of the person who made its decision, and only for what that covers.

    Raises InvalidMove, StaleApproval, OutdatedDraft, OwnRequest, and NotCovered with the reason in words.
    """
    row = locked(change_set)
    require(row, Status.PLANNED)
    check_up_to_date(row.revision)
    decider = _decider(row)
    if row.plan_hash != plan_hash:
        raise StaleApproval(_("The plan has changed since you looked at it. Look at the new plan before you approve."))
    row.move_to(Status.APPROVED, approved_by=decider, approved_at=now, approved_hash=plan_hash)
    if row.revision.status == BaselineRevision.Status.PROPOSED:
        row.revision.move_to(BaselineRevision.Status.DECIDED, decided_by=decider, decided_at=now)
    after = {"status": row.status, "plan_hash": plan_hash, "decision": str(row.decision)}
    audit.record("changeset.approved", row, by=decider, before={"status": Status.PLANNED}, after=after)
    return row


def _decider(row: ChangeSet) -> User:
    """Who approved by deciding. Raises NotCovered when the decision does not reach as far as the change."""
    decision = row.decision
    if decision is None or decision.kind == Decision.Kind.MEETING or decision.decided_by is None:
        raise NotCovered("no_decision")
    if decision.decided_by_id == row.requested_by_id:
        raise OwnRequest(_("You requested this change, so somebody else has to approve it."))
    beyond = [each for each in _changed_in(row.revision) if not _is_of(decision, each)]
    if beyond:
        names = ", ".join(sorted({str(each.application) for each in beyond}))
        raise NotCovered("other_apps", names=names)
    _check_reach(row, decision)
    return decision.decided_by


def _is_of(decision: Decision, change: Difference) -> bool:
    """What the decision says, and what gives way because the decision no longer says it."""
    return decision.pk in {entry.decision_id for entry in (change.before, change.after) if entry}


def _changed_in(revision: BaselineRevision) -> list[Difference]:
    return differences(entries_of(revision.based_on), entries_of(revision))


def _check_reach(row: ChangeSet, decision: Decision) -> None:
    revisions = [row.revision_id, row.revision.based_on_id]
    applications = set(decision.entries.filter(revision__in=revisions).values_list("application", flat=True))
    others = row.changes.exclude(app_version__application__in=applications).select_related("app_version__application")
    if names := sorted({each.app_version.application.name for each in others}):
        raise NotCovered("other_apps", names=", ".join(names))
    if decision.school_id is None:
        return
    outside = ChangeTarget.objects.filter(change__change_set=row).exclude(device__school=decision.school_id)
    if decision.exception and decision.exception.device_id:  # which may have moved to another school meanwhile
        outside = outside.exclude(device=decision.exception.device_id)
    if count := outside.values("device").distinct().count():
        raise NotCovered("other_schools", count=count, school=str(decision.school))


@transaction.atomic
def keep_approval(
    change_set: ChangeSet, plan: dict[str, Any], plan_hash: str, changes: Iterable[PlannedChange]
) -> ChangeSet:
    """Let an approval hold for a plan that says the same of the same computers, on top of what another change has
    written meanwhile. Raises InvalidMove, StaleApproval."""
    row = locked(change_set)
    require(row, Status.APPROVED)
    if row.plan_hash != change_set.plan_hash:
        raise StaleApproval(_("The plan has changed since you looked at it. Look at the new plan before you approve."))
    ChangeSet.objects.filter(pk=row.pk).update(plan=plan, plan_hash=plan_hash, approved_hash=plan_hash)
    for planned in changes:
        row.changes.filter(app_version=planned.app_version).update(targets_before=planned.targets_before)
    before, after = {"plan_hash": row.plan_hash}, {"plan_hash": plan_hash}
    audit.record("changeset.approval_kept", row, by=None, before=before, after=after)
    row.refresh_from_db()
    return row


@transaction.atomic
def reject(change_set: ChangeSet, reason: str, by: User) -> ChangeSet:
    """Refuse a planned change; its revision is a draft again. Raises ValidationError without a reason."""
    if not reason.strip():
        raise ValidationError({"reason": _("Say why, so that the draft can be put right.")})
    row = locked(change_set)
    require(row, Status.PLANNED)
    row.move_to(Status.REJECTED, rejected_reason=reason)
    tell_rejected(row, by)
    return _reopened(row, "changeset.rejected", Status.PLANNED, by, reason)


@transaction.atomic
def cancel(change_set: ChangeSet, by: User, reason: str = "") -> ChangeSet:
    """Withdraw a change that nobody has begun to write; its revision is a draft again."""
    row = locked(change_set)
    before = row.status
    row.move_to(Status.CANCELLED, **NOT_APPROVED)
    return _reopened(row, "changeset.cancelled", before, by, reason)


def _was_decided_before(row: ChangeSet) -> bool:
    """Whether the committee decided the revision, not the approval of this change; then it stays decided."""
    return row.revision.decided_at is not None and row.revision.decided_at <= row.created_at


def _reopened(row: ChangeSet, act: str, before: str, by: User, reason: str) -> ChangeSet:
    if not _was_decided_before(row):
        row.revision.move_to(BaselineRevision.Status.DRAFT, decided_by=None, decided_at=None)
    audit.record(act, row, by=by, before={"status": before}, after={"status": row.status}, reason=reason)
    return row


@transaction.atomic
def start(change_set: ChangeSet, by: User | None, now: datetime) -> ChangeSet:
    """From approved to applying: the revision is active from now on, the former one superseded.

    Others may be under way: the revision was made on top of theirs, and each app has one change at a time. Raises
    InvalidMove, OutdatedDraft, and AnotherUnderWay while another that has one of its apps is being written or needs
    attention.
    """
    BaselineRevision.objects.active().select_for_update().first()  # of two that start now, the second sees the first
    row = locked(change_set)
    require(row, Status.APPROVED)
    check_up_to_date(row.revision)
    if in_the_way(row).exists():
        raise AnotherUnderWay(
            _("Another change of the same app is being written or needs attention. Finish that one first.")
        )
    row.move_to(Status.APPLYING, started_at=now)
    former = BaselineRevision.objects.active().exclude(pk=row.revision_id).first()
    if former:
        former.move_to(BaselineRevision.Status.SUPERSEDED, superseded_at=now)
    row.revision.move_to(BaselineRevision.Status.ACTIVE, activated_at=now)
    before = {"status": Status.APPROVED, "active_revision": str(former) if former else None}
    after = {"status": row.status, "active_revision": str(row.revision)}
    audit.record("changeset.started", row, by=by, before=before, after=after)
    return row


def under_way(beside: int | None = None) -> QuerySet[AssignmentChange]:
    """Apps that a started change has still to write, or has failed to, except that of the revision `beside`."""
    unwritten = AssignmentChange.objects.filter(written_at=None)
    started = unwritten.filter(change_set__status__in=[Status.APPLYING, Status.FAILED])
    return started.exclude(change_set__revision=beside) if beside else started


def broken_off() -> QuerySet[AssignmentChange]:
    """Apps that a roll-out which was broken off left half-way, and that no later change has written."""
    left = AssignmentChange.objects.filter(written_at=None, change_set__rollout__status=Rollout.Status.ABORTED)
    return left.filter(change_set__status=Status.ABANDONED).exclude(_written_since("change_set__rollout__ended_at"))


def half_way() -> QuerySet[AssignmentChange]:
    """Apps that a started change has not finished, whether it goes on or not, and that no later one has written."""
    begun = [Status.APPLYING, Status.FAILED, Status.ABANDONED]
    left = AssignmentChange.objects.filter(written_at=None, change_set__status__in=begun)
    return left.exclude(_written_since("change_set__started_at"))


def _written_since(moment: str) -> Exists:
    """Whether a later change has written the app as decided. One that only takes back what somebody did in Intune
    leaves it as far as it was."""
    later = AssignmentChange.objects.filter(app_version=OuterRef("app_version"), written_at__gt=OuterRef(moment))
    return Exists(later.filter(change_set__plan__snapshot__drift__isnull=True))


def in_the_way(change_set: ChangeSet) -> QuerySet[AssignmentChange]:
    """What others have still to write of the same apps: those of its plan, and before there is one those that it is
    about."""
    applications = {each.application.pk for each in _changed_in(change_set.revision)}
    same = Q(app_version__in=change_set.changes.values("app_version")) | Q(app_version__application__in=applications)
    return under_way(change_set.revision_id).filter(same)


def creating_groups_of(change_set: ChangeSet) -> QuerySet[ChangeSet]:
    """Changes that are creating a group in Entra which this one needs as well. A roll-out does that with its last
    ring. No query for a plan without new groups."""
    wanted = [group["profile_id"] for group in change_set.plan.get("groups", [])]
    if not wanted:
        return ChangeSet.objects.none()
    missing = SoftwareProfile.objects.filter(pk__in=wanted, entra_group_id=None, class_group__entra_group_id=None)
    same_group = Q(pk__in=[])
    for profile in missing.values_list("pk", flat=True):
        same_group |= Q(plan__groups__contains=[{"profile_id": profile}])
    others = ChangeSet.objects.filter(same_group, status=Status.APPLYING).exclude(pk=change_set.pk)
    return others.exclude(rollout__rings__status="planned")


def mark_written(change: AssignmentChange, now: datetime) -> None:
    """Intune was read back and says what the plan says. A second call keeps the first time."""
    AssignmentChange.objects.filter(pk=change.pk, written_at=None).update(written_at=now)
    change.refresh_from_db(fields=["written_at"])


@transaction.atomic
def finish(change_set: ChangeSet, now: datetime, beside: int = 0) -> ChangeSet:
    """No write is under way any more: applied if every app object was written, else failed. `beside`: what else of it
    could not be written."""
    row = locked(change_set)
    require(row, Status.APPLYING)
    left = row.changes.filter(written_at=None).count() + beside
    if left:
        row.move_to(Status.FAILED)
    else:
        row.move_to(Status.APPLIED, applied_at=now)
    audit.record(
        "changeset.finished",
        row,
        by=None,
        before={"status": Status.APPLYING},
        after={"status": row.status, "not_written": left},
    )
    tell_finished(row)
    return row


@transaction.atomic
def resume(change_set: ChangeSet, by: User) -> ChangeSet:
    """From failed back to applying, when what failed is to be tried again."""
    return _from_failed(change_set, Status.APPLYING, "changeset.resumed", by)


@transaction.atomic
def abandon(change_set: ChangeSet, by: User, reason: str) -> ChangeSet:
    """Close a failed change with its errors left, so that another can be applied. Raises ValidationError without a
    reason."""
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the change is closed with errors left.")})
    return _from_failed(change_set, Status.ABANDONED, "changeset.abandoned", by, reason)


def _from_failed(change_set: ChangeSet, status: str, act: str, by: User, reason: str = "") -> ChangeSet:
    row = locked(change_set)
    require(row, Status.FAILED)
    row.move_to(status)
    audit.record(act, row, by=by, before={"status": Status.FAILED}, after={"status": row.status}, reason=reason)
    return row
