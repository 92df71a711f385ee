"""Proposals for the coming term: made and supported while the window is open, withdrawn until they are decided."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from deployments.committee import agenda, calendar
from deployments.entry_rules import check_entry, containers_around
from deployments.models import (
    Application,
    AppRequest,
    AppVersion,
    Baseline,
    BaselineEntry,
    BaselineRevision,
    Meeting,
    Proposal,
    ProposalComment,
    ProposalSupport,
    SoftwareProfile,
)
from deployments.models.moves import InvalidMove
from deployments.notices import committee as notices
from deployments.services.profiles import profile_of
from schools import audit
from schools.models import Municipality, User

Kind, Status = Proposal.Kind, Proposal.Status
TAKES_AWAY = (Kind.REMOVE, Kind.REPLACE)


class WindowClosed(ValidationError):
    """Proposals for the semester are not open yet, or are frozen before the meeting."""


@transaction.atomic
def propose(
    baseline: Baseline,
    *,
    kind: str,
    application: Application,
    profile: SoftwareProfile,
    reason: str,
    by: User,
    intent: str = "",
    version: AppVersion | None = None,
    replaces: Application | None = None,
    moved_from: SoftwareProfile | None = None,
    raised_from: AppRequest | None = None,
    on: date | None = None,
) -> Proposal:
    """Raises WindowClosed, ValidationError by field for what would mean nothing, and PermissionDenied."""
    if not by.has_perm("deployments.make_proposal"):
        raise PermissionDenied
    closed = calendar.why_closed(baseline.semester, on or timezone.localdate())
    if closed:
        raise WindowClosed(closed)
    proposal = Proposal(
        baseline=baseline,
        kind=kind,
        application=application,
        profile=profile,
        intent="" if kind == Kind.REMOVE else intent,
        version=None if kind == Kind.REMOVE else version,
        replaces=replaces if kind == Kind.REPLACE else None,
        moved_from=moved_from if kind == Kind.PROFILE else None,
        reason=reason,
        proposed_by=by,
        raised_from=raised_from,
    )
    check(proposal)
    proposal.save()
    audit.record("proposal.made", proposal, by=by, after=as_row(proposal), reason=reason)
    _onto_the_agenda(baseline)
    return proposal


def check(proposal: Proposal) -> None:
    """Raises ValidationError by field: what it says has to mean something, and Intune has to be able to do it."""
    if not proposal.reason.strip():
        raise ValidationError({"reason": _("Say why, so that the committee can decide.")})
    check_meaning(proposal)


def check_meaning(proposal: Proposal) -> None:
    """Without its reason, and also of a container that is not stored yet. Raises ValidationError by field."""
    if proposal.kind == Kind.REPLACE and proposal.replaces_id in (None, proposal.application_id):
        raise ValidationError({"replaces": _("Choose another application that this one comes instead of.")})
    if proposal.kind == Kind.VERSION and proposal.version is None:
        raise ValidationError({"version": _("Choose the version that the computers shall have.")})
    if proposal.kind in TAKES_AWAY:
        _check_is_there(proposal, proposal.replaces or proposal.application)
    if proposal.kind == Kind.PROFILE:
        _check_rule(proposal)
    if proposal.kind != Kind.REMOVE:
        check_entry(
            BaselineEntry(
                profile=proposal.profile,
                application=proposal.application,
                action=BaselineEntry.Action.ADD,
                intent=proposal.intent,
                version=proposal.version,
            )
        )
    if proposal.profile.pk and (same := _the_same(proposal)):
        message = _("%(person)s has proposed the same already. Support that proposal instead.")
        raise ValidationError({"application": message % {"person": same.proposed_by}})


def _the_same(proposal: Proposal) -> Proposal | None:
    """One that waits already and says just that."""
    columns = ("baseline", "kind", "application", "profile", "replaces", "moved_from", "version", "intent")
    said = {name: getattr(proposal, name) for name in columns}
    return Proposal.objects.filter(**said, status__in=[Status.OPEN, Status.TABLED]).first()


def _check_is_there(proposal: Proposal, application: Application) -> None:
    given = BaselineEntry.objects.filter(
        revision__status=BaselineRevision.Status.ACTIVE, application=application, action=BaselineEntry.Action.ADD
    )
    around = containers_around(proposal.profile)
    if not (given.filter(profile=proposal.profile.pk).exists() or given.filter(around).exists()):
        message = _("%(container)s does not get %(application)s today, so there is nothing to remove.")
        field = "replaces" if proposal.kind == Kind.REPLACE else "application"
        raise ValidationError({field: message % {"container": proposal.profile, "application": application}})


def _check_rule(proposal: Proposal) -> None:
    """There is a rule to change, and it comes to say or to stand elsewhere than it does."""
    if proposal.moved_from is not None and proposal.moved_from == proposal.profile:
        raise ValidationError({"moved_from": _("Choose another container than the one that it moves to.")})
    holder = proposal.moved_from or proposal.profile
    field = "moved_from" if proposal.moved_from else "application"
    rule = BaselineEntry.objects.filter(
        revision__status=BaselineRevision.Status.ACTIVE,
        application=proposal.application,
        action=BaselineEntry.Action.ADD,
        profile=holder.pk,
    ).first()
    names = {"container": holder, "application": proposal.application}
    if rule is None:
        message = _("%(container)s has no rule of its own for %(application)s today, so there is nothing to change.")
        raise ValidationError({field: message % names})
    if proposal.moved_from is None and (rule.intent, rule.version_id) == (proposal.intent, proposal.version_id):
        message = _("%(container)s says exactly that of %(application)s already.")
        raise ValidationError({"application": message % names})


@transaction.atomic
def raise_from_request(request: AppRequest, by: User, *, reason: str = "", on: date | None = None) -> Proposal:
    """Propose for everybody what one school asks for, to the next semester that takes proposals.

    Raises ValidationError for a request that names no application of the catalogue or that has ended, WindowClosed.
    """
    if request.application is None:
        raise ValidationError(_("Choose an application of the catalogue for the request first."))
    if request.status in AppRequest.ENDED:
        raise InvalidMove(request.status, request.get_status_display())
    municipality = Municipality.objects.first()
    if municipality is None:
        raise ValidationError(_("The municipality has no name yet."))
    return propose(
        open_baseline(on or timezone.localdate()),
        kind=Kind.ADD,
        application=request.application,
        profile=profile_of(municipality),
        intent="required",
        reason=reason or request.purpose,
        by=by,
        raised_from=request,
        on=on,
    )


def open_baseline(on: date) -> Baseline:
    """The latest semester's baseline for which proposals may be made. Raises WindowClosed when there is none."""
    baselines = list(Baseline.objects.select_related("semester").order_by("-semester__starts_on")[:4])
    for baseline in baselines:
        if calendar.is_open_for_proposals(baseline.semester, on):
            return baseline
    reasons = [calendar.why_closed(baseline.semester, on) for baseline in baselines[:1]]
    raise WindowClosed(reasons[0] if reasons else _("No semester is open yet."))


