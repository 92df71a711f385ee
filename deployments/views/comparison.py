"""Two revisions beside each other, of the same semester or of different ones; and a revision as a file."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from deployments.differences import differences, entries_visible_to, reading_order
from deployments.exchange.lines import MOST_BYTES
from deployments.exchange.writing import as_yaml, file_name
from deployments.models import Baseline, BaselineEntry, BaselineRevision
from deployments.services.imports import RefusedFile, import_draft
from deployments.views.person import person
from schools.decorators import permission_required, require
from schools.forms import Styled
from schools.models import User


class ComparisonForm(Styled, forms.Form):
    before = forms.ModelChoiceField(BaselineRevision.objects.none(), label=_("Before"), empty_label=None)
    after = forms.ModelChoiceField(BaselineRevision.objects.none(), label=_("After"), empty_label=None)

    def __init__(self, data: dict[str, object], revisions: QuerySet[BaselineRevision]) -> None:
        super().__init__(data)
        for field in self.fields.values():
            field.queryset = revisions  # type: ignore[attr-defined]


@require_GET
@permission_required("deployments.view_baseline")
def compare(request: HttpRequest) -> HttpResponse:
    """`?before=3&after=7`; without them the revision in force and the one before it."""
    user = person(request)
    revisions = BaselineRevision.objects.visible_to(user).select_related("baseline__semester").order_by("-pk")
    form = ComparisonForm({**_in_force(revisions), **request.GET.dict()}, revisions)
    context: dict[str, object] = {"form": form, "any": revisions.exists()}
    if form.is_valid():
        before, after = form.cleaned_data["before"], form.cleaned_data["after"]
        found = differences(_entries(user, before), _entries(user, after))
        context |= {"before": before, "after": after, "differences": found}
    return render(request, "deployments/comparison.html", context)


def _in_force(revisions: QuerySet[BaselineRevision]) -> dict[str, object]:
    active = revisions.filter(status=BaselineRevision.Status.ACTIVE).first()
    return {"before": active.based_on_id or active.pk, "after": active.pk} if active else {}


def _entries(user: User, revision: BaselineRevision) -> list[BaselineEntry]:
    return sorted(entries_visible_to(user).filter(revision=revision), key=reading_order)


@require_GET
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole revision; so only for those who read all of it."""
    user = person(request)
    revisions = BaselineRevision.objects.visible_to(user).select_related("baseline__semester")
    found = get_object_or_404(revisions, pk=pk)
    require(user, "deployments.export_revision")
    response = HttpResponse(as_yaml(found), content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file_name(found)}"'
    return response


class ImportForm(Styled, forms.Form):
    file = forms.FileField(label=_("The reviewed file"), help_text=_("YAML, as the portal exports a revision."))

    def clean_file(self) -> str:
        uploaded = self.cleaned_data["file"]
        if uploaded.size > MOST_BYTES:
            raise forms.ValidationError(_("The file is too large to be a baseline."))
        try:
            return str(uploaded.read().decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise forms.ValidationError(_("The file is not text in UTF-8.")) from error


@require_http_methods(["GET", "POST"])
def import_file(request: HttpRequest, pk: int) -> HttpResponse:
    user = person(request)
    baseline = get_object_or_404(Baseline.objects.visible_to(user).select_related("semester"), pk=pk)
    require(user, "deployments.edit_baseline")
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if form.is_bound and form.is_valid():
        try:
            draft = import_draft(baseline, form.cleaned_data["file"], by=user)
        except RefusedFile as error:
            form.add_error("file", [str(problem) for problem in error.problems[:50]])
        else:
            messages.success(request, _("The draft says what the file says."))
            return redirect(draft)
    context = {"baseline": baseline, "form": form}
    return render(request, "deployments/import.html", context, status=400 if form.is_bound else 200)
