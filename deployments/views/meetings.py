"""Meetings: the list, calling one, its agenda, and its minutes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deployments.committee.forms import ItemForm, MeetingDetailsForm, MeetingForm, PresenceForm, show
from deployments.committee.typesetting import minutes_pdf, title_of
from deployments.models import AgendaItem, Baseline, Meeting
from deployments.services import meetings
from deployments.services.minutes import sign as sign_minutes
from deployments.views.person import person
from schools.decorators import permission_required, require
from schools.models import User
from schools.pages import page_of

HELD = (Meeting.Status.CLOSED, Meeting.Status.SIGNED)


@require_GET
@permission_required("deployments.view_meeting")
def meeting_list(request: HttpRequest) -> HttpResponse:
    user = person(request)
    page = page_of(
        request,
        Meeting.objects.visible_to(user)
        .select_related("baseline__semester", "chair", "secretary")
        .defer("minutes")
        .annotate(size=Count("items")),
        {"starts": "starts_at"},
        order="-starts",
        size=25,
    )
    context = {
        "page": page,
        "next": Meeting.objects.filter(status__in=["planned", "open"]).order_by("starts_at").first(),
        "may_call": user.has_perm("deployments.run_meeting"),
        "committee_name": settings.COMMITTEE_NAME,
    }
    return render(request, "deployments/meeting_list.html", context)


@require_http_methods(["GET", "POST"])
@permission_required("deployments.run_meeting")
def call_meeting(request: HttpRequest) -> HttpResponse:
    user = person(request)
    latest = Baseline.objects.order_by("-semester__starts_on").first()
    form = MeetingForm(
        request.POST if request.method == "POST" else None, initial={"baseline": latest, "secretary": user}
    )
    if form.is_bound and form.is_valid():
        said = dict(form.cleaned_data)
        try:
            meeting = meetings.call_meeting(said.pop("baseline"), **said, by=user, now=timezone.now())
        except ValidationError as error:
            show(form, error)
        else:
            messages.success(request, _("The meeting is called, and everybody concerned is told. Here is its agenda."))
            return redirect(meeting)
    return render(request, "deployments/meeting_form.html", {"form": form}, status=400 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def change_meeting(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    found = find_meeting(user, pk)
    require(user, "deployments.run_meeting")
    form = MeetingDetailsForm(request.POST if request.method == "POST" else None, instance=found)
    if form.is_bound and form.is_valid():
        try:
            meetings.change_meeting(found, user, **form.cleaned_data)
        except ValidationError as error:
            show(form, error)
        else:
            return redirect(found)
    context = {"form": form, "meeting": found}
    return render(request, "deployments/meeting_form.html", context, status=400 if form.is_bound else 200)


@require_GET
def meeting(request: HttpRequest, pk: int) -> HttpResponse:
    """The agenda of a meeting to come; what became of it afterwards."""
    user = person(request)
    found = find_meeting(user, pk)
    return _page(request, found, user)


def _page(request: HttpRequest, found: Meeting, user: User, status: int = 200, **forms: Any) -> HttpResponse:
    may_run = user.has_perm("deployments.run_meeting")
    sign_offs = list(found.sign_offs.select_related("user"))
    seats = list(found.present.all())
    context = {
        "meeting": found,
        "items": found.items.select_related("proposal", "request", "application", "decision"),
        "committee_name": settings.COMMITTEE_NAME,
        "is_held": found.status in HELD,
        "sign_offs": sign_offs,
        "may_run": may_run,
        "may_change": may_run and found.status in meetings.EDITABLE,
        "may_arrange": may_run and found.status == Meeting.Status.PLANNED,
        "may_open": may_run and meetings.keeps(found, user) and found.status == Meeting.Status.PLANNED,
        "may_sign": found.status == Meeting.Status.CLOSED
        and user.pk != found.secretary_id
        and any(seat.holder_id == user.pk for seat in seats)
        and all(each.user_id != user.pk for each in sign_offs),
        "presence": PresenceForm() if found.status == Meeting.Status.PLANNED else None,
        "item_form": ItemForm(),
        **forms,
    }
    return render(request, "deployments/meeting.html", context, status=status)


@require_POST
def refresh_agenda(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    found = find_meeting(user, pk)
    require(user, "deployments.run_meeting")
    try:
        added = meetings.refresh_agenda(found, user, timezone.now())
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        said = ngettext("%(number)s item is new on the agenda.", "%(number)s items are new on the agenda.", added)
        messages.success(request, said % {"number": added} if added else _("The agenda has everything already."))
    return redirect(found)


@require_POST
def add_item(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    found = find_meeting(user, pk)
    require(user, "deployments.run_meeting")
    form = ItemForm(request.POST)
    if not form.is_valid():
        return _page(request, found, user, status=400, item_form=form)
    try:
        meetings.add_item(found, form.cleaned_data["title"], user, text=form.cleaned_data["text"])
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect(found)


@require_POST
def move_item(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    user = person(request)
    found = find_meeting(user, pk)
    row = find_item(found, item)
    require(user, "deployments.run_meeting")
    to = request.POST.get("to", "")
    try:
        meetings.move_item(row, int(to) if to.isdecimal() and len(to) < 5 else row.number, user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect(found)


@require_POST
def open_meeting(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    found = find_meeting(user, pk)
    require(user, "deployments.run_meeting")
    form = PresenceForm(request.POST)
    try:
        present = form.cleaned_data["present"] if form.is_valid() else []
        meetings.open_meeting(found, present, user, timezone.now())
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect(found)
    return redirect("deployments:meeting_room", pk=found.pk)


@require_POST
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    found = find_meeting(user, pk)
    require(user, "deployments.view_meeting")
    try:
        sign_minutes(found, request.POST.get("minutes_hash", "")[:64], user, timezone.now())
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, _("You have signed the minutes."))
    return redirect("deployments:minutes", pk=found.pk)


@require_GET
def minutes(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    found = _held(user, pk)
    sign_offs = list(found.sign_offs.select_related("user"))
    context = {
        "meeting": found,
        "minutes": found.minutes,
        "title": title_of(found),
        "sign_offs": sign_offs,
        "may_sign": found.status == Meeting.Status.CLOSED
        and user.pk != found.secretary_id
        and found.present.filter(holder=user).exists()
        and all(each.user_id != user.pk for each in sign_offs),
    }
    return render(request, "deployments/minutes.html", context)


@require_GET
def minutes_file(request: HttpRequest, pk: int) -> HttpResponse:
    found = _held(person(request), pk)
    name = f"{slugify(settings.COMMITTEE_NAME)}-{slugify(str(found.baseline))}-{found.pk}.pdf"
    disposition = {"Content-Disposition": f'inline; filename="{name}"'}
    return HttpResponse(minutes_pdf(found), content_type="application/pdf", headers=disposition)


def find_meeting(user: User, pk: int) -> Meeting:
    rows = Meeting.objects.visible_to(user).select_related(
        "baseline__semester", "chair", "secretary", "revision__baseline__semester"
    )
    return get_object_or_404(rows, pk=pk)


def find_item(meeting: Meeting, pk: int) -> AgendaItem:
    found = get_object_or_404(meeting.items.select_related("proposal", "request", "application"), pk=pk)
    found.meeting = meeting
    return found


def _held(user: User, pk: int) -> Meeting:
    """There are no minutes before the meeting has closed."""
    found = find_meeting(user, pk)
    if found.status not in HELD:
        raise Http404
    return found
