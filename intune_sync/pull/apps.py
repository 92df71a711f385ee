"""Apps and their assignment lists, whole and unaltered."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import transaction

from deployments.models import AppVersion
from intune_sync import own_words
from intune_sync.graph import BadAnswer
from intune_sync.models import IntuneApp, IntuneAssignment
from intune_sync.payloads.apps import (
    APPS_PARAMS,
    APPS_PATH,
    APPS_VERSION,
    ASSIGNMENTS_NEXT,
    AppRow,
    app_assignments,
    app_row,
)
from intune_sync.payloads.assignments import AssignmentRow, assignment_row, assignments_path
from intune_sync.pull.outcome import Outcome, Pull
from intune_sync.pull.rows import save_rows

Assignments = dict[tuple[UUID, str], AssignmentRow]


def pull_apps(pull: Pull) -> Outcome:
    apps: dict[UUID, AppRow] = {}
    assignments: Assignments = {}
    for page in pull.graph.pages(APPS_PATH, APPS_PARAMS, APPS_VERSION):
        for raw in page:
            app = app_row(raw)
            apps[app.graph_id] = app
            assignments.update({(app.graph_id, row.graph_id): row for row in _assignments_of(pull, raw)})
        pull.seen(len(apps))
    with transaction.atomic():
        pull.confirm()
        counts = save_rows(IntuneApp, apps.values(), pull.now, released=pull.is_released)
        counts["assignments"] = len(assignments)
        created, updated, removed = _save_assignments(assignments, apps.keys())
        counts["created"] += created
        counts["updated"] += updated
        counts["removed"] = removed
        counts["updated"] += _tell_versions()
    return Outcome(counts)


NEEDS = ("size_bytes", "minimum_disk_mb", "minimum_memory_mb", "minimum_os")


def _tell_versions() -> int:
    """What a version needs, as Intune has it; where Intune says nothing, what people wrote stays."""
    apps = {app.graph_id: app for app in IntuneApp.objects.filter(missing_since=None)}
    changed = []
    for version in AppVersion.objects.filter(intune_app_id__in=apps):
        said = {name: getattr(apps[version.intune_app_id], name) for name in NEEDS}
        new = {name: value for name, value in said.items() if value and value != getattr(version, name)}
        for name, value in new.items():
            setattr(version, name, value)
        if new:
            changed.append(version)
    AppVersion.objects.bulk_update(changed, NEEDS, batch_size=500)
    return len(changed)


def _assignments_of(pull: Pull, raw: dict[str, Any]) -> list[AssignmentRow]:
    """The whole list: a long one is sent only in part with its app, and then read by itself."""
    if ASSIGNMENTS_NEXT in raw:
        pages = pull.graph.pages(assignments_path(raw["id"]), version=APPS_VERSION)
        return [assignment_row(assignment) for page in pages for assignment in page]
    try:
        return app_assignments(raw)
    except KeyError:
        raise BadAnswer(own_words.NO_ASSIGNMENTS) from None


def _save_assignments(sent: Assignments, apps: Collection[UUID]) -> tuple[int, int, int]:
    """How many were created, changed and removed: of each of these apps the mirror holds exactly what Graph sent.

    The assignments of an app that was not in the answer stay until it is missing.
    """
    app_pks = dict(IntuneApp.objects.values_list("graph_id", "pk"))
    kept = {(row.app.graph_id, row.graph_id): row for row in IntuneAssignment.objects.select_related("app")}
    gone = [row.pk for key, row in kept.items() if key not in sent and (key[0] in apps or row.app.missing_since)]
    IntuneAssignment.objects.filter(pk__in=gone).delete()
    new, changed = [], []
    for key, row in sent.items():
        columns = {
            "key": row.key,
            "intent": row.intent,
            "group_id": row.group_id,
            "is_exclusion": row.is_exclusion,
            "raw": row.raw,
        }
        present = kept.get(key)
        if present is None:
            new.append(IntuneAssignment(app_id=app_pks[key[0]], graph_id=row.graph_id, **columns))
        elif any(getattr(present, name) != value for name, value in columns.items()):
            for name, value in columns.items():
                setattr(present, name, value)
            changed.append(present)
    IntuneAssignment.objects.bulk_create(new, batch_size=500)
    fields = ["key", "intent", "group_id", "is_exclusion", "raw"]
    IntuneAssignment.objects.bulk_update(changed, fields, batch_size=500)
    return len(new), len(changed), len(gone)
