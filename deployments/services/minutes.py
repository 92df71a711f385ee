"""Closing a meeting: decisions, the decided revision and frozen minutes in one transaction; then two people sign."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from deployments.committee.consequences import consequences_of, sentences
from deployments.committee.minutes import minutes_hash, minutes_of
from deployments.committee.specs import specs_of
from deployments.models import AgendaItem, BaselineRevision, Decision, Meeting, SignOff
from deployments.notices import committee as notices
from deployments.services.amendments import EntrySpec
from deployments.services.meetings import Status, locked, require, require_keeper
from deployments.services.publishing import decide_revision
from deployments.services.requests import committee_answer
from schools import audit
from schools.models import User

Kind, Outcome = AgendaItem.Kind, AgendaItem.Outcome
SIGNATURES = 2
OF_A_PROPOSAL = {
    Outcome.GRANTED: "granted",
    Outcome.REJECTED: "rejected",
    Outcome.RETURNED: "returned",
    Outcome.TABLED: "tabled",
}


class StaleMinutes(ValidationError):
    """The minutes are not the ones that were read."""

    status = Status.CLOSED


@transaction.atomic
def close_meeting(meeting: Meeting, by: User, now: datetime) -> Meeting:
    """Everything or nothing: a decision for each item granted or rejected, proposals and requests answered, the next
    revision decided with each entry tied to its decision, the minutes frozen.

    Raises NotKeeper, InvalidMove, and ValidationError while an item has no outcome or Intune cannot carry one out.
    """
    row = locked(meeting)
    require_keeper(row, by)
    require(row, Status.OPEN)
    names = ("proposal__application", "proposal__replaces", "proposal__version", "proposal__profile", "request")
    items = list(row.items.select_related(*names, "application").order_by("number"))
    _check_complete(items)
    with translation.override(settings.LANGUAGE_CODE):
        said = list(sentences(consequences_of(row)))
    specs = [pair for item in items for pair in _settle(item, by, now)]
    revision = _revision(row, specs, by)
    minutes = minutes_of(row, now, said)
    row.move_to(Status.CLOSED, closed_at=now, revision=revision, minutes=minutes, minutes_hash=minutes_hash(minutes))
    after = {"status": row.status, "minutes_hash": row.minutes_hash, "revision": str(revision) if revision else None}
    audit.record("meeting.closed", row, by=by, before={"status": Status.OPEN}, after=after)
    notices.tell_minutes_to_sign(row)
    return row


def _check_complete(items: list[AgendaItem]) -> None:
    if not items:
        raise ValidationError(_("The agenda is empty."))
    if open_items := [str(item.number) for item in items if not item.outcome]:
        message = _("Every item needs an outcome before the meeting closes. Without one: %(items)s.")
        raise ValidationError(message % {"items": ", ".join(open_items)})


def _settle(item: AgendaItem, by: User, now: datetime) -> list[tuple[EntrySpec, Decision]]:
    """The item's decision and answers; what it puts into the baseline."""
    decision = _decision(item, by, now) if item.outcome in (Outcome.GRANTED, Outcome.REJECTED) else None
    if item.request is not None:
        committee_answer(item.request, item.outcome, by, item.note or _said(item))
    if item.proposal is None:
        return []
    specs = specs_of(item.proposal) if item.outcome == Outcome.GRANTED else []
    item.proposal.move_to(OF_A_PROPOSAL[Outcome(item.outcome)])
    after = {"status": item.proposal.status, "item": str(item)}
    audit.record("proposal.decided", item.proposal, by=by, after=after, reason=item.note)
    notices.tell_decided(item.proposal, by)
    return [(spec, decision) for spec in specs if decision is not None]


def _decision(item: AgendaItem, by: User, now: datetime) -> Decision:
    decision = Decision.objects.create(
        kind=Decision.Kind.MEETING,
        text=_said(item),
        reason=item.note,
        decided_by=by,
        decided_at=now,
        item=item,
        proposal=item.proposal,
        request=item.request,
    )
    audit.record("decision.made", decision, by=by, after={"item": str(item), "outcome": item.outcome})
    return decision


def _said(item: AgendaItem) -> str:
    """The decision in the municipality's language: “Bifall: Lägg till ett program: GeoGebra”."""
    with translation.override(settings.LANGUAGE_CODE):
        return f"{item.get_outcome_display()}: {item.title}"[:300]


def _revision(row: Meeting, specs: list[tuple[EntrySpec, Decision]], by: User) -> BaselineRevision | None:
    if not specs:
        return None
    with translation.override(settings.LANGUAGE_CODE):
        note = _("Decided by %(committee)s at its meeting about %(semester)s.") % {
            "committee": settings.COMMITTEE_NAME,
            "semester": row.baseline,
        }
    return decide_revision(row.baseline, specs, by, note)


@transaction.atomic
def sign(meeting: Meeting, minutes_hash: str, by: User, now: datetime) -> Meeting:
    """One of those present, other than the secretary, confirms exactly the minutes with this hash. The second
    signature settles them. Raises PermissionDenied, InvalidMove, StaleMinutes, ValidationError."""
    row = locked(meeting)
    require_present(row, by)
    require(row, Status.CLOSED)
    if row.secretary_id == by.pk:
        raise ValidationError(_("You kept the minutes, so others have to sign them."))
    if row.minutes_hash != minutes_hash:
        raise StaleMinutes(_("These are not the minutes that you read. Read them again before you sign."))
    if row.sign_offs.filter(user=by).exists():
        raise ValidationError(_("You have signed these minutes already."))
    SignOff.objects.create(meeting=row, user=by, minutes_hash=minutes_hash, at=now)
    audit.record("minutes.signed", row, by=by, after={"minutes_hash": minutes_hash})
    if row.sign_offs.count() >= SIGNATURES:
        row.move_to(Status.SIGNED)
        audit.record("minutes.settled", row, by=by, before={"status": Status.CLOSED}, after={"status": row.status})
    return row


def require_present(meeting: Meeting, by: User) -> None:
    """Raises PermissionDenied for somebody who was not at the meeting with a seat."""
    if not meeting.present.filter(holder=by).exists():
        raise PermissionDenied(_("The minutes are signed by people who were at the meeting."))
