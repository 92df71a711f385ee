"""Planning a roll-out: from an approved change to rings, drawn anew and with computers moved until they are right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from deployments.models import ChangeSet, Rollout
from deployments.rollouts.calendars import suggested_break
from deployments.rollouts.forms import MoveForm, PlanForm
from deployments.rollouts.narrowing import narrowing_of
from deployments.rollouts.progress import computers
from deployments.services import rollouts
from deployments.services.rollouts import Settings
from deployments.views.person import person
from deployments.views.rollouts import find_rollout
from schools.decorators import require
from schools.templatetags.face import number

RUN = "deployments.run_rollout"


@require_http_methods(["GET", "POST"])
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """How an approved change is to go out; posting draws the rings and leads to them. Instead of a roll-out that was
    broken off before its start another can be planned."""
    user = person(request)
    change_set = get_object_or_404(ChangeSet.objects.visible_to(user).select_related("revision"), pk=pk)
    require(user, RUN)
    found = Rollout.objects.filter(change_set=change_set).first()
    if found is not None and not found.never_began:
        return redirect(found)
    usual = Settings(starts_in=suggested_break(change_set, timezone.now()))
    form = PlanForm(change_set, usual, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            made = rollouts.plan_rollout(change_set, form.settings, by=user, now=timezone.now())
        except ValidationError as error:
            form.show(error)
        else:
            messages.success(
                request, _("The rings are drawn. Look at them, and start the roll-out when they are right.")
            )
            return redirect(made)
    return _form_page(request, form, change_set, None)


@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest, pk: int) -> HttpResponse:
    """Change how a planned one is to be carried out, and draw its rings anew."""
    user = person(request)
    found = find_rollout(user, pk)
    require(user, RUN)
    form = PlanForm(found.change_set, rollouts.settings_of(found), request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            rollouts.redraw(found, form.settings, by=user, now=timezone.now())
        except ValidationError as error:
            form.show(error)
        else:
            messages.success(request, _("The rings are drawn anew."))
            return redirect(found)
    return _form_page(request, form, found.change_set, found)


def _form_page(request: HttpRequest, form: PlanForm, change_set: ChangeSet, found: Rollout | None) -> HttpResponse:
    context = {"form": form, "change_set": change_set, "rollout": found}
    return render(request, "deployments/rollout_form.html", context, status=400 if form.is_bound else 200)


@require_POST
def draw_again(request: HttpRequest, pk: int) -> HttpResponse:
    """The same settings with the next seed."""
    user = person(request)
    found = find_rollout(user, pk)
    require(user, RUN)
    now = rollouts.settings_of(found)
    try:
        rollouts.redraw(found, replace(now, seed=now.seed + 1), by=user, now=timezone.now())
    except ValidationError as error:
        _say(request, error)
    else:
        messages.success(request, _("Other rings are drawn, with the seed %(seed)s.") % {"seed": now.seed + 1})
    return redirect(found)


@require_POST
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Put the chosen computers, or with `all` every one of the list, into another ring."""
    user = person(request)
    found = find_rollout(user, pk)
    require(user, RUN)
    asked = QueryDict(request.POST.get("narrowed", ""))
    form = MoveForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose the ring that the computers go to."))
        return _back(found, asked)
    chosen = form.cleaned_data["device"]
    if request.POST.get("all"):
        listed = computers(found, user, timezone.now(), narrowing_of(asked.dict()))
        chosen = list(listed.values_list("device", flat=True))
    if not chosen:
        messages.error(request, _("Choose the computers first."))
        return _back(found, asked)
    try:
        moved = rollouts.move_computers(found, chosen, form.cleaned_data["ring"], by=user)
    except ValidationError as error:
        _say(request, error)
    else:
        said = ngettext(
            "%(number)s computer is now in ring %(ring)s.", "%(number)s computers are now in ring %(ring)s.", moved
        )
        messages.success(request, said % {"number": number(moved), "ring": form.cleaned_data["ring"]})
    return _back(found, asked)


def _back(found: Rollout, asked: QueryDict) -> HttpResponse:
    """To the list as it was narrowed."""
    address = reverse("deployments:rollout_computers", args=[found.pk])
    return redirect(f"{address}?{asked.urlencode()}" if asked else address)


def _say(request: HttpRequest, error: Any) -> None:
    for sentence in error.messages:
        messages.error(request, sentence)
