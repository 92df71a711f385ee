"""What a draft, or an entry that is being written, would change on the computers as they are now."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from deployments.forms import DecisionForm, EntryForm
from deployments.impact import Impact, impact_of, impact_of_revision
from deployments.models import BaselineRevision
from deployments.services.amendments import EntrySpec
from deployments.services.profiles import container_of
from deployments.views.person import person
from schools.decorators import require
from schools.pages import render_page


@require_GET
def impact(request: HttpRequest, pk: int) -> HttpResponse:
    """Of the whole revision; with the fields of an entry's form in the address, of that entry alone."""
    user = person(request)
    revisions = BaselineRevision.objects.visible_to(user).select_related("baseline__semester", "based_on")
    found = get_object_or_404(revisions, pk=pk)
    require(user, "deployments.view_draft")
    is_of_entry = "decision" in request.GET
    shown = _of_entry(request, found) if is_of_entry else impact_of_revision(found)
    context = {"revision": found, "impact": shown, "is_of_entry": is_of_entry}
    return render_page(request, "deployments/impact.html", context, partial="deployments/_impact.html")


def _of_entry(request: HttpRequest, draft: BaselineRevision) -> Impact | None:
    """None while the form is not filled in."""
    specs = _changed_entry(request, draft) if "entry" in request.GET else _new_entries(request)
    return impact_of(draft, specs) if specs else None


def _new_entries(request: HttpRequest) -> list[EntrySpec]:
    """More than one of a capability: an application for each platform."""
    form = EntryForm(request.GET)
    if not form.is_valid():
        return []
    container = container_of(form.owner)
    return [EntrySpec(container, application, **form.says) for application in form.applications]


def _changed_entry(request: HttpRequest, draft: BaselineRevision) -> list[EntrySpec]:
    key = request.GET["entry"]
    entries = draft.entries.select_related("profile", "application")
    entry = entries.filter(pk=key).first() if key.isdecimal() and len(key) < 19 else None
    form = DecisionForm(request.GET, application=entry.application) if entry else None
    if entry is None or form is None or not form.is_valid():
        return []
    return [EntrySpec(entry.profile, entry.application, **form.says)]
