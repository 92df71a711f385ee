"""The catalogue, and one application: its versions, where it is decided and how well it installs."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from deployments.differences import entries_visible_to
from deployments.installs import Installs, installs_by_application
from deployments.models import Application, AppVersion, BaselineEntry
from deployments.queries import application_success
from deployments.success import success_table
from deployments.views.person import person
from schools.decorators import permission_required
from schools.keyset import keyset_page
from schools.models import User
from schools.pages import render_page

SORTS = {"name": "name", "publisher": "publisher"}


@require_GET
@permission_required("deployments.view_application")
def application_list(request: HttpRequest) -> HttpResponse:
    user = person(request)
    page = keyset_page(
        _narrowed(request, user).prefetch_related(_versions()),
        order=request.GET.get("sort", ""),
        allowed=SORTS,
        after=request.GET.get("after"),
        before=request.GET.get("before"),
    )
    context = {
        "page": page,
        "rows": _rows(page.rows, user),
        "q": request.GET.get("q", ""),
        "sees_installs": user.access.reads("fleet.view_device"),
    }
    partial = "deployments/_application_list.html"
    return render_page(request, "deployments/application_list.html", context, partial=partial)


def _narrowed(request: HttpRequest, user: User) -> Any:
    applications = Application.objects.visible_to(user)
    words = request.GET.get("q", "").strip()[:100]
    return applications.filter(Q(name__icontains=words) | Q(publisher__icontains=words)) if words else applications


def _versions() -> Prefetch[Any]:
    return Prefetch("versions", AppVersion.objects.order_by("platform", "-added_at", "-pk"))


def _rows(applications: list[Application], user: User) -> list[tuple[Application, list[BaselineEntry], Installs]]:
    keys = [application.pk for application in applications]
    decided: dict[int, list[BaselineEntry]] = defaultdict(list)
    for entry in entries_visible_to(user).filter(revision__status="active", application__in=keys):
        decided[entry.application_id].append(entry)
    installs = installs_by_application(user, keys) if user.access.reads("fleet.view_device") else {}
    return [(each, decided[each.pk], installs.get(each.pk, Installs())) for each in applications]


@require_GET
def application(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    found = get_object_or_404(Application.objects.visible_to(user).prefetch_related(_versions()), pk=pk)
    sees_installs = user.access.reads("fleet.view_device")
    entries = entries_visible_to(user).filter(application=found)
    prepared = ["draft", "proposed", "decided", "scheduled"] if user.access.reads("deployments.view_draft") else []
    entries = entries.filter(revision__status__in=["active", *prepared])
    success = success_table(application_success(found, user), list(found.versions.all())) if sees_installs else None
    context = {
        "application": found,
        "active": [entry for entry in entries if entry.revision.status == "active"],
        "prepared": [entry for entry in entries if entry.revision.status != "active"],
        "success": success,
        "sees_installs": sees_installs,
    }
    return render(request, "deployments/application.html", context)
