"""Input rules of the pages on which IT acts on computers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fleet.models import Device
from intune_sync.models import ActionOrder
from intune_sync.services.imports import FileRow, read_file
from schools.forms import Styled
from schools.models import School

MOST_BYTES = 30_000_000


class ImportForm(Styled, forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("As Windows writes it: Device Serial Number, Windows Product ID, Hardware Hash."),
    )
    school = forms.ModelChoiceField(
        School.objects.none(),
        label=gettext_lazy("School"),
        required=False,
        empty_label=gettext_lazy("No school"),
        help_text=gettext_lazy("Its group tag is used where the file has none."),
    )
    group_tag = forms.CharField(
        label=gettext_lazy("Another group tag"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("Instead of the school’s. Upper and lower case matter."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["school"].queryset = School.objects.exclude(group_tag="").order_by("name")  # type: ignore[attr-defined]

    def clean_file(self) -> list[FileRow]:
        uploaded: UploadedFile[Any] = self.cleaned_data["file"]
        self.file_name = uploaded.name or ""
        if (uploaded.size or 0) > MOST_BYTES:
            raise ValidationError(_("The file is too large."))
        return read_file(uploaded.read())


class MarkForm(Styled, forms.Form):
    group_tag = forms.CharField(
        label=gettext_lazy("Group tag"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("Upper and lower case matter."),
    )
    changes_user = forms.ChoiceField(
        label=gettext_lazy("User"),
        choices=[
            ("keep", gettext_lazy("Leave as it is")),
            ("set", gettext_lazy("Give the computer to the user below")),
            ("clear", gettext_lazy("Take the user away")),
        ],
        initial="keep",
    )
    user = forms.EmailField(label=gettext_lazy("The user’s sign-in name"), required=False)
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if said.get("changes_user") == "set" and not said.get("user"):
            self.add_error("user", _("Say which user."))
        return said

    @property
    def marks(self) -> dict[str, str | None]:
        """`group_tag` and `user` as `services.identities.mark_identity` wants them."""
        users: dict[str, str | None] = {"keep": None, "clear": "", "set": self.cleaned_data["user"]}
        tag = self.cleaned_data["group_tag"]
        is_new = tag.strip() != self.initial.get("group_tag", "")
        return {"group_tag": tag if is_new else None, "user": users[self.cleaned_data["changes_user"]]}


class OrderForm(Styled, forms.Form):
    action = forms.ChoiceField(label=gettext_lazy("Action"), choices=ActionOrder.Action.choices)
    devices = forms.CharField(
        label=gettext_lazy("Serial numbers"),
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("One on each line."),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))

    def clean_devices(self) -> list[Device]:
        return devices_with(self.cleaned_data["devices"].split())


def devices_with(serial_numbers: list[str]) -> list[Device]:
    """Raises ValidationError for a serial number that no computer has."""
    wanted = {serial.upper(): serial for serial in serial_numbers}
    found = {
        device.serial_number.upper(): device
        for device in Device.objects.select_related("school").filter(serial_number__in=_spellings(serial_numbers))
    }
    missing = [wanted[serial] for serial in wanted if serial not in found]
    if missing:
        raise ValidationError(_("No computer has this serial number: %(serials)s.") % {"serials": ", ".join(missing)})
    return [found[serial] for serial in wanted]


def _spellings(serial_numbers: list[str]) -> set[str]:
    return {spelt for serial in serial_numbers for spelt in (serial, serial.upper(), serial.lower())}
