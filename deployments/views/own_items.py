"""Items of the agenda that somebody wrote, until the meeting begins."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from deployments.committee.forms import OwnItemForm, show
from deployments.services import own_items
from deployments.services.deliberation import EditConflict
from deployments.views.meetings import find_item, find_meeting
from deployments.views.person import person
from schools.decorators import require


@require_http_methods(["GET", "POST"])
def change_item(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    user = person(request)
    row = find_item(find_meeting(user, pk), item)
    require(user, "deployments.run_meeting")
    form = OwnItemForm(
        request.POST if request.method == "POST" else None,
        initial={"title": row.title, "text": row.text, "edition": row.edition},
    )
    status = 400 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            own_items.change_item(row, **form.cleaned_data, by=user)
        except EditConflict as conflict:
            data = {**form.cleaned_data, "edition": conflict.item.edition}
            form, row, status = OwnItemForm(data), conflict.item, 409
            show(form, conflict)
        except ValidationError as error:
            show(form, error)
        else:
            return redirect(row.meeting)
    context = {"form": form, "meeting": row.meeting, "item": row, "is_conflict": status == 409}
    return render(request, "deployments/agenda_item_form.html", context, status=status)


@require_POST
def remove_item(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    user = person(request)
    row = find_item(find_meeting(user, pk), item)
    require(user, "deployments.run_meeting")
    try:
        own_items.remove_item(row, user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, _("The item is off the agenda."))
    return redirect(row.meeting)
