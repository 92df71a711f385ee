"""Creating apps in Intune that need no file: the form, and how far those that were asked for have come."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from intune_sync import tasks
from intune_sync.forms import NewAppForm
from intune_sync.models import Operation
from intune_sync.services.new_apps import request_app, retry_app
from schools.decorators import permission_required
from schools.models import User
from schools.pages import render_page

SHOWN_FOR = timedelta(days=7)


@require_http_methods(["GET", "POST"])
@permission_required("deployments.edit_baseline")
def create_app(request: HttpRequest) -> HttpResponse:
    form = NewAppForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and _request(request, form):
        return redirect("intune_sync:create_app")
    asked_for = list(_asked_for()[:50])
    is_under_way = any(operation.status in UNDER_WAY for operation in asked_for)
    context = {"form": form, "asked_for": asked_for, "is_under_way": is_under_way}
    response = render_page(request, "intune_sync/create_app.html", context, partial="intune_sync/_asked_for.html")
    response.status_code = 400 if form.is_bound else 200
    return response


@require_POST
@permission_required("deployments.edit_baseline")
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    operation = get_object_or_404(Operation, pk=pk, kind=Operation.Kind.CREATE_APP)
    try:
        retry_app(operation, cast(User, request.user))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        tasks.wake_write()
    return redirect("intune_sync:create_app")


UNDER_WAY = [status for status in Operation.Status.values if status not in ("verified", "failed")]


def _request(request: HttpRequest, form: NewAppForm) -> bool:
    """Whether it was accepted; what is wrong otherwise is in the form."""
    new = form.as_new_app()
    try:
        request_app(new, cast(User, request.user))
    except ValidationError as error:
        for field, errors in error.error_dict.items():
            form.add_error(field, errors)
        return False
    tasks.wake_write()
    messages.success(
        request, _("%(app)s is being created. It is in the catalogue when Intune has it.") % {"app": new.name}
    )
    return True


def _asked_for() -> QuerySet[Operation]:
    lately = Q(finished_at=None) | Q(finished_at__gt=timezone.now() - SHOWN_FOR)
    found = Operation.objects.filter(lately, kind=Operation.Kind.CREATE_APP)
    return found.select_related("requested_by").order_by("-pk")
