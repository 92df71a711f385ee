"""The catalogue, and one application: its versions, where it is decided and how well it installs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Prefetch
from django.db.models.functions import JSONObject
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from deployments.catalogue.card import facts
from deployments.catalogue.filters import CatalogueFilters
from deployments.catalogue.grades import grades_in_words
from deployments.catalogue.pools import licences, seats_used
from deployments.catalogue.vetting import Vetting, card_of, completeness, may_be_decided, vetting
from deployments.differences import entries_visible_to
from deployments.installs import Installs, installs_by_application
from deployments.models import Application, AppVersion, BaselineEntry
from deployments.queries import application_success
from deployments.success import success_table
from deployments.views.past import asks_for_a_day, decided_then
from deployments.views.person import person
from fleet.models import Platform
from schools.decorators import permission_required
from schools.models import User
from schools.pages import page_of, render_page

SORTS = {"name": "name", "publisher": "publisher"}


@require_GET
@permission_required("deployments.view_application")
def application_list(request: HttpRequest) -> HttpResponse:
    user, today = person(request), timezone.localdate()
    filters = CatalogueFilters.read(request.GET, user)
    applications = filters.apply(Application.objects.visible_to(user), today)
    page = page_of(request, applications.select_related("vetting_card").annotate(version_rows=_version_rows()), SORTS)
    context = {
        "page": page,
        "rows": _rows(page.rows, user),
        "filters": filters,
        "shown_filters": filters.shown(user),
        "sees_installs": user.access.reads("fleet.view_device"),
        "sees_vetting": user.access.reads("deployments.view_licence"),
        "may_edit": user.has_perm("deployments.edit_application"),
        "sees_capabilities": user.access.reads("deployments.view_capability"),
    }
    partial = "deployments/_application_list.html"
    return render_page(request, "deployments/application_list.html", context, partial=partial)


def _version_rows() -> ArraySubquery:
    """Pairs of platform and version, the latest of each platform first."""
    versions = AppVersion.objects.filter(application=OuterRef("pk")).order_by("platform", "-added_at", "-pk")
    return ArraySubquery(versions.values(row=JSONObject(platform="platform", version="version")))


def _versions() -> Prefetch[Any]:
    return Prefetch("versions", AppVersion.objects.order_by("platform", "-added_at", "-pk"))


@dataclass(frozen=True)
class Row:
    application: Application
    entries: list[BaselineEntry]
    installs: Installs
    vetting: Vetting
    version_rows: list[dict[str, str]]

    @property
    def latest_versions(self) -> list[tuple[str, str]]:
        """Platform and version of the latest on each platform."""
        latest = {row["platform"]: row["version"] for row in reversed(self.version_rows)}
        return [(platform.label, latest[platform]) for platform in Platform if platform in latest]


def _rows(applications: Sequence[Any], user: User) -> list[Row]:
    keys, today = [application.pk for application in applications], timezone.localdate()
    decided: dict[int, list[BaselineEntry]] = defaultdict(list)
    for entry in entries_visible_to(user).filter(revision__status="active", application__in=keys):
        decided[entry.application_id].append(entry)
    installs = installs_by_application(user, keys) if user.access.reads("fleet.view_device") else {}
    return [
        Row(each, decided[each.pk], installs.get(each.pk, Installs()), vetting(card_of(each), today), each.version_rows)
        for each in applications
    ]


@require_GET
def application(request: HttpRequest, pk: int) -> HttpResponse:
    user, today = person(request), timezone.localdate()
    applications = Application.objects.visible_to(user).select_related("vetting_card__checked_by", "owner", "detected")
    found = get_object_or_404(applications.prefetch_related(_versions(), "subjects"), pk=pk)
    if asks_for_a_day(request):
        return decided_then(request, found)
    sees_installs, sees_vetting = user.access.reads("fleet.view_device"), user.access.reads("deployments.view_licence")
    entries = entries_visible_to(user).filter(application=found)
    prepared = ["draft", "proposed", "decided", "scheduled"] if user.access.reads("deployments.view_draft") else []
    entries = entries.filter(revision__status__in=["active", *prepared])
    success = success_table(application_success(found, user), list(found.versions.all())) if sees_installs else None
    card = card_of(found)
    context = {
        "application": found,
        "active": [entry for entry in entries if entry.revision.status == "active"],
        "prepared": [entry for entry in entries if entry.revision.status != "active"],
        "success": success,
        "sees_installs": sees_installs,
        "sees_vetting": sees_vetting,
        "may_edit": user.has_perm("deployments.edit_application"),
        "may_ask": user.has_perm("deployments.make_apprequest"),
        "grades": grades_in_words(found),
        "card": card,
        "vetting": vetting(card, today),
        "facts": facts(card) if sees_vetting else [],
        "completeness": completeness(card),
        "obstacles": may_be_decided(found, today) if sees_vetting and card else [],
        "licence_lines": licences(found, user, today),
        "sees_all_licences": user.access.reads_all("deployments.view_licence"),
        "today": today,
    }
    return render(request, "deployments/application.html", context)


@require_GET
@permission_required("deployments.view_licence")
def licence_seats(request: HttpRequest, pk: int) -> HttpResponse:
    """How many seats are used: counted over the whole fleet, so apart from the application's own page."""
    user = person(request)
    if not user.access.reads_all("deployments.view_licence"):
        raise Http404
    found = get_object_or_404(Application.objects.visible_to(user), pk=pk)
    context = {"application": found, "used": seats_used(found, timezone.localdate())}
    return render_page(request, "deployments/licence_seats.html", context, partial="deployments/_licence_seats.html")
