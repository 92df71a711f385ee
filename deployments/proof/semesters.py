"""Which semester a decision belongs to: the one whose baseline it was first put into, or else its meeting's."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from deployments.models import Baseline, BaselineEntry, BaselineRevision, Decision

Status = BaselineRevision.Status
OVER = (Status.SUPERSEDED, Status.DISCARDED)


def with_semester(decisions: QuerySet[Decision]) -> QuerySet[Any]:
    """Annotates `first_baseline`, the baseline that the decision first put entries into (None: it put none), and
    `holds`: an entry of it stands in a revision that is in force or on its way there."""
    entries = BaselineEntry.objects.filter(decision=OuterRef("pk"))
    first = entries.order_by("revision_id").values("revision__baseline")[:1]
    return decisions.annotate(first_baseline=Subquery(first), holds=Exists(entries.exclude(revision__status__in=OVER)))


def decisions_of(baseline: Baseline, decisions: QuerySet[Decision]) -> QuerySet[Any]:
    """Those of the semester, annotated as `with_semester`."""
    of_meeting = Q(first_baseline=None, item__meeting__baseline=baseline)
    return with_semester(decisions).filter(Q(first_baseline=baseline.pk) | of_meeting)


def running(day: date) -> QuerySet[Baseline]:
    """The baseline of the semester that a day falls in; between two, of the one that comes."""
    return Baseline.objects.filter(semester__ends_on__gte=day).order_by(F("semester__starts_on"))[:1]
