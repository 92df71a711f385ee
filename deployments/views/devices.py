"""One computer: what it is, how it is, what it shall have and why, and what happened to it."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from deployments.device_software import software_rows
from deployments.models import BaselineRevision, ChangeSet, ChangeTarget
from deployments.software import effective_for_device
from deployments.timeline import timeline
from deployments.views.past import asks_for_a_day, effective_then
from deployments.views.person import person
from fleet.models import ComplianceBreach, Condition, Device, EnrolmentAttempt
from schools.decorators import require
from schools.embedded import embedded, revived
from schools.models import AuditEvent, User

LATEST = 30
LATEST_ATTEMPTS = 20


@require_GET
def device(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    names = ("school__school_form", "hardware_model", "class_group")
    devices = (
        Device.objects.visible_to(user)
        .select_related(*names)
        .with_condition(timezone.now())
        .annotate(
            breaches=embedded(ComplianceBreach.objects.filter(device=OuterRef("pk"))),
            attempts=embedded(EnrolmentAttempt.objects.filter(device=OuterRef("pk"))[:LATEST_ATTEMPTS]),
        )
    )
    found = get_object_or_404(devices, pk=pk)
    if asks_for_a_day(request):
        return effective_then(request, found, lambda revision: effective_for_device(found, revision))
    reports = list(found.install_statuses.select_related("app_version__application"))
    targets = list(_targets(found, user))
    apps = effective_for_device(found)
    rows = software_rows(found, apps, {report.app_version_id: report for report in reports}, targets)
    decided = {row.app.version.pk for row in rows if row.app.version}
    context = {
        "device": found,
        "condition": Condition(found.condition),
        "rows": [row for row in rows if row.app.intent],
        "removed": [row for row in rows if row.app.intent is None],
        "undecided": [report for report in reports if report.app_version_id not in decided],
        "failed": sum(row.status == "failed" for row in rows),
        "in_place": sum(row.status in ("installed", "available") for row in rows if row.app.intent),
        "moments": timeline(found, reports, targets, _events(found, user)),
        "breaches": revived(ComplianceBreach, vars(found)["breaches"]),
        "attempts": revived(EnrolmentAttempt, vars(found)["attempts"]),
        "free_percent": _free_percent(found),
        "today": timezone.localdate(),
        "may_except": user.has_perm("deployments.ask_exception", found.school),
        "may_edit": user.has_perm("deployments.edit_baseline"),
    }
    return render(request, "deployments/device.html", context)


def _targets(device: Device, user: User) -> QuerySet[ChangeTarget]:
    """The latest changes of this computer, for those who see changes there. The computer itself is visible."""
    if not user.access.reads("deployments.view_changeset", device.school_id):
        return ChangeTarget.objects.none()
    targets = device.change_targets.select_related("change__change_set", "change__app_version__application")
    return targets.exclude(change__change_set__status__in=ChangeSet.PREPARING).order_by("-pk")[:LATEST]


@require_GET
def give_own(request: HttpRequest, pk: int) -> HttpResponse:
    """To the form of an entry for this computer alone, in the latest draft."""
    user = person(request)
    found = get_object_or_404(Device.objects.visible_to(user), pk=pk)
    require(user, "deployments.edit_baseline")
    draft = BaselineRevision.objects.filter(status=BaselineRevision.Status.DRAFT).order_by("-pk").first()
    if draft is None:
        messages.error(request, _("Start a draft of the next revision first. Then give the computer its own in it."))
        return redirect("deployments:baseline_list")
    return redirect(reverse("deployments:add_entry", args=[draft.pk]) + f"?container=device:{found.pk}")


def _events(device: Device, user: User) -> QuerySet[AuditEvent]:
    events = AuditEvent.objects.visible_to(user).about("fleet.device", device.pk)
    return events.select_related("actor").order_by("-pk")[:LATEST]


def _free_percent(device: Device) -> int | None:
    if not device.storage_total_bytes or device.storage_free_bytes is None:
        return None
    return device.storage_free_bytes * 100 // device.storage_total_bytes
