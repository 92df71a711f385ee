"""The meeting itself, on the projector and on everybody's screen: item by item, with votes and outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from deployments.committee.consequences import consequences_of
from deployments.committee.evidence import evidence_of
from deployments.committee.forms import NoteForm, OutcomeForm, PresenceForm, ReservationForm, VoteForm
from deployments.committee.quorum import quorum
from deployments.committee.tally import tally
from deployments.models import AgendaItem, Meeting, Seat, Vote
from deployments.services import deliberation, meetings
from deployments.services.deliberation import OUTCOMES, EditConflict
from deployments.services.minutes import close_meeting
from deployments.views.meetings import find_item, find_meeting
from deployments.views.person import person
from schools.decorators import require
from schools.models import User
from schools.pages import render_page


@dataclass(frozen=True)
class SeatRow:
    """A seat in the room with its vote on the item; `may_vote` for the person who looks."""

    seat: Seat
    vote: Vote | None
    may_vote: bool

    @property
    def choice(self) -> str:
        return self.vote.choice if self.vote else ""


@require_GET
def meeting_room(request: HttpRequest, pk: int) -> HttpResponse:
    """`?item=` is an item's key; without it the first that has no outcome yet, for everybody the same."""
    user = person(request)
    found = find_meeting(user, pk)
    if found.status != Meeting.Status.OPEN:
        return redirect(found)
    items = list(found.items.select_related("proposal", "request__school", "application"))
    chosen = request.GET.get("item", "")
    item = next((each for each in items if str(each.pk) == chosen), None) or _first_open(items)
    if item is None:
        return redirect(found)
    shown = request.GET.get("shown", "")
    if request.htmx and shown and shown != str(item.pk):  # type: ignore[attr-defined]
        return HttpResponse(headers={"HX-Redirect": request.path})
    context = _room(found, items, item, user) | {"follows": not chosen}
    if not request.htmx:  # type: ignore[attr-defined]
        context |= _beside(found, item, user, context)
    response = render_page(request, "deployments/meeting_room.html", context, partial="deployments/_meeting_live.html")
    response.headers["Cache-Control"] = "no-store"
    return response


def _first_open(items: list[AgendaItem]) -> AgendaItem | None:
    return next((each for each in items if not each.outcome), items[-1] if items else None)


def _room(found: Meeting, items: list[AgendaItem], item: AgendaItem, user: User) -> dict[str, Any]:
    """What changes while people look: everything that `_meeting_live.html` and `_meeting_ahead.html` show."""
    is_present = Exists(Meeting.present.through.objects.filter(meeting=found, seat=OuterRef("pk")))
    seats = list(Seat.objects.select_related("administration", "holder").annotate(is_present=is_present))
    present = {seat.pk for seat in seats if seat.is_present}
    votes = {vote.seat_id: vote for vote in item.votes.select_related("seat")}
    keeps = meetings.keeps(found, user) and user.has_perm("deployments.run_meeting")
    allowed = quorum(seats, present)
    rows = [
        SeatRow(seat, votes.get(seat.pk), not item.outcome and (keeps or seat.holder_id == user.pk))
        for seat in seats
        if seat.pk in present or seat.pk in votes
    ]
    counted = tally(votes.values(), found.chair_id)
    return {
        "meeting": found,
        "items": items,
        "item": item,
        "left": sum(not each.outcome for each in items),
        "quorum": allowed,
        "seats": seats,
        "present": sorted(present),
        "rows": rows,
        "tally": counted,
        "choices": Vote.Choice.choices,
        "outcomes": [(each.value, each.label, counted.allows(each.value)) for each in OUTCOMES[item.kind]]
        if keeps and not item.outcome
        else [],
        "keeps": keeps,
        "consequences": consequences_of(found),
    }


