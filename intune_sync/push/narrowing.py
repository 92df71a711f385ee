"""Assignment filters, which narrow an assignment to some of a group's computers: which apps have such an assignment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from intune_sync.models import AssignmentFilter, IntuneApp, IntuneAssignment
from intune_sync.payloads.aims import filter_of

_FILTER = "raw__target__deviceAndAppManagementAssignmentFilterId"


def filters_of(apps: Collection[IntuneApp]) -> dict[int, list[str]]:
    """Names of the filters of each app's assignments, by the app's key; two queries."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    rows = IntuneAssignment.objects.filter(app__in=[app.pk for app in apps]).exclude(**{_FILTER: None})
    for app_id, raw in rows.values_list("app", "raw"):
        if filter_id := filter_of(raw):
            found[app_id].add(filter_id)
    names = filter_names(filter_id for ids in found.values() for filter_id in ids)
    return {app_id: sorted(names[filter_id] for filter_id in ids) for app_id, ids in found.items()}


def narrowed(plan: Mapping[str, Any]) -> list[str]:
    """A sentence for each app of a plan that keeps an assignment with a filter; one query, or none."""
    found = {
        change["name"]: {filter_id for raw in call["body"]["mobileAppAssignments"] if (filter_id := filter_of(raw))}
        for change, call in zip(plan.get("changes", []), plan.get("calls", []), strict=False)
    }
    names = filter_names(filter_id for ids in found.values() for filter_id in ids)
    said = _("%(app)s: an assignment that is kept reaches only the computers that “%(filters)s” lets through.")
    return [
        said % {"app": app, "filters": ", ".join(sorted(names[filter_id] for filter_id in ids))}
        for app, ids in found.items()
        if ids
    ]


def filter_names(filter_ids: Iterable[str]) -> dict[str, str]:
    """A filter that has not been read is named by its id."""
    wanted = set(filter_ids)
    if not wanted:
        return {}
    known = AssignmentFilter.objects.filter(graph_id__in=wanted).values_list("graph_id", "display_name")
    return {filter_id: filter_id for filter_id in wanted} | {str(graph_id): name for graph_id, name in known}
