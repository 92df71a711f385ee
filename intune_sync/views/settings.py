"""Assignment filters and Autopilot profiles: decided in Intune, shown here."""

from __future__ import annotations

from collections import defaultdict

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from intune_sync.models import AssignmentFilter, AutopilotProfile, IntuneAssignment
from intune_sync.payloads.aims import filter_of
from schools.decorators import permission_required


@require_GET
@permission_required("intune_sync.view_syncrun")
def intune_settings(request: HttpRequest) -> HttpResponse:
    apps = apps_by_filter()
    filters = AssignmentFilter.objects.filter(missing_since=None)
    known = {str(each.graph_id) for each in filters}
    context = {
        "filters": [(each, apps.get(str(each.graph_id), [])) for each in filters],
        "orphans": sorted({app for key, names in apps.items() if key not in known for app in names}),
        "profiles": AutopilotProfile.objects.filter(missing_since=None),
    }
    return render(request, "intune_sync/settings.html", context)


def apps_by_filter() -> dict[str, list[str]]:
    """Names of the apps with an assignment that names the filter, by the filter's id."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    path = "raw__target__deviceAndAppManagementAssignmentFilterId"
    rows = IntuneAssignment.objects.exclude(**{path: None}).filter(app__missing_since=None).select_related("app")
    for row in rows:
        filter_id = filter_of(row.raw)
        if filter_id:
            found[filter_id].add(row.app.display_name)
    return {filter_id: sorted(names) for filter_id, names in found.items()}
