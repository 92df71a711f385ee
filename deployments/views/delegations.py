"""Who may decide between the meetings, and deciding by such a delegation."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deployments.committee.forms import DelegatedDecisionForm, DelegationForm, show
from deployments.models import Delegation, Proposal
from deployments.services.delegations import decide_by_delegation, delegate, end_delegation
from deployments.views.person import person
from schools.decorators import permission_required, require
from schools.pages import page_of


@require_GET
@permission_required("deployments.view_delegation")
def delegation_list(request: HttpRequest) -> HttpResponse:
    user, on = person(request), timezone.localdate()
    page = page_of(
        request,
        Delegation.objects.visible_to(user)
        .select_related("user", "administration")
        .annotate(decided=Count("decisions")),
        {"until": "ends_on", "name": "user__display_name"},
        order="-until",
    )
    context = {
        "page": page,
        "today": on,
        "person_id": user.pk,
        "may_delegate": user.has_perm("deployments.delegate"),
    }
    return render(request, "deployments/delegation_list.html", context)


@require_http_methods(["GET", "POST"])
@permission_required("deployments.delegate")
def give_delegation(request: HttpRequest) -> HttpResponse:
    form = DelegationForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            delegate(**form.cleaned_data, by=person(request))
        except ValidationError as error:
            show(form, error)
        else:
            messages.success(request, _("The delegation is given."))
            return redirect("deployments:delegation_list")
    return render(request, "deployments/delegation_form.html", {"form": form}, status=400 if form.is_bound else 200)


@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    found = get_object_or_404(Delegation.objects.visible_to(user), pk=pk)
    require(user, "deployments.delegate")
    try:
        end_delegation(found, user, timezone.localdate())
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, _("The delegation ends today."))
    return redirect("deployments:delegation_list")


@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    user, now = person(request), timezone.now()
    found = get_object_or_404(Delegation.objects.visible_to(user).select_related("user", "administration"), pk=pk)
    if found.user_id != user.pk:
        raise PermissionDenied(_("The delegation is somebody else's."))
    waiting = Proposal.objects.filter(status__in=["open", "tabled"]).exclude(proposed_by=user)
    proposals = waiting.select_related("application").order_by("application__name", "pk")
    form = DelegatedDecisionForm(
        request.POST if request.method == "POST" else None, proposals=proposals, initial=request.GET.dict()
    )
    if form.is_bound and form.is_valid():
        try:
            decision = decide_by_delegation(
                found, form.cleaned_data["proposal"], form.cleaned_data["reason"], user, now
            )
        except ValidationError as error:
            show(form, error)
        else:
            messages.success(request, _("It is decided. The portal writes it to Intune, and the next agenda names it."))
            return redirect(decision)
    context = {"form": form, "delegation": found, "waiting": proposals}
    return render(request, "deployments/delegation_decide.html", context, status=400 if form.is_bound else 200)
