"""Input rules of this room's pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from deployments.models import Application
from intune_sync.payloads.new_apps import WEB, WINGET
from intune_sync.services.new_apps import NewApp
from schools.forms import Styled


class NewAppForm(Styled, forms.Form):
    """What Intune needs to know of an app that has no file to upload."""

    type = forms.ChoiceField(
        label=_("Kind"), choices=[(WINGET, _("Windows program from the Store (winget)")), (WEB, _("Web page"))]
    )
    name = forms.CharField(label=_("Name"), max_length=200)
    publisher = forms.CharField(label=_("Publisher"), max_length=200)
    package = forms.CharField(
        label=_("Package id"),
        max_length=100,
        required=False,
        help_text=_("For a Windows program, as the Store has it; for example 9WZDNCRFJ3PZ."),
    )
    address = forms.URLField(
        label=_("Web address"),
        max_length=500,
        required=False,
        assume_scheme="https",
        help_text=_("For a web page; it begins with https."),
    )
    description = forms.CharField(
        label=_("Description"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    application = forms.ModelChoiceField(
        Application.objects.none(),
        label=_("Application in the catalogue"),
        required=False,
        empty_label=_("A new one with this name"),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["application"].queryset = Application.objects.all()  # type: ignore[attr-defined]

    def as_new_app(self) -> NewApp:
        application = self.cleaned_data["application"]
        return NewApp(**{**self.cleaned_data, "application": application.name if application else ""})
