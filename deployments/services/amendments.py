"""Decisions between meetings: what a decision says becomes a revision on top of the active one, and its change set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from deployments.entry_rules import check_entry
from deployments.models import (
    Application,
    AppVersion,
    BaselineEntry,
    BaselineRevision,
    Capability,
    ChangeSet,
    Decision,
    SoftwareProfile,
)
from deployments.models.moves import InvalidMove
from deployments.services import changes, drafts
from deployments.services.profiles import school_of
from deployments.services.rollback import restore
from schools import audit
from schools.models import User


@dataclass(frozen=True)
class EntrySpec:
    """What a container shall say of an application. A removal has no intent and no version."""

    profile: SoftwareProfile
    application: Application
    action: str = BaselineEntry.Action.ADD
    intent: str = "required"
    version: AppVersion | None = None
    capability: Capability | None = None


@transaction.atomic
def amend(
    specs: Iterable[EntrySpec], decision: Decision, *, requested_by: User, reason: str = "", instead: bool = False
) -> ChangeSet:
    """A change set that carries out one decision on top of the active revision; several may wait in a row.

    `instead`: what the decision has put there before gives way, and says again what was said before it.

    Raises ValidationError when nothing is in force, when Intune cannot carry an entry out, and (NothingToDo) when the
    active revision says all of it already.
    """
    active = BaselineRevision.objects.active().select_related("baseline").first()
    if active is None:
        raise ValidationError(_("No baseline is in force yet, so there is nothing to amend."))
    draft = drafts.start_draft(active.baseline, by=requested_by, note=reason or decision.text)
    if instead:
        restore(draft, decision)
    for spec in specs:
        put(draft, spec, decision, by=requested_by)
    change_set = changes.propose(draft, by=requested_by, reason=reason or decision.text)
    change_set.decision = decision
    change_set.save(update_fields=["decision"])
    return change_set


def put(draft: BaselineRevision, spec: EntrySpec, decision: Decision, *, by: User) -> BaselineEntry:
    """Write one entry of a draft in the name of a decision. Raises ValidationError for what would mean nothing.

    A removal always stays as an entry, so that the decision can be found, also where nothing gives the application any
    more: what was decided between proposal and meeting never stops a meeting from being closed.
    """
    entry = BaselineEntry.objects.filter(revision=draft, profile=spec.profile, application=spec.application).first()
    before = entry.as_row() if entry else {}
    entry = entry or BaselineEntry(revision=draft, profile=spec.profile, application=spec.application)
    removes = spec.action == BaselineEntry.Action.REMOVE
    entry.action = spec.action
    entry.intent, entry.version = ("", None) if removes else (spec.intent, spec.version)
    entry.decision, entry.capability = decision, spec.capability
    if not removes:
        check_entry(entry)
    entry.save()
    after = {**entry.as_row(), "decision": decision.text}
    audit.record("revision.entry_put", draft, by=by, school=school_of(spec.profile), before=before, after=after)
    return entry


@transaction.atomic
def renew(change_set: ChangeSet, by: User) -> ChangeSet:
    """Move a change that nobody has begun to write onto the revision that has become active since; its plan has to
    be made anew. Nothing happens when it is up to date. Raises InvalidMove once it is being written."""
    row = changes.locked(change_set)
    if row.status not in (changes.Status.DRAFT, changes.Status.PLANNED, changes.Status.APPROVED):
        raise InvalidMove(row.status, row.get_status_display())
    if is_up_to_date(row.revision):
        return row
    if row.status != changes.Status.DRAFT:
        row.move_to(changes.Status.DRAFT, plan_hash="", plan={}, planned_at=None, **changes.NOT_APPROVED)
        row.changes.all().delete()
    rebase(row.revision, by)
    return row


def is_up_to_date(revision: BaselineRevision) -> bool:
    active = BaselineRevision.objects.active().values_list("pk", flat=True).first()
    return active in (None, revision.pk, revision.based_on_id)


def rebase(revision: BaselineRevision, by: User) -> None:
    """Bring a proposed or decided revision up to date; it keeps its status and its decisions."""
    Status = BaselineRevision.Status
    status, decided_by, decided_at = revision.status, revision.decided_by, revision.decided_at
    revision.move_to(Status.DRAFT)
    drafts.bring_up_to_date(revision, by)
    revision.move_to(Status.PROPOSED)
    if status == Status.DECIDED:
        revision.move_to(Status.DECIDED, decided_by=decided_by, decided_at=decided_at)
