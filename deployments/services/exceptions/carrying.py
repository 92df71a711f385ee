"""From an approved exception to the baseline, and out of it again.

An application that nothing else gives is uninstalled first, since Intune leaves what it no longer assigns; when the
computers have said that it is gone, the entry gives way and what was said before holds again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from deployments.differences import place_of
from deployments.entry_rules import containers_around
from deployments.exceptions import telling
from deployments.exceptions.readiness import computers
from deployments.models import BaselineEntry, BaselineRevision, ChangeSet, InstallStatus, Intent, SoftwareException
from deployments.resolver import effective_software
from deployments.rulebook import rule_of
from deployments.services import changes, drafts
from deployments.services.amendments import EntrySpec, amend
from deployments.services.changes import NothingToDo
from deployments.services.exceptions.course import Status, Why, over
from deployments.services.profiles import profile_of
from deployments.services.rollback import said_before_that_holds
from fleet.models import Device
from schools.models import User

NOT_BEGUN = (ChangeSet.Status.DRAFT, ChangeSet.Status.PLANNED, ChangeSet.Status.APPROVED)
STOPPED = (ChangeSet.Status.REJECTED, ChangeSet.Status.CANCELLED)
WRITTEN = (ChangeSet.Status.APPLIED, ChangeSet.Status.ABANDONED)
LONGEST_UNINSTALLING = timedelta(days=14)
"""A computer that has not been heard from by then keeps what it has; the page of the computer says so."""
State = InstallStatus.State


def begin(row: SoftwareException, now: datetime) -> SoftwareException:
    """Make its change; the engine carries it out. Ends it at once when the active revision says the same already."""
    spec = EntrySpec(
        profile_of(row.place),
        row.application,
        BaselineEntry.Action.REMOVE if row.is_away else BaselineEntry.Action.ADD,
        row.intent,
        row.version,
    )
    try:
        with transaction.atomic():
            row.change_set = amend([spec], row.decision, requested_by=row.asked_by, reason=row.decision.text)
    except NothingToDo:
        over(row, Status.ENDED, "exception.ended", by=None, now=now, why=Why.NEEDLESS)
        telling.ended(row, None)
        return row
    row.save(update_fields=["change_set"])
    return row


def entry_in_force(row: SoftwareException) -> BaselineEntry | None:
    """What the active revision says by this exception."""
    in_force = BaselineEntry.objects.filter(revision__status=BaselineRevision.Status.ACTIVE, decision__exception=row)
    return in_force.select_related("profile").first()


def has_not_begun(row: SoftwareException) -> bool:
    return row.change_set is None or row.change_set.status in (*NOT_BEGUN, *STOPPED)


def stop(row: SoftwareException, by: User | None, reason: str) -> None:
    """Take back what nobody has begun to write."""
    if row.change_set is None or row.change_set.status not in NOT_BEGUN:
        return
    who = by or row.approved_by or row.asked_by
    row.change_set = changes.cancel(row.change_set, who, reason)
    drafts.discard_draft(row.change_set.revision, who, reason)


def let_go(row: SoftwareException, entry: BaselineEntry) -> ChangeSet:
    """The next change on the way out: uninstalling, or giving the place back to what was said before."""
    specs = []
    if entry.intent != Intent.UNINSTALL and not row.is_away and _leaves_it_there(row, entry):
        specs = [EntrySpec(entry.profile, row.application, intent=Intent.UNINSTALL, version=row.version)]
    return amend(specs, row.decision, requested_by=row.asked_by, reason=row.decision.text, instead=not specs)


def _leaves_it_there(row: SoftwareException, entry: BaselineEntry) -> bool:
    """Whether nothing else gives it to the computers, so that Intune would leave what is installed."""
    if not computers(row.place).exists():
        return False
    former = said_before_that_holds(row.decision).get(place_of(entry))
    around = BaselineEntry.objects.filter(
        containers_around(entry.profile), revision=entry.revision_id, application=row.application_id
    )
    rules = [rule_of(each) for each in (*around.select_related("profile"), *([former] if former else []))]
    outcome = effective_software(rules).outcomes.get(row.application_id)
    return outcome is None or outcome.intent is None


def is_uninstalled(row: SoftwareException, since: datetime | None, now: datetime) -> bool:
    """Whether every computer has said, since Intune was told, that the application is not there; or was given up on."""
    if since is None:
        return False
    if since < now - LONGEST_UNINSTALLING:
        return True
    gone = InstallStatus.objects.filter(
        device=OuterRef("pk"),
        app_version__application=row.application_id,
        state__in=[State.NOT_INSTALLED, State.NOT_APPLICABLE],
        reported_at__gt=since,
    )
    devices: list[Device] = list(computers(row.place).exclude(Exists(gone))[:1])
    return not devices
