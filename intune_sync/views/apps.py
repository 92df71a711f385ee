"""The apps that Intune has, and which of them are in the catalogue."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from deployments.models import Application, AppVersion, Baseline, BaselineEntry, BaselineRevision
from intune_sync import services
from intune_sync.graph import GraphError
from intune_sync.models import IntuneApp, IntuneAssignment
from intune_sync.push.narrowing import filters_of
from intune_sync.services.adopt import platform_of
from intune_sync.words import graph_sentence
from schools.decorators import permission_required, require
from schools.models import User
from schools.pages import page_of, render_page

DECIDED = BaselineEntry.objects.filter(revision__status=BaselineRevision.Status.ACTIVE)
UNCOVERED = Exists(IntuneAssignment.objects.filter(app=OuterRef("pk"))) & ~Q(
    graph_id__in=AppVersion.objects.filter(application__in=DECIDED.values("application")).values("intune_app_id")
)
"""Assigned in Intune though the baseline in force does not speak of it; what was taken over counts as decided."""
IN_CATALOGUE = Q(graph_id__in=AppVersion.objects.values("intune_app_id"))


@require_GET
@permission_required("intune_sync.view_syncrun")
def app_list(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    apps = with_catalogue(IntuneApp.objects.filter(missing_since=None))
    sought = request.GET.get("q", "").replace("\x00", "")[:100]
    found = apps.filter(Q(display_name__icontains=sought) | Q(publisher__icontains=sought)) if sought else apps
    shown = request.GET.get("show", "")
    if shown in ("known", "new"):
        found = found.filter(IN_CATALOGUE if shown == "known" else ~IN_CATALOGUE)
    elif shown == "uncovered":
        found = found.filter(UNCOVERED)
    page = page_of(request, found, {"name": "display_name", "publisher": "publisher"})
    counts = IntuneApp.objects.filter(missing_since=None).aggregate(
        all=Count("pk"),
        known=Count("pk", filter=IN_CATALOGUE),
        uncovered=Count("pk", filter=UNCOVERED),
    )
    filters = filters_of(page.rows)
    context = {
        "page": page,
        "rows": [(app, platform_of(app.app_type) is not None, filters.get(app.pk)) for app in page.rows],
        "counts": {**counts, "new": counts["all"] - counts["known"]},
        "shown": shown,
        "sought": sought,
        "may_adopt": user.has_perm("deployments.edit_baseline"),
        "catalogue_names": Application.objects.values_list("name", flat=True),
    }
    return render_page(request, "intune_sync/app_list.html", context, partial="intune_sync/_app_list.html")


@require_POST
@permission_required("deployments.edit_baseline")
def adopt_app(request: HttpRequest, pk: int) -> HttpResponse:
    """As an application of its own, or (with a `name`) as a version of the application of that name."""
    app = get_object_or_404(IntuneApp, pk=pk)
    try:
        name = " ".join(request.POST.get("name", "").split())
        version = services.adopt_app(app, cast(User, request.user), name=name)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("intune_sync:app_list")
    messages.success(request, _("%(app)s is in the catalogue and can be given to schools.") % {"app": version})
    return redirect(version.application)


@require_POST
def take_over(request: HttpRequest, pk: int) -> HttpResponse:
    """What Intune assigns now becomes the first revision of this semester's baseline."""
    user = cast(User, request.user)
    baseline = get_object_or_404(Baseline.objects.visible_to(user).select_related("semester"), pk=pk)
    require(user, "deployments.edit_baseline")
    try:
        revision = services.adopt_current_state(baseline.semester, user, timezone.now())
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect(baseline)
    except GraphError as error:
        messages.error(request, graph_sentence(error))
        return redirect(baseline)
    messages.success(request, _("%(revision)s is in force, and says what Intune has.") % {"revision": revision})
    return redirect(revision)


def with_catalogue(apps: QuerySet[IntuneApp]) -> QuerySet[IntuneApp]:
    """Annotates `application_id`, None outside the catalogue, and `assigned`, the length of the assignment list."""
    version = AppVersion.objects.filter(intune_app_id=OuterRef("graph_id"))
    return apps.annotate(application_id=Subquery(version.values("application_id")[:1]), assigned=Count("assignments"))
