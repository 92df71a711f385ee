"""Simulations: asking for one of a proposal or a change, and what came out. Marked as such wherever they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from deployments.models import ChangeSet, Proposal, Simulation
from deployments.rollouts.simulation_story import Story
from deployments.services import simulations
from deployments.tasks import play_simulation, wake
from deployments.views.person import person
from schools.decorators import require
from schools.export import Column, export_response
from schools.pages import render_page

SIMULATE = "deployments.simulate"
POLL_SECONDS = 2
MOST = 2**31 - 1
LONGEST_KEY = 18


class SeedForm(forms.Form):
    seed = forms.IntegerField(
        label=gettext_lazy("Seed"),
        min_value=0,
        max_value=MOST,
        initial=1,
        required=False,
        widget=forms.NumberInput(attrs={"class": "form-control"}),
    )


@require_POST
def simulate_proposal(request: HttpRequest, pk: int) -> HttpResponse:
    return _ask(request, get_object_or_404(Proposal.objects.visible_to(person(request)), pk=pk))


@require_POST
def simulate_change(request: HttpRequest, pk: int) -> HttpResponse:
    return _ask(request, get_object_or_404(ChangeSet.objects.visible_to(person(request)), pk=pk))


def _ask(request: HttpRequest, subject: Proposal | ChangeSet) -> HttpResponse:
    user = person(request)
    require(user, SIMULATE)
    form = SeedForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The seed is a whole number, from 0 up."))
        return redirect(subject)
    seed = form.cleaned_data["seed"]
    try:
        row = simulations.ask(subject, 1 if seed is None else seed, by=user, now=timezone.now())
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect(subject)
    if row.status == Simulation.Status.WAITING:
        wake(play_simulation, row.pk)
    return redirect(row)


@require_GET
def simulation(request: HttpRequest, pk: int) -> HttpResponse:
    """While it is being played the page asks again every other second."""
    user = person(request)
    row = _find(request, pk)
    is_over = row.status in (Simulation.Status.DONE, Simulation.Status.FAILED)
    has_result = row.status == Simulation.Status.DONE and bool(row.result["computers"])
    subject = row.subject
    context = {
        "simulation": row,
        "subject": subject,
        "story": Story(row, _key(request.GET.get("school", ""))) if has_result else None,
        "poll_seconds": 0 if is_over else POLL_SECONDS,
        "form": SeedForm(initial={"seed": row.seed}),
        "ask_name": "deployments:simulate_proposal" if row.proposal_id else "deployments:simulate_change",
        "may_ask": user.has_perm(SIMULATE) and simulations.may_be_played(subject),
        "may_edit_lines": user.has_perm("schools.edit_lines"),
    }
    response = render_page(
        request, "deployments/simulation.html", context, partial="deployments/_simulation_waits.html"
    )
    if is_over and request.htmx:  # type: ignore[attr-defined]
        response["HX-Refresh"] = "true"
    return response


def _key(text: str) -> int | None:
    """The school whose hours are drawn; one that is not in the simulation changes nothing."""
    return int(text) if text.isdecimal() and len(text) <= LONGEST_KEY else None


@dataclass(frozen=True)
class _Hour:
    school: str
    at: datetime
    asked: float
    carried: float
    line: float | None


@require_GET
def simulation_export(request: HttpRequest, pk: int, format: str) -> HttpResponseBase:
    """Each school's load by the hour; every line says that it is simulated."""
    row = _find(request, pk)
    story = Story(row) if row.status == Simulation.Status.DONE and row.result["computers"] else None
    columns: list[Column[_Hour]] = [
        (
            _("Simulation"),
            lambda _line: _("Simulation %(number)s, seed %(seed)s") % {"number": row.pk, "seed": row.seed},
        ),
        (_("School"), lambda line: line.school),
        (_("Hour (simulated)"), lambda line: line.at),
        (_("Asked for (Mbit/s)"), lambda line: line.asked),
        (_("Carried (Mbit/s)"), lambda line: line.carried),
        (_("The line (Mbit/s)"), lambda line: line.line),
    ]
    return export_response(_hours(story), columns, _("simulation-%(number)s") % {"number": row.pk}, format)


def _hours(story: Story | None) -> Iterator[_Hour]:
    for school in story.schools if story else ():
        name = str(school.school) if school.school else _("School not known")
        for hour, asked, carried in school.hours:
            yield _Hour(name, story.at(hour), asked, carried, school.line)  # type: ignore[union-attr]


def _find(request: HttpRequest, pk: int) -> Simulation:
    rows = Simulation.objects.visible_to(person(request)).select_related(
        "proposal__application", "change_set", "asked_by"
    )
    return get_object_or_404(rows, pk=pk)
