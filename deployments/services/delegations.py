"""Deciding between meetings: who may, for which schools, and the decision itself, which the engine carries out."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from deployments.catalogue.vetting import may_be_decided
from deployments.committee import agenda
from deployments.committee.specs import specs_of
from deployments.models import AgendaItem, Decision, Delegation, Meeting, Proposal
from deployments.models.moves import InvalidMove
from deployments.notices import committee as notices
from deployments.services.amendments import amend
from deployments.services.profiles import school_of
from schools import audit
from schools.models import Administration, User


@transaction.atomic
def delegate(
    user: User, text: str, starts_on: date, ends_on: date, *, by: User, administration: Administration | None = None
) -> Delegation:
    """Let somebody decide for an administration's schools, or for all. Raises PermissionDenied, ValidationError."""
    if not by.has_perm("deployments.delegate"):
        raise PermissionDenied
    if user == by:
        raise ValidationError({"user": _("Somebody else has to give you a delegation.")})
    if ends_on < starts_on:
        raise ValidationError({"ends_on": _("The last day cannot come before the first.")})
    if not text.strip():
        raise ValidationError({"text": _("Say what may be decided.")})
    row = Delegation.objects.create(
        user=user, administration=administration, text=text.strip(), starts_on=starts_on, ends_on=ends_on
    )
    audit.record("delegation.given", row, by=by, after=_as_row(row))
    return row


@transaction.atomic
def end_delegation(delegation: Delegation, by: User, on: date) -> Delegation:
    """From the next day it gives no right; one that has not begun ends before it does. Decisions made by it stand."""
    if not by.has_perm("deployments.delegate"):
        raise PermissionDenied
    if delegation.ends_on <= on:
        raise ValidationError(_("The delegation has ended already."))
    before = _as_row(delegation)
    delegation.ends_on = max(on, delegation.starts_on)
    delegation.save(update_fields=["ends_on"])
    audit.record("delegation.ended", delegation, by=by, before=before, after=_as_row(delegation))
    return delegation


def holds_today(delegation: Delegation, on: date) -> bool:
    return delegation.starts_on <= on <= delegation.ends_on


@transaction.atomic
def decide_by_delegation(delegation: Delegation, proposal: Proposal, reason: str, by: User, now: datetime) -> Decision:
    """Grant a proposal of somebody else at once; its change set carries itself out, and the next agenda names it.

    Raises PermissionDenied, InvalidMove, and ValidationError for what the delegation does not cover.
    """
    on = timezone.localdate(now)
    if delegation.user_id != by.pk:
        raise PermissionDenied(_("The delegation is somebody else's."))
    proposal = (
        Proposal.objects.select_for_update(of=("self",)).select_related("application", "profile").get(pk=proposal.pk)
    )
    _check_covered(delegation, proposal, reason, on)
    with translation.override(settings.LANGUAGE_CODE):
        text = _("Granted by delegation: %(proposal)s") % {"proposal": proposal}
    specs = specs_of(proposal)
    proposal.move_to(Proposal.Status.GRANTED)
    decision = Decision.objects.create(
        kind=Decision.Kind.DELEGATED,
        text=text[:300],
        reason=reason.strip(),
        decided_by=by,
        decided_at=now,
        delegation=delegation,
        proposal=proposal,
        school=school_of(proposal.profile),
    )
    amend(specs, decision, requested_by=proposal.proposed_by, reason=decision.text)
    after = {"status": proposal.status, "decision": decision.text}
    audit.record("proposal.decided", proposal, by=by, after=after, reason=reason)
    audit.record("decision.delegated", decision, by=by, school=decision.school, after=after, reason=reason)
    for meeting in Meeting.objects.filter(status=Meeting.Status.PLANNED):
        agenda.bring_up_to_date(meeting, now)
    notices.tell_delegated(decision, by)
    notices.tell_decided(proposal, by)
    return decision


def _check_covered(delegation: Delegation, proposal: Proposal, reason: str, on: date) -> None:
    if not holds_today(delegation, on):
        raise ValidationError(_("The delegation does not hold today."))
    if proposal.status not in (Proposal.Status.OPEN, Proposal.Status.TABLED):
        raise InvalidMove(proposal.status, proposal.get_status_display())
    if proposal.proposed_by_id == delegation.user_id:
        raise ValidationError(_("You made the proposal, so somebody else has to decide on it."))
    if not reason.strip():
        raise ValidationError({"reason": _("Say why it cannot wait for the meeting.")})
    if AgendaItem.objects.filter(proposal=proposal, meeting__status=Meeting.Status.OPEN).exists():
        raise ValidationError(_("The proposal is before the meeting that is under way."))
    schools = [school_of(spec.profile) for spec in specs_of(proposal)]
    covered = delegation.administration_id
    if covered and any(school is None or school.administration_id != covered for school in schools):
        message = _("The delegation is for schools of %(administration)s only.")
        raise ValidationError(message % {"administration": delegation.administration})
    if proposal.kind != Proposal.Kind.REMOVE and (reasons := may_be_decided(proposal.application, on)):
        raise ValidationError(reasons)


def _as_row(delegation: Delegation) -> dict[str, Any]:
    return {
        "name": str(delegation.user),
        "administration": str(delegation.administration or ""),
        "text": delegation.text,
        "starts_on": delegation.starts_on.isoformat(),
        "ends_on": delegation.ends_on.isoformat(),
    }
