"""Taking a roll-out back: a change of its own in which all that it changed says again what was said before."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from deployments.differences import Place, differences, entries_of, place_of
from deployments.models import AppVersion, BaselineEntry, BaselineRevision, ChangeSet, Rollout
from deployments.services import changes, drafts
from deployments.services.rollouts.acts import check_allowed, given, locked, require
from deployments.services.rollouts.course import abort
from deployments.versions import Versions
from schools import audit
from schools.models import User

Status = Rollout.Status
COLUMNS = ("action", "intent", "version_id", "decision_id", "capability_id")


@transaction.atomic
def prepare_rollback(rollout: Rollout, *, by: User, reason: str, now: datetime) -> ChangeSet:
    """Break the roll-out off if it is still going, and propose the change that takes it back; another person approves
    its plan. What somebody decided since in the same places stays.

    Raises ValidationError while a ring is being written, and NothingToDo when nothing of it is left to take back.
    """
    check_allowed(by)
    reason = given(reason, _("Say why it is rolled back."))
    row = locked(rollout)
    require(row, *Rollout.UNFINISHED, Status.ABORTED, Status.DONE)
    if row.rollback_id is not None:
        raise ValidationError(_("A change that rolls it back has been prepared already."))
    if row.started_at is None:
        raise ValidationError(_("It never started, so there is nothing to roll back."))
    if row.change_set.status == ChangeSet.Status.APPLYING and row.rings.filter(status="opening").exists():
        raise ValidationError(_("A ring is being written to Intune. Wait until it is written, then roll back."))
    if row.status in Rollout.UNFINISHED:
        row = abort(row, by=by, reason=reason, now=now)
    note = _("Rolls back %(rollout)s: %(reason)s") % {"rollout": row, "reason": reason}
    draft = _draft_of_before(row, by, note)
    change_set = changes.propose(draft, by=by, reason=note)
    Rollout.objects.filter(pk=row.pk).update(rollback=change_set)
    rollout.refresh_from_db()
    after = {"change": str(change_set), "revision": str(draft)}
    audit.record("rollout.rollback_prepared", row, by=by, after=after, reason=reason)
    return change_set


def _draft_of_before(row: Rollout, by: User, note: str) -> BaselineRevision:
    active = BaselineRevision.objects.active().select_related("baseline").first()
    if active is None:
        raise ValidationError(_("No baseline is in force, so there is nothing to roll back."))
    draft = drafts.start_draft(active.baseline, by=by, note=note)
    carried_out = row.change_set.revision
    changed = differences(entries_of(carried_out.based_on), entries_of(carried_out), with_grounds=True)
    standing = {place_of(entry): entry for entry in draft.entries.all()}
    for each in changed:
        if _says(standing.get(each.place)) == _says(each.after):
            _restore(draft, standing, each.place, each.before)
    _pin(row, draft)
    return draft


def _says(entry: BaselineEntry | None) -> tuple[object, ...] | None:
    return tuple(getattr(entry, column) for column in COLUMNS) if entry else None


def _restore(
    draft: BaselineRevision, standing: dict[Place, BaselineEntry], place: Place, former: BaselineEntry | None
) -> None:
    entry = standing.get(place)
    if former is None:
        if entry is not None:
            entry.delete()
        return
    entry = entry or BaselineEntry(revision=draft, profile_id=place[0], application_id=place[1])
    for column in COLUMNS:
        setattr(entry, column, getattr(former, column))
    entry.save()


def _pin(row: Rollout, draft: BaselineRevision) -> None:
    """Where nothing is pinned the latest version holds, which may be the very one that is rolled back: there the
    version of before is pinned, so that it stays until somebody decides another."""
    before: dict[int, set[int]] = defaultdict(set)
    new: dict[int, set[int]] = defaultdict(set)
    for change in row.change_set.changes.select_related("app_version"):
        side = before if change.targets_before else new
        side[change.app_version.application_id].add(change.app_version_id)
    versions = Versions.load(before)
    for entry in draft.entries.filter(application__in=before, action=BaselineEntry.Action.ADD, version=None):
        if pin := _pinned(versions, entry.application_id, before[entry.application_id], new[entry.application_id]):
            entry.version = pin
            entry.save(update_fields=["version"])


def _pinned(versions: Versions, application: int, before: set[int], new: set[int]) -> AppVersion | None:
    """Only where the roll-out put one version in the place of another on the same platform."""
    for version in (versions.by_id[pk] for pk in sorted(before)):
        latest = versions.latest[application, version.platform]
        if latest.pk in new:
            return version
    return None
