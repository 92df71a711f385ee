"""Sync health: what was read when, what is under way, what went wrong, and how to start or release a run."""

from __future__ import annotations

from datetime import datetime, time
from functools import partial

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from intune_sync.figures import figures
from intune_sync.graph.state import door_state
from intune_sync.models import Operation, QueueSign, SyncRun, UnmatchedRecord
from intune_sync.push import epochs
from intune_sync.queries import Health
from intune_sync.queries import health as read_health
from intune_sync.runs import release, request_runs
from intune_sync.services.stops import current_stop
from intune_sync.signs import Workers, workers
from intune_sync.standing import troubles
from intune_sync.tasks import wake_pull
from schools.clock import shared_now
from schools.decorators import permission_required, require
from schools.models import User
from schools.pages import page_of, render_page


@require_GET
@permission_required("intune_sync.view_syncrun")
def health(request: HttpRequest) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    now, door, stop = shared_now(), door_state(), current_stop()
    found = read_health(user, now)
    context = {
        "health": found,
        "troubles": troubles(found, door, found_workers(found, now), stop, is_restored=epochs.is_restored()),
        "interval_minutes": max(1, settings.SYNC_INTERVAL_SECONDS // 60),
        "night": time(settings.FULL_SYNC_HOUR).strftime("%H:%M"),
        "door": door,
        "is_stopped": stop is not None,
        "waiting_statuses": Operation.WAITING,
        "may_start": user.has_perm("intune_sync.start_sync"),
        "may_release": user.has_perm("intune_sync.release_sync"),
        "may_let_in": user.has_perm("intune_sync.release_operation"),
    }
    return render_page(request, "intune_sync/health.html", context, partial="intune_sync/_health.html")


def found_workers(found: Health, now: datetime) -> Workers:
    """A worker that reads for minutes gives its sign of life in the run."""
    running = [row.open for row in found.resources if row.open and row.open.status == SyncRun.Status.RUNNING]
    reads = [run.heartbeat_at or run.started_at for run in running]
    return workers(now, {QueueSign.Queue.PULL: max(filter(None, reads), default=None)})


@require_GET
@permission_required("intune_sync.view_syncrun")
def sync_run_list(request: HttpRequest) -> HttpResponse:
    runs = SyncRun.objects.visible_to(request.user)  # type: ignore[arg-type]
    resource, status, mode = (request.GET.get(name, "") for name in ("resource", "status", "mode"))
    if resource in SyncRun.Resource:
        runs = runs.filter(resource=resource)
    if status in SyncRun.Status:
        runs = runs.filter(status=status)
    if mode in SyncRun.Mode:
        runs = runs.filter(mode=mode)
    context = {
        "page": page_of(request, runs, {"id": "id"}, order="-id"),
        "resources": SyncRun.Resource.choices,
        "statuses": SyncRun.Status.choices,
        "resource": resource,
        "status": status,
        "modes": SyncRun.Mode.choices,
        "mode": mode,
    }
    return render_page(request, "intune_sync/sync_run_list.html", context, partial="intune_sync/_sync_run_list.html")


@require_GET
@permission_required("intune_sync.view_syncrun")
def sync_run(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    run = get_object_or_404(SyncRun.objects.visible_to(user).select_related("requested_by", "approved_by"), pk=pk)
    context = {
        "run": run,
        "figures": figures(run),
        "may_release": run.may_be_released and user.has_perm("intune_sync.release_sync"),
    }
    return render_page(request, "intune_sync/sync_run.html", context, partial="intune_sync/_sync_run.html")


@require_GET
@permission_required("intune_sync.view_syncrun")
def unmatched_list(request: HttpRequest) -> HttpResponse:
    records = UnmatchedRecord.objects.visible_to(request.user)  # type: ignore[arg-type]
    reason = request.GET.get("reason", "")
    if reason in UnmatchedRecord.Reason:
        records = records.filter(reason=reason)
    context = {
        "page": page_of(request, records, {"label": "label", "serial": "serial_number", "seen": "first_seen_at"}),
        "reasons": UnmatchedRecord.Reason.choices,
        "reason": reason,
    }
    return render_page(request, "intune_sync/unmatched_list.html", context, partial="intune_sync/_unmatched_list.html")


@require_POST
@permission_required("intune_sync.start_sync")
def start_sync(request: HttpRequest) -> HttpResponse:
    """All resources, or the one that the form names; whole, or only what has changed."""
    resource = request.POST.get("resource", "")
    resources = [resource] if resource in SyncRun.Resource else SyncRun.Resource.values
    asked = request.POST.get("mode", "")
    mode = asked if asked in SyncRun.Mode else SyncRun.Mode.FULL
    with transaction.atomic():
        runs = request_runs(resources, SyncRun.Trigger.PERSON, request.user, mode)  # type: ignore[arg-type]
        transaction.on_commit(partial(wake_pull, [run.pk for run in runs]))
    messages.success(request, _("Reading from Intune has been started. This page shows how far it is."))
    return redirect("intune_sync:health")


@require_POST
def release_run(request: HttpRequest, pk: int) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    run = get_object_or_404(SyncRun.objects.visible_to(user), pk=pk)
    require(user, "intune_sync.release_sync")
    try:
        with transaction.atomic():
            new = release(run, user)
            transaction.on_commit(partial(wake_pull, [new.pk]))
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect(run)
    messages.success(request, _("The synchronisation is done once more, and what is absent is believed."))
    return redirect(new)
