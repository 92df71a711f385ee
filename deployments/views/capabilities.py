"""Capabilities, and the parity report: where computers of one platform go without what others beside them have."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from deployments.catalogue.forms import CapabilityForm
from deployments.catalogue.parity import coverage, gaps, with_choices
from deployments.models import Capability
from deployments.rulebook import rules_in_force
from deployments.services.capabilities import put_capability_card
from deployments.views.person import person
from schools.decorators import permission_required, require


@require_GET
@permission_required("deployments.view_capability")
def capability_list(request: HttpRequest) -> HttpResponse:
    user = person(request)
    capabilities = with_choices(Capability.objects.visible_to(user))
    context = {
        "capabilities": capabilities,
        "gaps": gaps(coverage(capabilities, rules_in_force())) if capabilities else [],
        "may_edit": user.has_perm("deployments.edit_application"),
    }
    return render(request, "deployments/capability_list.html", context)


@require_http_methods(["GET", "POST"])
@permission_required("deployments.edit_application")
def add_capability(request: HttpRequest) -> HttpResponse:
    return _form_page(request, Capability())


@require_http_methods(["GET", "POST"])
def change_capability(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Capability.objects.visible_to(person(request)), pk=pk)
    require(person(request), "deployments.edit_application")
    return _form_page(request, found)


def _form_page(request: HttpRequest, capability: Capability) -> HttpResponse:
    form = CapabilityForm(request.POST if request.method == "POST" else None, instance=capability)
    if form.is_valid():
        try:
            put_capability_card(capability, form.cleaned_data["name"], form.chosen, by=person(request))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("The capability %(capability)s is kept.") % {"capability": capability})
            return redirect("deployments:capability_list")
    context = {"form": form, "capability": capability if capability.pk else None}
    return render(request, "deployments/capability_form.html", context, status=400 if form.is_bound else 200)
