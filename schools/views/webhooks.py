"""Webhooks for IT: where other systems listen, what they were sent and what they answered."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from schools.decorators import permission_required
from schools.models import WebhookDelivery, WebhookEndpoint
from schools.notifications.forms import WebhookChangeForm, WebhookForm
from schools.notifications.kinds import kinds
from schools.pages import page_of, render_page
from schools.services import webhooks
from schools.views.person import person

Status = WebhookDelivery.Status


@require_http_methods(["GET", "POST"])
@permission_required("schools.manage_webhooks")
@never_cache
def webhook_list(request: HttpRequest) -> HttpResponse:
    """Making one answers with its secret, since that is never shown again."""
    user = person(request)
    form = WebhookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = webhooks.create_webhook(**form.cleaned_data, by=user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return render(request, "schools/webhook_made.html", {"webhook": made})
    counts = {
        "waiting": Count("deliveries", filter=Q(deliveries__status=Status.WAITING)),
        "given_up": Count("deliveries", filter=Q(deliveries__status=Status.GIVEN_UP)),
    }
    found = WebhookEndpoint.objects.visible_to(user).annotate(**counts)
    status = 400 if form.is_bound else 200
    return render(request, "schools/webhooks.html", {"webhooks": found, "form": form}, status=status)


@require_http_methods(["GET", "POST"])
@permission_required("schools.manage_webhooks")
def webhook(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    found = get_object_or_404(WebhookEndpoint.objects.visible_to(user).select_related("created_by"), pk=pk)
    form = WebhookChangeForm(request.POST if request.method == "POST" else None, initial=vars(found))
    if request.method == "POST" and form.is_valid():
        try:
            webhooks.change_webhook(found, **form.cleaned_data, by=user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("The webhook is changed."))
            return redirect(found)
    page = page_of(request, found.deliveries.all(), {"id": "id"}, order="-id")
    context: dict[str, Any] = {"webhook": found, "form": form, "page": page, "labels": _labels(page.rows)}
    if form.is_bound:
        return render(request, "schools/webhook.html", context, status=400)
    return render_page(request, "schools/webhook.html", context, partial="schools/_delivery_list.html")


@require_POST
@permission_required("schools.manage_webhooks")
def delivery_again(request: HttpRequest, pk: int, delivery: int) -> HttpResponse:
    user = person(request)
    found = get_object_or_404(WebhookEndpoint.objects.visible_to(user), pk=pk)
    webhooks.send_again(get_object_or_404(found.deliveries, pk=delivery), by=user)
    messages.success(request, _("It is sent again within a minute."))
    return redirect(found)


def _labels(rows: list[WebhookDelivery]) -> list[tuple[WebhookDelivery, str]]:
    known = kinds()
    return [(row, str(known[row.kind].label) if row.kind in known else row.kind) for row in rows]
