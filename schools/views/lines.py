"""IT says what the schools' lines carry."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from schools.decorators import permission_required
from schools.models import Municipality, School
from schools.services.lines import set_lines
from schools.views.person import person

MOST_MBIT = 1_000_000


def _field(label: Any, **options: Any) -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"})
    return forms.IntegerField(label=label, min_value=1, max_value=MOST_MBIT, widget=widget, **options)


class LinesForm(forms.Form):
    usual = _field(
        gettext_lazy("Usual line (Mbit/s)"), help_text=gettext_lazy("Assumed of each school without a line of its own.")
    )

    def __init__(self, schools: list[School], usual: int, data: Any = None) -> None:
        super().__init__(data, initial={"usual": usual})
        self.schools = schools
        for school in schools:
            field = _field(
                _("%(school)s: line (Mbit/s)") % {"school": school}, required=False, initial=school.line_mbit
            )
            self.fields[f"school-{school.pk}"] = field

    @property
    def rows(self) -> list[tuple[School, forms.BoundField]]:
        return [(school, self[f"school-{school.pk}"]) for school in self.schools]

    @property
    def own(self) -> dict[int, int | None]:
        return {school.pk: self.cleaned_data[f"school-{school.pk}"] for school in self.schools}


@require_http_methods(["GET", "POST"])
@permission_required("schools.edit_lines")
def lines(request: HttpRequest) -> HttpResponse:
    schools = list(School.objects.for_list())
    municipality = Municipality.objects.first() or Municipality()
    form = LinesForm(schools, municipality.line_mbit, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        changed = set_lines(form.cleaned_data["usual"], form.own, by=person(request))
        said = ngettext("%(count)s line is changed.", "%(count)s lines are changed.", changed)
        messages.success(request, said % {"count": changed})
        return redirect("schools:lines")
    known = sum(school.line_mbit is not None for school in schools)
    context = {"form": form, "known": known, "total": len(schools)}
    return render(request, "schools/lines.html", context, status=400 if form.is_bound else 200)
