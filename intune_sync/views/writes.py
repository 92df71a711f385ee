"""The list of writes to Intune that are not finished: what each waits for, or why it failed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from intune_sync.models import Operation
from intune_sync.push.unfinished import unfinished_writes
from schools.decorators import permission_required
from schools.models import User
from schools.pages import page_of, render_page


@require_GET
@permission_required("intune_sync.view_syncrun")
def write_list(request: HttpRequest) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    writes = unfinished_writes().select_related("change_set", *Operation.NAMES_OF_SUBJECT)
    status, problem, aside = (request.GET.get(name, "") for name in ("status", "problem", "aside"))
    if status in Operation.Status:
        writes = writes.filter(status=status)
    if problem in Operation.Problem or problem == "none":
        writes = writes.filter(problem="" if problem == "none" else problem)
    if aside:
        writes = writes.filter(quarantined_at__isnull=aside == "0")
    context = {
        "page": page_of(request, writes, {"id": "id"}, order="id"),
        "statuses": [choice for choice in Operation.Status.choices if choice[0] != Operation.Status.VERIFIED],
        "status": status,
        "is_filtered": bool(status or problem or aside),
        "may_let_in": user.has_perm("intune_sync.release_operation"),
    }
    return render_page(request, "intune_sync/write_list.html", context, partial="intune_sync/_write_list.html")
