"""The form of a proposal: only what its kind asks for, and what it says so far while it is being filled in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from deployments.committee.calendar import is_open_for_proposals
from deployments.forms import KINDS, container_choices
from deployments.models import Application, AppVersion, Baseline, Intent, Proposal
from deployments.services.profiles import Owner, container_of, profile_of
from schools.forms import Styled

Kind = Proposal.Kind
ASKED_FOR = {
    Kind.ADD.value: ("container", "intent", "version"),
    Kind.REMOVE.value: ("container",),
    Kind.REPLACE.value: ("replaces", "container", "intent", "version"),
    Kind.VERSION.value: ("container", "intent", "version"),
    Kind.SCOPE.value: ("container", "intent", "version"),
    Kind.PROFILE.value: ("moved_from", "container", "intent", "version"),
}
"""Fields by kind, after those that every kind has."""
ALWAYS = ("baseline", "kind", "application")


class ProposalForm(Styled, forms.Form):
    baseline = forms.ModelChoiceField(Baseline.objects.none(), label=_("Semester"), empty_label=None)
    kind = forms.ChoiceField(label=_("What you propose"), choices=Kind.choices)
    application = forms.ModelChoiceField(
        Application.objects.all(), label=_("Application"), empty_label=_("Choose an application")
    )
    replaces = forms.ModelChoiceField(
        Application.objects.all(),
        label=_("Instead of"),
        required=False,
        empty_label=_("Choose the application that goes"),
    )
    moved_from = forms.ChoiceField(
        label=_("Move the rule from"),
        required=False,
        help_text=_("Leave it empty when the rule stays where it is and only says something else."),
    )
    container = forms.ChoiceField(label=_("Who it is for"), help_text=_("Everything in the container gets the same."))
    intent = forms.ChoiceField(
        label=_("How"),
        choices=[
            (Intent.REQUIRED, _("Required: it installs by itself")),
            (Intent.AVAILABLE, _("Available: whoever uses the computer may install it")),
        ],
        required=False,
    )
    version = forms.ModelChoiceField(
        AppVersion.objects.none(), label=_("Version"), required=False, empty_label=_("The latest version")
    )
    reason = forms.CharField(
        label=_("Why"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("The committee reads it."),
    )

    def __init__(self, *args: Any, on: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        baselines = Baseline.objects.select_related("semester").order_by("-semester__starts_on")[:4]
        self.open = [each for each in baselines if is_open_for_proposals(each.semester, on)]
        semesters: Any = self.fields["baseline"]
        semesters.queryset = Baseline.objects.filter(pk__in=[each.pk for each in self.open])
        semesters.choices = [(each.pk, str(each)) for each in self.open]
        containers = container_choices()
        container: Any = self.fields["container"]
        container.choices = [("", _("Choose a container")), *containers]
        former: Any = self.fields["moved_from"]
        former.choices = [("", _("It does not move")), *containers]
        self._offer_versions()

    def _offer_versions(self) -> None:
        """Those of the application that is chosen."""
        chosen = str(self["application"].value() or "")
        versions: Any = self.fields["version"]
        if chosen.isdecimal() and len(chosen) < 19:
            versions.queryset = AppVersion.objects.filter(application=int(chosen)).order_by("platform", "-pk")
            versions.label_from_instance = lambda each: f"{each.version} ({each.get_platform_display()})"

    @property
    def shown(self) -> list[Any]:
        """The fields that the chosen kind asks for, but for the reason."""
        asked = ASKED_FOR.get(str(self["kind"].value() or Kind.ADD), ASKED_FOR[Kind.ADD])
        return [self[name] for name in (*ALWAYS, *asked)]

    @property
    def says(self) -> dict[str, Any]:
        """As `propose` takes it."""
        said = self._columns | {"profile": profile_of(self._owner("container")), "reason": self.cleaned_data["reason"]}
        return said | {"moved_from": profile_of(self._owner("moved_from"))} if self._moves else said

    @property
    def says_so_far(self) -> dict[str, Any]:
        """Columns of a proposal that is not stored, as far as they are filled in; containers that are not stored
        either are not made for it. Call it after `is_valid`, whatever that answered."""
        columns = self._columns
        if not self.cleaned_data.get("kind"):
            return {}
        if self.cleaned_data.get("container"):
            columns |= {"profile": container_of(self._owner("container"))}
        if self._moves:
            columns |= {"moved_from": container_of(self._owner("moved_from"))}
        return columns

    @property
    def _columns(self) -> dict[str, Any]:
        said = self.cleaned_data
        asked = (*ALWAYS, *ASKED_FOR.get(said.get("kind", ""), ()))
        names = [name for name in ("baseline", "kind", "application", "replaces", "version") if name in asked]
        columns: dict[str, Any] = {name: said[name] for name in names if said.get(name)}
        return {**columns, "intent": (said.get("intent") or Intent.REQUIRED) if "intent" in asked else ""}

    @property
    def _moves(self) -> bool:
        return self.cleaned_data.get("kind") == Kind.PROFILE and bool(self.cleaned_data.get("moved_from"))

    def _owner(self, field: str) -> Owner:
        kind, _colon, key = self.cleaned_data[field].partition(":")
        return KINDS[kind].objects.get(pk=key)