@transaction.atomic
def withdraw(proposal: Proposal, by: User, reason: str = "") -> Proposal:
    """Whoever made it, or an IT administrator, until it is decided. Raises PermissionDenied, InvalidMove."""
    if proposal.proposed_by_id != by.pk and not by.has_perm("deployments.edit_baseline"):
        raise PermissionDenied(_("Only whoever made the proposal, or an IT administrator, may withdraw it."))
    before = proposal.status
    _refuse_while_discussed(proposal)
    proposal.move_to(Status.WITHDRAWN)
    audit.record(
        "proposal.withdrawn",
        proposal,
        by=by,
        before={"status": before},
        after={"status": proposal.status},
        reason=reason,
    )
    _onto_the_agenda(proposal.baseline)
    return proposal


def _refuse_while_discussed(proposal: Proposal) -> None:
    decided = proposal.agenda_items.filter(meeting__status=Meeting.Status.OPEN).exclude(outcome="")
    if decided.exists():
        raise ValidationError(_("The meeting that is under way has decided on the proposal."))


@transaction.atomic
def support(proposal: Proposal, by: User) -> None:
    """A second time changes nothing. Raises PermissionDenied, InvalidMove once it is decided."""
    _require_undecided(proposal, by)
    if proposal.proposed_by_id == by.pk:
        raise ValidationError(_("You made the proposal; others may support it."))
    _row, is_new = ProposalSupport.objects.get_or_create(proposal=proposal, user=by)
    if is_new:
        audit.record("proposal.supported", proposal, by=by)


@transaction.atomic
def comment(proposal: Proposal, text: str, by: User) -> ProposalComment:
    """Raises PermissionDenied, InvalidMove once it is decided, ValidationError for nothing said."""
    _require_undecided(proposal, by)
    if not text.strip():
        raise ValidationError({"text": _("Write something first.")})
    row = ProposalComment.objects.create(proposal=proposal, author=by, text=text.strip())
    audit.record("proposal.commented", proposal, by=by, reason=row.text)
    notices.tell_commented(row)
    return row


def _require_undecided(proposal: Proposal, by: User) -> None:
    if not by.has_perm("deployments.discuss_proposal"):
        raise PermissionDenied
    if proposal.status not in (Status.OPEN, Status.TABLED, Status.RETURNED):
        raise InvalidMove(proposal.status, proposal.get_status_display())


@transaction.atomic
def reopen(proposal: Proposal, reason: str, by: User, on: date | None = None) -> Proposal:
    """Put a proposal that was sent back to the committee again, with the facts that were asked for."""
    if proposal.proposed_by_id != by.pk and not by.has_perm("deployments.edit_baseline"):
        raise PermissionDenied(_("Only whoever made the proposal, or an IT administrator, may put it again."))
    if not reason.strip():
        raise ValidationError({"reason": _("Say why, so that the committee can decide.")})
    baseline = open_baseline(on or timezone.localdate())
    before = as_row(proposal)
    proposal.move_to(Status.OPEN, reason=reason, baseline=baseline)
    audit.record("proposal.reopened", proposal, by=by, before=before, after=as_row(proposal), reason=reason)
    _onto_the_agenda(baseline)
    return proposal


def _onto_the_agenda(baseline: Baseline) -> None:
    """Meetings that are planned for the baseline follow at once."""
    for meeting in baseline.meetings.filter(status=Meeting.Status.PLANNED):
        agenda.bring_up_to_date(meeting, timezone.now())


def as_row(proposal: Proposal) -> dict[str, Any]:
    """For the audit trail."""
    return {
        "semester": str(proposal.baseline),
        "status": proposal.status,
        "application": proposal.application.name,
        "replaces": proposal.replaces.name if proposal.replaces else None,
        "container": str(proposal.profile),
        "moved_from": str(proposal.moved_from) if proposal.moved_from else None,
        "intent": proposal.intent,
        "version": proposal.version.version if proposal.version else None,
    }
