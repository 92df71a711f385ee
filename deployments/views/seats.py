"""The committee's seats, for IT to keep."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from deployments.committee.forms import SeatForm, show
from deployments.models import Seat
from deployments.services.seats import put_seat
from deployments.views.person import person
from schools.decorators import permission_required


@require_GET
@permission_required("deployments.view_meeting")
def seat_list(request: HttpRequest) -> HttpResponse:
    context = {
        "seats": Seat.objects.select_related("administration", "holder").order_by("administration__name", "name"),
        "may_edit": person(request).has_perm("deployments.edit_seats"),
        "committee_name": settings.COMMITTEE_NAME,
    }
    return render(request, "deployments/seat_list.html", context)


@require_http_methods(["GET", "POST"])
@permission_required("deployments.edit_seats")
def add_seat(request: HttpRequest) -> HttpResponse:
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
@permission_required("deployments.edit_seats")
def change_seat(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit(request, get_object_or_404(Seat, pk=pk))


def _edit(request: HttpRequest, seat: Seat | None) -> HttpResponse:
    form = SeatForm(request.POST if request.method == "POST" else None, instance=seat)
    if form.is_bound and form.is_valid():
        try:
            put_seat(seat, **form.cleaned_data, by=person(request))
        except ValidationError as error:
            show(form, error)
        else:
            messages.success(request, _("The seat is saved."))
            return redirect("deployments:seat_list")
    context = {"form": form, "seat": seat}
    return render(request, "deployments/seat_form.html", context, status=400 if form.is_bound else 200)
