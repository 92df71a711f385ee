"""From a granted request to the baseline: its decision, and the change sets that the engine carries out by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from deployments.models import AppRequest, BaselineEntry, BaselineRevision, ChangeSet, Decision
from deployments.requests import telling
from deployments.requests.scope import container, containers_that_say_no, pilot_computers
from deployments.services import changes, drafts
from deployments.services.amendments import EntrySpec, amend
from deployments.services.changes import NothingToDo
from deployments.services.profiles import profile_of
from deployments.services.requests.course import Status, step
from fleet.models import Device
from schools.models import User

NOT_BEGUN = (ChangeSet.Status.DRAFT, ChangeSet.Status.PLANNED, ChangeSet.Status.APPROVED)


def plan(row: AppRequest, by: User, now: datetime, **columns: Any) -> AppRequest:
    """Put a granted request on its way, first to two computers; a small group gets it all at once."""
    approved_by = columns.get("approved_by") or row.approved_by
    decision = _decide(row, approved_by, now)
    pilots = pilot_computers(row)
    change_set = carry(row, decision, pilots) if pilots else None
    if change_set is None:  # nobody to try it on, or the two have it by an earlier decision
        pilots, change_set = [], carry_all(row, decision, now)
    row.pilot_devices.set(pilots)
    step(row, Status.PLANNED, "request.planned", by=by, now=now, columns={**columns, "change_set": change_set})
    telling.granted(row, by)
    return row


def carry_all(row: AppRequest, decision: Decision, now: datetime) -> ChangeSet | None:
    """All computers of the request, and those of the requests merged into it that their schools have approved."""
    for merged in row.merged.filter(approved_by__isnull=False).select_related("school", "class_group", "requested_by"):
        merged.application = row.application
        merged.change_set = carry(merged, _decide(merged, merged.approved_by, now), [])
        merged.save(update_fields=["application", "change_set"])
    _stop(decision, row.approved_by or row.requested_by, _("All computers get it now."))
    return carry(row, decision, [])


def _decide(row: AppRequest, approved_by: User | None, now: datetime) -> Decision:
    return Decision.objects.create(
        kind=Decision.Kind.REQUEST,
        text=_text(row),
        reason=row.purpose,
        decided_by=approved_by,
        decided_at=now,
        request=row,
        school=row.school,
    )


def carry(row: AppRequest, decision: Decision, devices: list[Device]) -> ChangeSet | None:
    """The change set that gives the application to these computers, or without any to all that the request is about.

    The two first computers' own entries give way when all get it. None when the active revision says so already.
    """
    application = row.application
    assert application is not None  # a constraint of the database
    profiles = [profile_of(device) for device in devices]
    profiles = profiles or [container(row), *containers_that_say_no(row, application)]
    specs = [EntrySpec(profile, application) for profile in profiles]
    try:
        with transaction.atomic():
            return amend(specs, decision, requested_by=row.requested_by, reason=decision.text, instead=True)
    except NothingToDo:
        return None


def take_back(row: AppRequest, by: User, reason: str) -> None:
    """Stop what is on its way, and take the entries of the request out again, as if they had never been."""
    decision = row.decisions.order_by("pk").first()
    if decision is None:
        return
    _stop(decision, by, reason)
    if BaselineEntry.objects.filter(revision__status=BaselineRevision.Status.ACTIVE, decision=decision).exists():
        amend([], decision, requested_by=row.requested_by, reason=reason or decision.text, instead=True)


def _stop(decision: Decision, by: User, reason: str) -> None:
    """What nobody has begun to write."""
    for change_set in decision.change_sets.filter(status__in=NOT_BEGUN):
        changes.cancel(change_set, by, reason)
        drafts.discard_draft(change_set.revision, by, reason)


def _text(row: AppRequest) -> str:
    """As the municipality's record keeps it, in its own language."""
    with translation.override(settings.LANGUAGE_CODE):
        if row.class_group:
            said = _("%(application)s for %(class_group)s at %(school)s, on the school's request")
        else:
            said = _("%(application)s for %(school)s, on the school's request")
        names = {"application": row.application, "class_group": row.class_group, "school": row.school}
        return (said % names)[:300]
