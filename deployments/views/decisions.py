"""A decision, what came of it, and how to take it back."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from deployments.decisions import changes_of, decisions_visible_to, entries_by
from deployments.models import AppRequest, Decision
from deployments.proof.files import everywhere_means
from deployments.proof.shown import of_decision
from deployments.services.rollback import take_back
from deployments.views.person import person
from schools.decorators import require
from schools.models import User

GROUNDS = (
    "item__meeting",
    "item__proposal__raised_from",
    "request__school",
    "delegation__user",
    "exception__application",
    "exception__device",
    "exception__class_group",
    "school",
    "decided_by",
)


@require_GET
def decision(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    found = get_object_or_404(decisions_visible_to(user).select_related(*GROUNDS), pk=pk)
    entries = entries_by(found, user)
    proof = of_decision(found, user, timezone.now()) if user.access.reads("deployments.view_proof") else None
    context = {
        "decision": found,
        "proof": proof,
        "everywhere_means": everywhere_means(),
        "shows": user.access.reads("fleet.view_device"),
        "entries": entries,
        "revision": entries[0].entry.revision if entries else None,
        "changes": changes_of(found, user),
        "sees_changes": user.access.reads("deployments.view_changeset"),
        "sees_committee": user.access.reads("deployments.view_proposal"),
        "app_request": _request_behind(found, user),
        "may_take_back": user.has_perm("deployments.edit_baseline") and any(each.holds for each in entries),
    }
    return render(request, "deployments/decision.html", context)


def _request_behind(decision: Decision, user: User) -> AppRequest | None:
    """The school's request, if this person may see it: decided itself, or raised to a proposal."""
    proposal = decision.item.proposal if decision.item else None
    key = decision.request_id or (proposal.raised_from_id if proposal else None)
    return AppRequest.objects.visible_to(user).select_related("application").filter(pk=key).first() if key else None


@require_POST
def roll_back(request: HttpRequest, pk: int) -> HttpResponse:
    """To a draft that says again what was said before the decision."""
    user = person(request)
    found = get_object_or_404(decisions_visible_to(user), pk=pk)
    require(user, "deployments.edit_baseline")
    try:
        draft = take_back(found, user, request.POST.get("reason", "")[:2000])
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect(found)
    messages.success(
        request, _("The draft takes back this decision and nothing else. Look at it and preview the change.")
    )
    return redirect(draft)
