"""Taking a roll-out back: a change of its own in which all that it changed says again what was said before."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from deployments.differences import Place, differences, entries_of, place_of
from deployments.effects import load_cells
from deployments.fleetwide import outcome_in
from deployments.models import BaselineEntry, BaselineRevision, ChangeSet, ChangeTarget, Rollout
from deployments.resolver import Outcome
from deployments.rulebook import rules_by_application
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
    former, after = entries_of(carried_out.based_on), entries_of(carried_out)
    said = {place_of(entry): entry for entry in after}
    standing = {place_of(entry): entry for entry in draft.entries.all()}
    as_it_said = {place for place in {*said, *standing} if _says(standing.get(place)) == _says(said.get(place))}
    for each in differences(former, after, with_grounds=True):
        if _says(standing.get(each.place)) == _says(each.after):
            as_it_said.add(each.place)
            _restore(draft, standing, each.place, each.before)
    _pin(row, draft, as_it_said)
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


def _pin(row: Rollout, draft: BaselineRevision, places: Collection[Place]) -> None:
    """Where nothing is pinned the latest version holds, which may be the very one that is rolled back: there the
    version of before is pinned, so that it stays until somebody decides another.

    Only entries by which computers have a version that the roll-out was to replace, and only in `places`, where nobody
    has decided anything since.
    """
    pins: dict[int, Counter[int]] = defaultdict(Counter)
    replaced = _replaced(row)
    rules, versions = rules_by_application(draft), Versions.load(replaced)
    for cell in load_cells(everyone=True):
        for application, former in replaced.items():
            outcome = outcome_in(cell, rules.get(application, {}))
            if outcome is None or not outcome.intent or outcome.version_id or _place_of(outcome) not in places:
                continue
            latest = versions.pick(application, None, cell.platform)
            there = Counter(former[device] for device in cell.device_ids if device in former)
            pins[outcome.rule.entry_id].update({pk: count for pk, count in there.items() if latest and pk != latest.pk})
    for entry in draft.entries.filter(pk__in=[pk for pk, former in pins.items() if former]):
        entry.version_id = min(pins[entry.pk], key=lambda pk: (-pins[entry.pk][pk], pk))
        entry.save(update_fields=["version"])


def _place_of(outcome: Outcome) -> Place:
    return outcome.rule.profile_id, outcome.application_id


def _replaced(row: Rollout) -> dict[int, dict[int, int]]:
    """By application and computer the version that gives way to another one of the same application."""
    Effect = ChangeTarget.Effect
    targets = ChangeTarget.objects.filter(change__change_set=row.change_set_id)
    columns = ("change__app_version__application", "device", "change__app_version")
    comes = set(targets.filter(effect__in=[Effect.INSTALL, Effect.OFFER]).values_list(*columns[:2]))
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for application, device, version in targets.filter(effect=Effect.RELEASE).values_list(*columns):
        if (application, device) in comes:
            found[application][device] = version
    return found
