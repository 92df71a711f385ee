"""Opening a semester, and the dates by which it is prepared."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from deployments.committee.forms import DatesForm, show
from deployments.forms import SemesterForm
from deployments.models import Baseline
from deployments.services.semesters import change_dates, open_semester
from deployments.views.person import person
from schools.decorators import permission_required, require


@require_http_methods(["GET", "POST"])
@permission_required("deployments.edit_baseline")
def open_page(request: HttpRequest) -> HttpResponse:
    form = SemesterForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        baseline = open_semester(**form.cleaned_data, by=person(request))
        messages.success(request, _("%(semester)s is open. Prepare its first revision here.") % {"semester": baseline})
        return redirect(baseline)
    return render(request, "deployments/semester_form.html", {"form": form}, status=400 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def dates(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    baseline = get_object_or_404(Baseline.objects.visible_to(user).select_related("semester"), pk=pk)
    require(user, "deployments.edit_baseline")
    form = DatesForm(request.POST if request.method == "POST" else None, instance=baseline.semester)
    if form.is_bound and form.is_valid():
        try:
            change_dates(baseline, by=user, **form.cleaned_data)
        except ValidationError as error:
            show(form, error)
        else:
            messages.success(request, _("The dates are saved."))
            return redirect(baseline)
    context = {"form": form, "baseline": baseline}
    return render(request, "deployments/semester_dates.html", context, status=400 if form.is_bound else 200)
