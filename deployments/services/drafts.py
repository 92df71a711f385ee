"""Preparing the next revision of a baseline."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max

from deployments.differences import differences, entries_of, place_of
from deployments.entry_rules import check_entry
from deployments.models import Application, AppVersion, Baseline, BaselineEntry, BaselineRevision, SoftwareProfile
from deployments.models.moves import InvalidMove
from deployments.services.profiles import school_of
from schools import audit
from schools.models import User


@transaction.atomic
def start_draft(baseline: Baseline, by: User, note: str = "") -> BaselineRevision:
    """A new draft with all that the active revision says, whichever semester that belongs to."""
    Baseline.objects.select_for_update().get(pk=baseline.pk)
    active = BaselineRevision.objects.active().first()
    last = baseline.revisions.aggregate(last=Max("number"))["last"] or 0
    draft = BaselineRevision.objects.create(
        baseline=baseline, number=last + 1, based_on=active, note=note, created_by=by
    )
    if active:
        copies = [_copy(entry, draft) for entry in active.entries.all()]
        BaselineEntry.objects.bulk_create(copies)
    after = {"based_on": str(active) if active else None}
    audit.record("revision.started", draft, by=by, after=after, reason=note)
    return draft


def _copy(entry: BaselineEntry, revision: BaselineRevision) -> BaselineEntry:
    return BaselineEntry(
        revision=revision,
        profile_id=entry.profile_id,
        application_id=entry.application_id,
        action=entry.action,
        intent=entry.intent,
        version_id=entry.version_id,
        capability_id=entry.capability_id,
        decision_id=entry.decision_id,
    )


@transaction.atomic
def put_entry(
    revision: BaselineRevision,
    profile: SoftwareProfile,
    application: Application,
    *,
    action: str = BaselineEntry.Action.ADD,
    intent: str = "",
    version: AppVersion | None = None,
    by: User,
) -> BaselineEntry:
    """Let a container of a draft say this of an application, in place of what it said before. What now says something
    else no longer follows from the decision that it stood on.

    Raises ValidationError for what Intune cannot carry out or what would mean nothing, InvalidMove if not a draft.
    """
    lock_draft(revision)
    entry = BaselineEntry.objects.filter(revision=revision, profile=profile, application=application).first()
    before = entry.as_row() if entry else {}
    entry = entry or BaselineEntry(revision=revision, profile=profile, application=application)
    entry.action, entry.intent, entry.version = action, intent, version
    check_entry(entry)
    if entry.as_row() != before:
        entry.decision = entry.capability = None
    entry.save()
    if entry.as_row() != before:
        audit.record(
            "revision.entry_put", revision, by=by, school=school_of(profile), before=before, after=entry.as_row()
        )
    return entry


@transaction.atomic
def drop_entry(entry: BaselineEntry, by: User) -> None:
    """Let the container say nothing of the application again. Raises InvalidMove if not a draft."""
    lock_draft(entry.revision)
    before, profile = entry.as_row(), entry.profile
    entry.delete()
    audit.record("revision.entry_dropped", entry.revision, by=by, school=school_of(profile), before=before)


@transaction.atomic
def bring_up_to_date(revision: BaselineRevision, by: User) -> BaselineRevision:
    """Move what a draft changes onto the revision that has become active since it was started."""
    lock_draft(revision)
    active = BaselineRevision.objects.active().first()
    if active is None or active.pk == revision.based_on_id:
        return revision
    changed = differences(entries_of(revision.based_on), entries_of(revision), with_grounds=True)
    merged = {place_of(entry): entry for entry in active.entries.all()}
    for difference in changed:
        merged.pop(difference.place, None)
        if difference.after:
            merged[difference.place] = difference.after
    copies = [_copy(entry, revision) for entry in merged.values()]
    revision.entries.all().delete()
    BaselineEntry.objects.bulk_create(copies)
    before, revision.based_on = str(revision.based_on or ""), active
    revision.save(update_fields=["based_on"])
    audit.record("revision.rebased", revision, by=by, before={"based_on": before}, after={"based_on": str(active)})
    return revision


@transaction.atomic
def discard_draft(revision: BaselineRevision, by: User, reason: str = "") -> None:
    revision.move_to(BaselineRevision.Status.DISCARDED)
    audit.record("revision.discarded", revision, by=by, after={"status": revision.status}, reason=reason)


def lock_draft(revision: BaselineRevision) -> None:
    """Hold the revision until the transaction ends; raises InvalidMove unless it is a draft."""
    revision.refresh_from_db(from_queryset=BaselineRevision.objects.select_for_update(of=("self",)))
    if not revision.is_editable:
        raise InvalidMove(revision.status, revision.get_status_display())
