"""Input of the pages about exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deployments.exceptions.limits import latest_last_day
from deployments.exceptions.readiness import Place
from deployments.models import Application, AppVersion, Semester, SoftwareException
from deployments.requests.answers import named
from deployments.requests.forms import schools_of
from deployments.services.exceptions import Asked
from fleet.models import Device
from schools.access import IT_ADMIN
from schools.forms import Styled
from schools.models import ClassGroup, User

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class ExceptionForm(Styled, forms.Form):
    """For the computer or the class group whose page it was reached from, or for one that is named."""

    what = forms.CharField(label=gettext_lazy("Application"), max_length=200)
    kind = forms.ChoiceField(label=gettext_lazy("What the exception says"), choices=SoftwareException.Kind.choices)
    computer = forms.CharField(
        label=gettext_lazy("Computer"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("Its name or serial number. Leave it empty for a class group."),
    )
    class_group = forms.ModelChoiceField(
        ClassGroup.objects.none(),
        label=gettext_lazy("Class group"),
        required=False,
        empty_label=gettext_lazy("No class group, but the computer above"),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why it is needed"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )
    starts_on = forms.DateField(label=gettext_lazy("First day"), widget=DAY)
    ends_on = forms.DateField(label=gettext_lazy("Last day"), widget=DAY)
    version = forms.CharField(
        label=gettext_lazy("Version"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("Leave it empty for the latest."),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, user: User, **options: Any) -> None:
        today = timezone.localdate()
        initial = {"starts_on": today, "ends_on": end_of_term(today), **options.pop("initial", {})}
        super().__init__(data, initial=initial, auto_id="exception_%s", **options)
        self.user = user
        groups = ClassGroup.objects.current().select_related("school__school_form")
        if IT_ADMIN not in user.access.everywhere:
            groups = groups.filter(school__in=[school.pk for school in schools_of(user)])
        chosen: Any = self.fields["class_group"]
        chosen.queryset = groups.order_by("school__name", "name")
        chosen.label_from_instance = lambda each: f"{each.name}, {each.school}"
        self.fields["what"].widget.attrs |= {"list": "applications", "autocomplete": "off"}
        self.fields["ends_on"].help_text = _("At the latest %(day)s; it then ends by itself.") % {
            "day": latest_last_day(today).isoformat()
        }

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if bool(said.get("computer")) == bool(said.get("class_group")):
            raise ValidationError(_("Name one computer or one class group."))
        return said

    def clean_what(self) -> Application:
        found = named(self.cleaned_data["what"])
        if found is None:
            raise ValidationError(_("Choose an application of the catalogue. Ask for others as a request."))
        return found

    def clean_computer(self) -> Device | None:
        text = self.cleaned_data["computer"].strip()
        if not text:
            return None
        mine = Device.objects.visible_to(self.user).select_related("school__school_form", "class_group")
        found = list(mine.matching(text)[:2])
        exact = [
            each for each in found if text.casefold() in (each.observed_name.casefold(), each.serial_number.casefold())
        ]
        if len(exact or found) != 1:
            raise ValidationError(_("No single computer of yours has that name or serial number."))
        return (exact or found)[0]

    def clean_version(self) -> AppVersion | None:
        text, application = self.cleaned_data["version"].strip(), self.cleaned_data.get("what")
        if not text or application is None:
            return None
        found = AppVersion.objects.filter(application=application, version=text).first()
        if found is None:
            raise ValidationError(_("There is no such version in Intune."))
        return found

    @property
    def asked(self) -> Asked:
        said = self.cleaned_data
        place: Place = said["computer"] or said["class_group"]
        return Asked(
            application=said["what"],
            kind=said["kind"],
            place=place,
            reason=said["reason"],
            starts_on=said["starts_on"],
            ends_on=said["ends_on"],
            version=said["version"],
        )

    def add_rule_errors(self, error: ValidationError) -> None:
        """Show what the domain refused beside the field it is about."""
        by_field = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        for rule, texts in by_field.items():
            name = {"application": "what", "intent": "kind", "action": "kind"}.get(rule, rule)
            for text in texts:
                self.add_error(name if name in self.fields else None, text)


def end_of_term(today: date) -> date | None:
    """What most exceptions are for: the rest of the semester."""
    semester = Semester.objects.filter(ends_on__gte=today).order_by("ends_on").first()
    return semester.ends_on if semester else None
