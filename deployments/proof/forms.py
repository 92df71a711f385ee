"""Input of the pages of the follow-up."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from deployments.models import Assumption
from deployments.proof.answers import Narrowing
from deployments.proof.left import Cause
from deployments.status import DeviceStatus
from fleet.filters import LARGEST_KEY
from schools.forms import Styled


class AssumptionForm(Styled, forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Assumption
        fields = ["value", "source"]
        labels = {"value": _("Value"), "source": _("Source")}


class NarrowingForm(forms.Form):
    """What the address of a list of computers says. A choice that makes no sense shows nothing rather than all."""

    status = forms.ChoiceField(choices=[("", ""), *DeviceStatus.choices], required=False)
    cause = forms.ChoiceField(choices=[("", ""), *Cause.choices], required=False)
    school = forms.IntegerField(min_value=0, max_value=LARGEST_KEY, required=False)
    version = forms.IntegerField(min_value=1, max_value=LARGEST_KEY, required=False)
    model = forms.IntegerField(min_value=1, max_value=LARGEST_KEY, required=False)
    error = forms.CharField(max_length=20, required=False)

    @property
    def narrowing(self) -> Narrowing:
        said = self.cleaned_data
        error = said["error"] if "error" in self.data else None
        return Narrowing(said["status"], said["cause"], said["version"], said["model"], error)
