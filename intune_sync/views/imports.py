"""Registering computers in Autopilot from a file, and what became of each row."""

from __future__ import annotations

from typing import cast

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_http_methods

from intune_sync import tasks
from intune_sync.forms_writes import ImportForm
from intune_sync.models import AutopilotImport, ImportRow
from intune_sync.services.imports import start_import
from schools.decorators import permission_required
from schools.models import User
from schools.pages import page_of, render_page

LATEST = 20


@require_http_methods(["GET", "POST"])
@permission_required("intune_sync.import_computers")
def import_list(request: HttpRequest) -> HttpResponse:
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        batch = start_import(
            said["file"],
            cast(User, request.user),
            file_name=form.file_name,
            school=said["school"],
            group_tag=said["group_tag"],
        )
        tasks.wake_write()
        return redirect(batch)
    settled = Count("rows", filter=Q(rows__status__in=ImportRow.SETTLED))
    batches = AutopilotImport.objects.select_related("requested_by", "school")
    context = {"form": form, "batches": batches.annotate(computers=Count("rows"), settled=settled)[:LATEST]}
    response = render_page(request, "intune_sync/import_list.html", context, partial="intune_sync/import_list.html")
    response.status_code = 400 if form.is_bound else 200
    return response


@require_GET
@permission_required("intune_sync.import_computers")
def import_page(request: HttpRequest, pk: int) -> HttpResponse:
    batch = get_object_or_404(AutopilotImport.objects.select_related("requested_by", "school"), pk=pk)
    counts = dict(batch.rows.order_by().values_list("status").annotate(number=Count("pk")))
    total, settled = sum(counts.values()), sum(counts.get(status, 0) for status in ImportRow.SETTLED)
    status = request.GET.get("status", "")
    rows = batch.rows.filter(status=status) if status in ImportRow.Status else batch.rows.all()
    context = {
        "batch": batch,
        "page": page_of(request, rows, {"place": "place"}, order="place"),
        "operations": list(batch.operations.order_by("pk")),
        "counts": [(code, label, counts.get(code, 0)) for code, label in ImportRow.Status.choices if counts.get(code)],
        "status": status,
        "total": total,
        "settled": settled,
        "is_under_way": batch.operations.all().open().exists(),
    }
    return render_page(request, "intune_sync/import.html", context, partial="intune_sync/_import.html")
