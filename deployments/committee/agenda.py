"""The agenda builds itself: proposals, requests, applications to look at, and decisions since the last meeting."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from django.conf import settings
from django.db.models import Max, Q
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from deployments.committee.concerns import concerns
from deployments.committee.wording import asks_for
from deployments.models import AgendaItem, AppRequest, Decision, Meeting, Proposal
from deployments.models.proposals import CONTAINERS

Kind = AgendaItem.Kind


def bring_up_to_date(meeting: Meeting, now: datetime) -> list[AgendaItem]:
    """Add what is new since the agenda was built, after what is on it; drop what has been withdrawn. The new items.

    Call it in a transaction, for a meeting that has not been closed. The items are in the language of the minutes.
    """
    _drop_settled(meeting)
    with translation.override(settings.LANGUAGE_CODE):
        items = list(_missing(meeting, timezone.localdate(now)))
    last = meeting.items.aggregate(last=Max("number"))["last"] or 0
    for number, item in enumerate(items, last + 1):
        item.number = number
    AgendaItem.objects.bulk_create(items)
    decided = [(item.information, item) for item in items if hasattr(item, "information")]
    for decision, item in decided:
        Decision.objects.filter(pk=decision.pk, noted_at=None).update(noted_at=item)
    return items


def _drop_settled(meeting: Meeting) -> None:
    waiting = meeting.items.filter(outcome="")
    gone = waiting.filter(kind=Kind.PROPOSAL).exclude(proposal__status__in=["open", "tabled"])
    answered = waiting.filter(kind=Kind.REQUEST).exclude(request__status=AppRequest.Status.COMMITTEE)
    if gone.exists() or answered.exists():
        gone.delete()
        answered.delete()
        renumber(meeting)


def renumber(meeting: Meeting) -> None:
    """1, 2, 3 … in the order that the items have."""
    items = list(meeting.items.order_by("number", "pk"))
    for number, item in enumerate(items, 1):
        item.number = number
    AgendaItem.objects.bulk_update(items, ["number"])


def _missing(meeting: Meeting, on: date) -> Iterator[AgendaItem]:
    yield from _proposals(meeting)
    yield from _requests(meeting)
    yield from _concerns(meeting, on)
    yield from _information(meeting)


def _proposals(meeting: Meeting) -> Iterator[AgendaItem]:
    """This term's, and those that an earlier meeting postponed."""
    of_this_term = Q(baseline=meeting.baseline_id, status=Proposal.Status.OPEN)
    waiting = Proposal.objects.filter(of_this_term | Q(status=Proposal.Status.TABLED)).exclude(
        agenda_items__meeting__status__in=[Meeting.Status.PLANNED, Meeting.Status.OPEN]
    )
    rows = waiting.select_related("application", "replaces", "version", *CONTAINERS)
    for proposal in rows.order_by("application__name", "kind", "created_at", "pk"):
        yield AgendaItem(
            meeting=meeting,
            kind=Kind.PROPOSAL,
            title=str(proposal),
            text=f"{asks_for(proposal)}\n{proposal.reason}",
            proposal=proposal,
            application=proposal.application,
        )


def _requests(meeting: Meeting) -> Iterator[AgendaItem]:
    waiting = AppRequest.objects.filter(status=AppRequest.Status.COMMITTEE).exclude(
        pk__in=AgendaItem.objects.filter(meeting__status__in=["planned", "open"], request__isnull=False).values(
            "request"
        )
    )
    for request in waiting.select_related("application", "school").order_by("application__name", "school__name", "pk"):
        yield AgendaItem(
            meeting=meeting,
            kind=Kind.REQUEST,
            title=_("%(application)s, asked for by %(school)s") % {"application": request, "school": request.school},
            text=request.purpose,
            request=request,
            application=request.application,
        )


def _concerns(meeting: Meeting, on: date) -> Iterator[AgendaItem]:
    here = set(meeting.items.filter(kind=Kind.CONCERN).values_list("application", flat=True))
    proposed = set(meeting.items.filter(kind=Kind.PROPOSAL).values_list("application", flat=True))
    for concern in concerns(on):
        if concern.application.pk not in here | proposed:
            yield AgendaItem(
                meeting=meeting,
                kind=Kind.CONCERN,
                title=concern.application.name,
                text=" ".join(concern.reasons),
                application=concern.application,
            )


def _information(meeting: Meeting) -> Iterator[AgendaItem]:
    """What was decided outside the meetings and no agenda has named yet."""
    decisions = Decision.objects.filter(noted_at=None).exclude(kind=Decision.Kind.MEETING)
    for decision in decisions.select_related("decided_by").order_by("decided_at", "pk"):
        item = AgendaItem(
            meeting=meeting,
            kind=Kind.INFORMATION,
            title=decision.text[:200],
            text=_("%(kind)s on %(day)s by %(person)s.")
            % {
                "kind": decision.get_kind_display(),
                "day": formats.date_format(timezone.localtime(decision.decided_at)),
                "person": decision.decided_by,
            },
        )
        item.information = decision  # type: ignore[attr-defined]
        yield item
