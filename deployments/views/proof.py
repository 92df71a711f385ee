"""The follow-up: the report of a semester on the page and as files, and the time it saved."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from deployments.committee.forms import show
from deployments.models import Assumption, Baseline
from deployments.proof.answers import READS, SHOWS
from deployments.proof.assumptions import assumptions
from deployments.proof.evidence import Whose
from deployments.proof.files import everywhere_means, report_pdf
from deployments.proof.forms import AssumptionForm
from deployments.proof.lines import columns, lines
from deployments.proof.report import Report, report_of
from deployments.proof.saved import saved_in
from deployments.proof.semesters import running
from deployments.proof.shown import counts_of, list_of
from deployments.services.assumptions import change_assumption
from deployments.views.person import person
from schools.converters import LARGEST_KEY
from schools.decorators import permission_required
from schools.export import export_response
from schools.models import School, User


@require_GET
@permission_required(READS)
def follow_up(request: HttpRequest) -> HttpResponse:
    """The running semester, or the latest."""
    today = timezone.localdate()
    found = running(today).first() or Baseline.objects.order_by("-semester__starts_on").first()
    if found is None:
        return render(request, "deployments/follow_up_empty.html")
    return _page(request, found)


@require_GET
@permission_required(READS)
def semester(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, find_baseline(person(request), pk))


@require_GET
@permission_required(READS)
def file(request: HttpRequest, pk: int, format: str) -> HttpResponseBase:
    """Exactly what the page at the same address says."""
    user = person(request)
    baseline, school = find_baseline(user, pk), find_school(request, user)
    if format not in ("csv", "xlsx", "pdf"):
        raise Http404
    found = report_of(baseline, user, timezone.now(), school)
    name = "-".join(filter(None, ["report", slugify(str(baseline)), slugify(str(school or "")), str(found.day)]))
    if format == "pdf":
        disposition = {"Content-Disposition": f'inline; filename="{name}.pdf"'}
        return HttpResponse(report_pdf(found), content_type="application/pdf", headers=disposition)
    return export_response(lines(found), columns(), name, format, as_of=found.day)


@require_GET
@permission_required(READS)
def time_saved(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    baseline, school = find_baseline(user, pk), find_school(request, user)
    saved = saved_in(baseline, Whose.of(user, school.pk if school else None), timezone.now())
    context = {
        "baseline": baseline,
        "school": school,
        "saved": saved,
        "before": saved.before,
        "assumptions": saved.assumptions.values(),
        "may_edit": user.has_perm("deployments.edit_assumption"),
        "shows": user.access.reads(SHOWS),
    }
    return render(request, "deployments/time_saved.html", context)


@require_http_methods(["GET", "POST"])
@permission_required("deployments.edit_assumption")
def assumption(request: HttpRequest, code: str) -> HttpResponse:
    known = assumptions().get(code)
    if known is None:
        raise Http404
    row = Assumption.objects.filter(code=code).first() or Assumption(code=code, value=known.value, source=known.source)
    form = AssumptionForm(request.POST if request.method == "POST" else None, instance=row)
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        try:
            change_assumption(code, said["value"], said["source"], by=person(request), now=timezone.now())
        except ValidationError as error:
            show(form, error)
        else:
            messages.success(request, _("The assumption is saved, and the time saved is counted with it from now on."))
            return redirect(_latest_ledger())
    context = {"form": form, "known": known, "back": _latest_ledger()}
    return render(request, "deployments/assumption_form.html", context, status=400 if form.is_bound else 200)


def _latest_ledger() -> str:
    found = running(timezone.localdate()).first() or Baseline.objects.order_by("-semester__starts_on").first()
    return reverse("deployments:time_saved", args=[found.pk]) if found else reverse("deployments:follow_up")


def find_baseline(user: User, pk: int) -> Baseline:
    return get_object_or_404(Baseline.objects.visible_to(user).select_related("semester"), pk=pk)


def find_school(request: HttpRequest, user: User) -> School | None:
    """The school that the address names. One that this person may not follow up does not exist for them."""
    key = request.GET.get("school", "")
    if not key:
        return None
    schools = School.objects.filter(user.access.schools_q(READS, "pk"))
    return get_object_or_404(schools, pk=int(key) if key.isdecimal() and int(key) <= LARGEST_KEY else 0)


def _page(request: HttpRequest, baseline: Baseline) -> HttpResponse:
    user = person(request)
    school = find_school(request, user)
    found = report_of(baseline, user, timezone.now(), school)
    schools = School.objects.filter(user.access.schools_q(READS, "pk")).order_by("name")
    context = {
        "report": found,
        "baseline": baseline,
        "school": school,
        "query": f"?school={school.pk}" if school else "",
        "schools": schools,
        "baselines": Baseline.objects.visible_to(user).select_related("semester"),
        "everywhere_means": everywhere_means(),
        **_rows(found, user, school),
    }
    return render(request, "deployments/semester_report.html", context)


def _rows(found: Report, user: User, school: School | None) -> dict[str, Any]:
    """Each with the address of the computers it counts."""
    shows, key = user.access.reads(SHOWS), school.pk if school else None

    def listed(decision_id: int, **choices: Any) -> str:
        return list_of(decision_id, **choices, school=key) if shows else ""

    return {
        "decided": [(row, counts_of(row.answers, row.decision.pk, user, key)) for row in found.decided],
        "failures": [
            (
                row,
                listed(
                    row.decision.pk,
                    status="failed",
                    version=row.failure.version_id,
                    model=row.failure.model_id,
                    error=row.failure.error_code,
                ),
            )
            for row in found.failures
        ],
        "left": [(row, listed(row.decision.pk, cause=row.left.cause.value)) for row in found.left],
    }