def _beside(found: Meeting, item: AgendaItem, user: User, live: dict[str, Any]) -> dict[str, Any]:
    """What stays as it is while somebody writes: evidence and forms."""
    applications = [item.application] if item.application else []
    mine = [row.seat for row in live["rows"] if row.vote and (live["keeps"] or row.seat.holder_id == user.pk)]
    return {
        "evidence": list(evidence_of(applications, timezone.localdate()).values()),
        "stances": item.proposal.stances.select_related("seat", "user") if item.proposal else [],
        "note_form": NoteForm(initial={"note": item.note, "edition": item.edition}),
        "may_write": user.has_perm("deployments.run_meeting"),
        "presence": PresenceForm(initial={"present": live["present"]}, seats=live["seats"]),
        "reservation_form": ReservationForm(seats=mine) if mine else None,
        "committee_name": settings.COMMITTEE_NAME,
    }


@require_POST
def mark_present(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    found = find_meeting(user, pk)
    require(user, "deployments.run_meeting")
    form = PresenceForm(request.POST)
    try:
        meetings.mark_present(found, form.cleaned_data["present"] if form.is_valid() else [], user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect("deployments:meeting_room", pk=found.pk)


@require_POST
def write_note(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    user, row = _item(request, pk, item)
    form = NoteForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The text could not be saved: it is empty of its edition or too long."))
        return _back(row)
    note, edition = form.cleaned_data["note"], form.cleaned_data["edition"]
    return _done(request, row, lambda: deliberation.write_note(row, note, edition, user), note)


@require_POST
def vote(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    user, row = _item(request, pk, item)
    form = VoteForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The vote could not be read. Try again."))
        return _back(row)
    said = form.cleaned_data
    return _done(request, row, lambda: deliberation.vote(row, said["seat"], said["choice"], user, seen=said["seen"]))


@require_POST
def reserve(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    user, row = _item(request, pk, item)
    form = ReservationForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The reservation could not be read. Try again."))
        return _back(row)
    said = form.cleaned_data
    return _done(request, row, lambda: deliberation.reserve(row, said["seat"], said["reservation"], user))


@require_POST
def decide(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    """The outcome, or with an empty one the item taken up again."""
    user, row = _item(request, pk, item)
    form = OutcomeForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The outcome could not be read. Try again."))
        return _back(row)
    outcome, edition = form.cleaned_data["outcome"], form.cleaned_data["edition"]
    if outcome:
        return _done(request, row, lambda: deliberation.decide(row, outcome, edition, user, timezone.now()))
    return _done(request, row, lambda: deliberation.reopen_item(row, edition, user))


@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    found = find_meeting(user, pk)
    require(user, "deployments.run_meeting")
    try:
        close_meeting(found, user, timezone.now())
    except ValidationError as error:
        for text in error.messages:
            messages.error(request, text)
        return redirect("deployments:meeting_room", pk=found.pk)
    messages.success(request, _("The meeting is closed. Two of those present sign the minutes now."))
    return redirect("deployments:minutes", pk=found.pk)


def _item(request: HttpRequest, pk: int, item: int) -> tuple[User, AgendaItem]:
    user = person(request)
    row = find_item(find_meeting(user, pk), item)
    require(user, "deployments.run_meeting")
    return user, row


def _done(request: HttpRequest, row: AgendaItem, act: Callable[[], object], text: str | None = None) -> HttpResponse:
    """`text` is what somebody wrote, to be seen again when somebody else wrote meanwhile."""
    try:
        act()
    except EditConflict as conflict:
        return _conflict(request, conflict, text)
    except ValidationError as error:
        for said in error.messages:
            messages.error(request, said)
    return _back(row)


def _back(row: AgendaItem) -> HttpResponse:
    return redirect(f"{reverse('deployments:meeting_room', args=[row.meeting.pk])}?item={row.pk}")


def _conflict(request: HttpRequest, conflict: EditConflict, text: str | None = None) -> HttpResponse:
    """Both texts beside each other; nothing is saved before the reader has seen the other one."""
    item = conflict.item
    form = NoteForm(initial={"note": text, "edition": item.edition}) if text is not None else None
    context = {"item": item, "meeting": item.meeting, "form": form, "why": conflict.messages[0]}
    return render(request, "deployments/meeting_conflict.html", context, status=409)
