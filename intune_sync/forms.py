"""Input rules of this room's pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from deployments.models import Application
from intune_sync.payloads.new_apps import WEB, WINGET
from intune_sync.services.new_apps import NewApp
from schools.forms import Styled

PACKAGE = RegexValidator(
    r"\A[A-Za-z0-9][A-Za-z0-9.+_-]*\Z", _("A package id has letters, digits and the signs . + _ - only.")
)


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
        validators=[PACKAGE],
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

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        needed = "package" if cleaned.get("type") == WINGET else "address"
        if not cleaned.get(needed) and needed not in self.errors:
            self.add_error(needed, ValidationError(_("Fill this in for that kind of app."), code="required"))
        if cleaned.get("address") and not cleaned["address"].startswith("https://"):
            self.add_error("address", ValidationError(_("The address has to begin with https.")))
        return cleaned

    def as_new_app(self) -> NewApp:
        found = self.cleaned_data
        is_program = found["type"] == WINGET
        return NewApp(
            type=found["type"],
            name=found["name"],
            publisher=found["publisher"],
            description=found["description"],
            package=found["package"] if is_program else "",
            address="" if is_program else found["address"],
            application=found["application"].name if found["application"] else "",
        )
