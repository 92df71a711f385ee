"""Away? An approver hands over the decisions for a time, and takes them back."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from deployments.requests.forms import DeputyForm
from deployments.services import requests
from deployments.views.person import person
from schools.access import APPROVER
from schools.decorators import permission_required
from schools.models import RoleAssignment, User


@require_http_methods(["GET", "POST"])
@permission_required("deployments.hand_over_approval")
def deputies(request: HttpRequest) -> HttpResponse:
    user = person(request)
    form = DeputyForm(request.POST if request.method == "POST" else None, user=user)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            granted = requests.hand_over(said["school"], said["deputy"], said["until"], user)
        except PermissionDenied:
            form.add_error(None, _("You decide in somebody's place yourself, so you cannot hand over."))
        except ValidationError as error:
            for name, texts in (
                error.message_dict if hasattr(error, "error_dict") else {"deputy": error.messages}
            ).items():
                form.add_error(name, texts)
        else:
            messages.success(request, _("%(name)s decides too, and is told.") % {"name": granted.user})
            return redirect("deployments:deputies")
    context = {"form": form, "deputies": _deputies(user).select_related("user", "school")}
    return render(request, "deployments/deputies.html", context, status=400 if form.is_bound else 200)


@require_POST
def end_deputy(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    found = get_object_or_404(_deputies(user).select_related("user", "school"), pk=pk)
    try:
        requests.end_deputy(found, user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, _("%(name)s does not decide in your place any more.") % {"name": found.user})
    return redirect("deployments:deputies")


def _deputies(user: User) -> QuerySet[RoleAssignment]:
    """Time-limited approvers at the schools where this person approves."""
    schools = [key for key, roles in user.access.at.items() if APPROVER in roles]
    held = RoleAssignment.objects.current(timezone.now()).filter(role=APPROVER, school__in=schools)
    return held.filter(valid_until__isnull=False).order_by("valid_until")
