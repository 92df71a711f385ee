"""Taking back one decision: a draft in which exactly its entries say again what was said before it."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from deployments.differences import Place, place_of
from deployments.models import BaselineEntry, BaselineRevision, Decision
from deployments.services import drafts
from schools import audit
from schools.models import User

VOID = Q(request__status__in=["refused", "withdrawn"]) | Q(exception__status="ended")
"""Decisions that say nothing any more."""


@transaction.atomic
def take_back(decision: Decision, by: User, reason: str) -> BaselineRevision:
    """A draft on top of the active revision, to be looked at, proposed and approved as any other.

    Raises ValidationError without a reason, and when nothing of the decision is in force.
    """
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the decision is taken back.")})
    active = BaselineRevision.objects.active().select_related("baseline").first()
    if active is None or not active.entries.filter(decision=decision).exists():
        raise ValidationError(_("Nothing of this decision is in force, so there is nothing to take back."))
    note = _("Takes back the decision “%(decision)s”: %(reason)s") % {"decision": decision.text, "reason": reason}
    draft = drafts.start_draft(active.baseline, by=by, note=note)
    restore(draft, decision)
    audit.record("decision.taken_back", decision, by=by, after={"revision": str(draft)}, reason=reason)
    return draft


def restore(draft: BaselineRevision, decision: Decision) -> None:
    """Let the decision's entries in a draft say again what was said before them; where nothing was, nothing is."""
    entries = list(draft.entries.filter(decision=decision))
    former = said_before_that_holds(decision) if entries else {}
    for entry in entries:
        _restore(entry, former.get(place_of(entry)))


def said_before(decision: Decision) -> dict[Place, BaselineEntry]:
    """What stood in each place of the decision's entries in the revision that the first one there was built on."""
    built_on: dict[Place, int | None] = {}
    for entry in decision.entries.select_related("revision").order_by("revision_id"):
        built_on.setdefault(place_of(entry), entry.revision.based_on_id)
    found = BaselineEntry.objects.filter(revision__in={each for each in built_on.values() if each})
    return {place_of(entry): entry for entry in found if built_on.get(place_of(entry)) == entry.revision_id}


def said_before_that_holds(decision: Decision) -> dict[Place, BaselineEntry]:
    """Without what has been taken back or has ended meanwhile: that does not come back."""
    former = said_before(decision)
    grounds = {entry.decision_id for entry in former.values() if entry.decision_id}
    void = set(Decision.objects.filter(VOID, pk__in=grounds).values_list("pk", flat=True)) if grounds else set()
    return {place: entry for place, entry in former.items() if entry.decision_id not in void}


def _restore(entry: BaselineEntry, former: BaselineEntry | None) -> None:
    if former is None:
        entry.delete()
        return
    for column in ("action", "intent", "version_id", "decision_id", "capability_id"):
        setattr(entry, column, getattr(former, column))
    entry.save()
