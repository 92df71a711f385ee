"""What IT does to computers through Intune: their mark in Autopilot, and remote actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from fleet.models import Device
from intune_sync import tasks
from intune_sync.forms_writes import MarkForm, OrderForm
from intune_sync.models import ActionOrder, Operation
from intune_sync.push import epochs
from intune_sync.services.identities import mark_identity
from intune_sync.services.orders import approve_order, order_action, refuse_order
from schools.decorators import permission_required
from schools.models import School, User
from schools.pages import render_page

LATEST = 20


@require_http_methods(["GET", "POST"])
@permission_required("intune_sync.mark_identity")
def autopilot(request: HttpRequest, pk: int) -> HttpResponse:
    """The form, then what it would do, then that it is being done: one step more at each POST."""
    devices = Device.objects.visible_to(cast(User, request.user)).select_related("school")
    device = get_object_or_404(devices, pk=pk)
    form = MarkForm(request.POST or None, initial={"group_tag": device.observed_group_tag})
    is_valid = form.is_bound and form.is_valid()
    if is_valid and request.POST.get("step") == "write" and _mark(request, device, form):
        return redirect("intune_sync:autopilot", pk=device.pk)
    marks = form.marks if is_valid else {}
    operations = Operation.objects.filter(kind=Operation.Kind.IDENTITY, device=device).select_related("requested_by")
    context = {
        "device": device,
        "form": form,
        "marks": marks,
        "is_preview": is_valid and any(value is not None for value in marks.values()),
        "changes_nothing": is_valid and all(value is None for value in marks.values()),
        "school_of_tag": _school_of(marks.get("group_tag")),
        "operations": operations.order_by("-pk")[:LATEST],
        "is_under_way": operations.open().exists(),
    }
    response = render(request, "intune_sync/autopilot.html", context)
    response.status_code = 400 if form.is_bound and not is_valid else 200
    return response


@require_http_methods(["GET", "POST"])
@permission_required("intune_sync.order_action")
def order_list(request: HttpRequest) -> HttpResponse:
    form = OrderForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and _order(request, form):
        return redirect("intune_sync:order_list")
    orders = ActionOrder.objects.select_related("requested_by", "approved_by").prefetch_related(
        "operations__device", "devices"
    )
    context = {
        "form": form,
        "orders": orders[:LATEST],
        "is_restored": epochs.is_restored(),
        "is_under_way": Operation.objects.open().filter(kind=Operation.Kind.ACTION).exists(),
    }
    response = render_page(request, "intune_sync/order_list.html", context, partial="intune_sync/_orders.html")
    response.status_code = 400 if form.is_bound else 200
    return response


@require_POST
@permission_required("intune_sync.order_action")
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, lambda order, user: approve_order(order, user, timezone.now()), _("It is being done."))


@require_POST
@permission_required("intune_sync.order_action")
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    reason = request.POST.get("reason", "")
    return _decide(
        request, pk, lambda order, user: refuse_order(order, user, reason, timezone.now()), _("It is not done.")
    )


def _mark(request: HttpRequest, device: Device, form: MarkForm) -> bool:
    try:
        mark_identity(device, cast(User, request.user), reason=form.cleaned_data["reason"], **form.marks)
    except ValidationError as error:
        form.add_error(None, error)
        return False
    tasks.wake_write()
    messages.success(request, _("It is being written to Intune. This page shows how far it is."))
    return True


def _order(request: HttpRequest, form: OrderForm) -> bool:
    said = form.cleaned_data
    try:
        order = order_action(said["action"], said["devices"], cast(User, request.user), said["reason"], timezone.now())
    except ValidationError as error:
        form.add_error(None, error.messages[0])
        return False
    tasks.wake_act()
    waits = order.status == ActionOrder.Status.WAITING
    messages.success(request, _("A colleague has to approve it first.") if waits else _("It is being done."))
    return True


def _decide(
    request: HttpRequest, pk: int, decide: Callable[[ActionOrder, User], ActionOrder], done: str
) -> HttpResponse:
    order = get_object_or_404(ActionOrder, pk=pk)
    try:
        decide(order, cast(User, request.user))
    except (ValidationError, PermissionDenied) as error:
        messages.error(request, error.messages[0] if isinstance(error, ValidationError) else str(error))
    else:
        tasks.wake_act()
        messages.success(request, done)
    return redirect("intune_sync:order_list")


def _school_of(group_tag: str | None) -> School | None:
    return School.objects.filter(group_tag=group_tag).first() if group_tag else None
