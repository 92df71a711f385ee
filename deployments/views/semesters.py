"""Opening a semester."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from deployments.forms import SemesterForm
from deployments.services.semesters import open_semester
from deployments.views.person import person
from schools.decorators import permission_required


@require_http_methods(["GET", "POST"])
@permission_required("deployments.edit_baseline")
def open_page(request: HttpRequest) -> HttpResponse:
    form = SemesterForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        baseline = open_semester(**form.cleaned_data, by=person(request))
        messages.success(request, _("%(semester)s is open. Prepare its first revision here.") % {"semester": baseline})
        return redirect(baseline)
    return render(request, "deployments/semester_form.html", {"form": form}, status=400 if form.is_bound else 200)
