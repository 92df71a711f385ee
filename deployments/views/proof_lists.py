"""The computers behind each figure of the follow-up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET

from deployments.decisions import decisions_visible_to
from deployments.proof.answers import SHOWS, Scope, computers
from deployments.proof.evidence import KINDS, Period, Whose, times_of
from deployments.proof.evidence import computers as computers_shown
from deployments.proof.forms import NarrowingForm
from deployments.proof.left import Cause
from deployments.status import DeviceStatus
from deployments.views.person import person
from deployments.views.proof import find_baseline, find_school
from schools.decorators import require
from schools.models import School
from schools.pages import page_of, render_page

NO_SCHOOL = 0


@require_GET
def computers_of_decision(request: HttpRequest, pk: int) -> HttpResponse:
    """All that the decision concerns, or those that the address asks for."""
    user = person(request)
    decision = get_object_or_404(decisions_visible_to(user), pk=pk)
    require(user, SHOWS)
    form = NarrowingForm(request.GET)
    is_valid = form.is_valid()
    school = form.cleaned_data.get("school") if is_valid else None
    rows = computers(
        Scope.of(user, [decision.pk], school or None, reads=SHOWS),
        timezone.now(),
        *([form.narrowing] if is_valid else []),
    )
    if not is_valid:
        rows = rows.none()
    if school == NO_SCHOOL:
        rows = rows.filter(device__school=None)
    related = rows.select_related("device__school", "device__hardware_model", "change__app_version__application")
    page = page_of(request, related, {"name": "device__observed_name"})
    context = {
        "decision": decision,
        "page": page,
        "rows": [(row, DeviceStatus(row.status).label) for row in page.rows],
        "count": rows.count(),
        "chosen": request.GET.get("status", ""),
        "cause": Cause(form.cleaned_data["cause"]).label if is_valid and form.cleaned_data["cause"] else "",
        "school": School.objects.filter(pk=school).first() if school else None,
        "failure": _failure(request, page.rows),
        "choices": DeviceStatus.choices,
    }
    return render_page(
        request, "deployments/proof_computers.html", context, partial="deployments/_proof_computers.html"
    )


def _failure(request: HttpRequest, rows: Sequence[Any]) -> str:
    """What the list is narrowed to beside status, cause and school: a version on a model with an error code."""
    if not rows or not request.GET.get("model"):
        return ""
    row = rows[0]
    return " · ".join(filter(None, [str(row.change.app_version), str(row.device.hardware_model), row.error_code]))


@require_GET
def evidence(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The computers that a line of the time-saved ledger counts."""
    user = person(request)
    baseline = find_baseline(user, pk)
    require(user, SHOWS)
    found = KINDS.get(kind)
    if found is None:
        raise Http404
    school, period = find_school(request, user), Period.of(baseline, timezone.now())
    devices = computers_shown(found, period, Whose.of(user, school.pk if school else None, reads=SHOWS))
    page = page_of(request, devices.for_list(), {"name": "observed_name"})  # type: ignore[attr-defined]
    times = times_of(found, period, [device.pk for device in page.rows])
    context = {
        "baseline": baseline,
        "kind": found,
        "school": school,
        "page": page,
        "rows": [(device, *times[device.pk]) for device in page.rows],
        "count": devices.count(),
    }
    return render_page(request, "deployments/evidence.html", context, partial="deployments/_evidence_list.html")
