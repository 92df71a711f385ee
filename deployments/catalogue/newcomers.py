"""Applications that a draft gives for the first time, and that may not be put to decision yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef

from deployments.catalogue.vetting import may_be_decided
from deployments.models import Application, BaselineEntry, BaselineRevision

IN_FORCE = (BaselineRevision.Status.ACTIVE, BaselineRevision.Status.SUPERSEDED)


@dataclass(frozen=True)
class Unvetted:
    application: Application
    reasons: list[str]


def unvetted(draft: BaselineRevision, on: date) -> list[Unvetted]:
    """What no revision in force has ever given and whose vetting card is not complete. One query.

    What a decision gives was asked about when it was decided. The first revision of all says what the computers have
    already, so nothing is asked about it.
    """
    if draft.based_on_id is None:
        return []
    known = BaselineEntry.objects.filter(
        revision__status__in=IN_FORCE, action=BaselineEntry.Action.ADD, application=OuterRef("application")
    )
    entries = draft.entries.filter(~Exists(known), action=BaselineEntry.Action.ADD, decision=None)
    found = Application.objects.filter(pk__in=entries.values("application")).select_related("vetting_card")
    asked = (Unvetted(application, may_be_decided(application, on)) for application in found)
    return [each for each in asked if each.reasons]
