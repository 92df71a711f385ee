"""Input of the pages on which the catalogue is kept."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from deployments.models import Application, AppVersion, Capability, LicencePool, Subject, VettingCard
from fleet.models import Platform
from schools.access import COMMITTEE, IT_ADMIN
from schools.forms import Styled
from schools.models import School, User
from schools.services.notify import holders_of

DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class ApplicationForm(Styled, forms.ModelForm):  # type: ignore[type-arg]
    subjects = forms.ModelMultipleChoiceField(
        Subject.objects.all(), label=_("Subjects"), required=False, widget=forms.CheckboxSelectMultiple
    )
    more_subjects = forms.CharField(
        label=_("More subjects"),
        required=False,
        max_length=500,
        help_text=_("Subjects that are not in the list, with commas between."),
    )
    field_order = ["description", "publisher", "owner", "subjects", "more_subjects", "first_grade", "last_grade"]

    class Meta:
        model = Application
        fields = ["publisher", "description", "owner", "first_grade", "last_grade"]
        widgets = {"description": forms.Textarea(attrs={"rows": 4})}
        help_texts = {"owner": _("Who knows the application, and is told when its vetting or a licence ends.")}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        application: Application = self.instance
        people = holders_of(IT_ADMIN, COMMITTEE)
        owner: Any = self.fields["owner"]
        owner.queryset = User.objects.filter(Q(pk__in=people) | Q(pk=application.owner_id))
        self.fields["subjects"].widget.attrs["class"] = "form-check-input"
        self.initial["subjects"] = [subject.pk for subject in application.subjects.all()]

    @property
    def described(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.Meta.fields}

    @property
    def new_subjects(self) -> list[str]:
        return [name for name in self.cleaned_data["more_subjects"].split(",") if name.strip()]


class NewApplicationForm(Styled, forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=200,
        help_text=_("As it is called in Intune, or will be: its versions come under the application of the same name."),
    )


class VersionForm(Styled, forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = AppVersion
        fields = ["minimum_disk_mb", "minimum_memory_mb", "minimum_os"]


class LicenceForm(Styled, forms.ModelForm):  # type: ignore[type-arg]
    school = forms.ModelChoiceField(
        School.objects.all(), label=_("School"), required=False, empty_label=_("All schools")
    )

    class Meta:
        model = LicencePool
        fields = ["school", "seats", "cost_per_year", "ends_on", "note"]
        widgets = {"ends_on": DATE}


class VettingForm(Styled, forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = VettingCard
        fields = [
            "personal_data",
            "agreement",
            "agreement_reference",
            "assessment",
            "minimum_age",
            "data_region",
            "accessibility",
            "cost_note",
            "valid_until",
        ]
        widgets = {"valid_until": DATE}
        help_texts = {
            "personal_data": _("What the application learns of pupils and staff."),
            "minimum_age": _("By the supplier's terms; 0 when they name none."),
            "cost_note": _("For example what a seat costs, or that it is free of charge."),
            "valid_until": _("The vetting has to be looked at again by this day."),
        }


class CapabilityForm(Styled, forms.ModelForm):  # type: ignore[type-arg]
    """The name, and a field of each platform's name for its application."""

    class Meta:
        model = Capability
        fields = ["name"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = self.instance.choices.all() if self.instance.pk else []
        chosen = {each.platform: each.application_id for each in choices}
        for platform in Platform:
            applications = Application.objects.filter(
                pk__in=AppVersion.objects.filter(platform=platform).order_by().values("application")
            )
            self.fields[platform.value] = forms.ModelChoiceField(
                applications,
                label=_("Application for %(platform)s") % {"platform": platform.label},
                required=False,
                empty_label=_("None yet"),
                initial=chosen.get(platform.value),
                widget=forms.Select(attrs={"class": "form-select"}),
            )

    @property
    def chosen(self) -> dict[str, Application | None]:
        return {platform.value: self.cleaned_data[platform.value] for platform in Platform}
