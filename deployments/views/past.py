"""“Decided state on the 3rd of March”: of a computer, a school, a container or an application."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from deployments.differences import entries_visible_to, reading_order
from deployments.models import Application, BaselineRevision
from deployments.past import day_of
from deployments.software import EffectiveApp
from deployments.views.person import person


@dataclass(frozen=True)
class Subject:
    """What a page is about, when it has no row of its own that knows its address."""

    name: str
    address: str

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return self.address


def asks_for_a_day(request: HttpRequest) -> bool:
    return "on" in request.GET


def effective_then(
    request: HttpRequest, subject: Any, apps: Callable[[BaselineRevision], Iterable[EffectiveApp]]
) -> HttpResponse:
    """`subject` has an address of its own; `apps` gives its software by a revision."""
    day = day_of(request.GET["on"])
    revision = day.revision
    found = list(apps(revision)) if revision else []
    context = {
        "apps": [app for app in found if app.intent],
        "removed": [app for app in found if app.intent is None],
    }
    return _page(request, subject, day, revision, context)


def decided_then(request: HttpRequest, application: Application) -> HttpResponse:
    """Where an application was decided."""
    day = day_of(request.GET["on"])
    revision = day.revision
    entries = entries_visible_to(person(request)).filter(application=application, revision=revision)
    context = {"entries": sorted(entries, key=reading_order) if revision else [], "is_application": True}
    return _page(request, application, day, revision, context)


def _page(request: HttpRequest, subject: Any, day: Any, revision: Any, context: dict[str, Any]) -> HttpResponse:
    context |= {"subject": subject, "day": day, "revision": revision, "today": timezone.localdate()}
    return render(request, "deployments/past.html", context, status=400 if day.problem else 200)
