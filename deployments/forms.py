"""Input of the pages on which the next revision is prepared."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from deployments.committee.calendar import DATES, check_order
from deployments.models import Application, AppVersion, BaselineEntry, Capability, Intent, Semester, SoftwareProfile
from deployments.services.profiles import Owner
from fleet.models import Device
from schools.forms import Styled
from schools.models import ClassGroup, Municipality, School, SchoolForm

KINDS: dict[str, type[Municipality | SchoolForm | School | ClassGroup | Device]] = {
    "municipality": Municipality,
    "school_form": SchoolForm,
    "school": School,
    "class_group": ClassGroup,
    "device": Device,
}
REMOVE = BaselineEntry.Action.REMOVE
FIELD_OF_RULE = {"action": "decision", "intent": "decision"}


class DecisionForm(Styled, forms.Form):
    """What a container shall say of an application that is already chosen."""

    decision = forms.ChoiceField(
        label=_("What the computers shall have"),
        choices=[
            (Intent.REQUIRED, _("Required: it installs by itself")),
            (Intent.AVAILABLE, _("Available: whoever uses the computer may install it")),
            (Intent.UNINSTALL, _("Uninstall: it is taken off the computers that have it")),
            (REMOVE, _("Remove: do without what a wider container gives; what is installed stays")),
        ],
    )
    version = forms.ModelChoiceField(
        AppVersion.objects.none(),
        label=_("Version"),
        required=False,
        empty_label=_("The latest version"),
        help_text=_("A version that is chosen here holds for its own platform; others follow the latest."),
    )

    def __init__(self, *args: Any, application: Application | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        versions = AppVersion.objects.select_related("application").order_by("application__name", "platform", "-pk")
        if application is not None:
            versions = versions.filter(application=application)
        self.by_application: dict[Application, list[AppVersion]] = defaultdict(list)
        for version in versions:
            self.by_application[version.application].append(version)
        field: Any = self.fields["version"]
        field.queryset = versions
        field.choices = [("", field.empty_label), *self._version_choices()]

    def _version_choices(self) -> list[tuple[str, list[tuple[int, str]]]]:
        return [
            (application.name, [(each.pk, f"{each.version} ({each.get_platform_display()})") for each in versions])
            for application, versions in self.by_application.items()
        ]

    @property
    def says(self) -> dict[str, Any]:
        """As `put_entry` takes it."""
        decision, version = self.cleaned_data["decision"], self.cleaned_data["version"]
        if decision == REMOVE:
            return {"action": REMOVE, "intent": "", "version": None}
        return {"action": BaselineEntry.Action.ADD, "intent": decision, "version": version}

    def add_rule_errors(self, messages: dict[str, list[str]]) -> None:
        """Show what the domain refused beside the field it is about."""
        for rule, texts in messages.items():
            name = FIELD_OF_RULE.get(rule, rule)
            for text in texts:
                self.add_error(name if name in self.fields else None, text)


class EntryForm(DecisionForm):
    """A new entry: the container and the application are chosen too."""

    container = forms.ChoiceField(label=_("Container"), help_text=_("Everything in it gets the same."))
    application = forms.ModelChoiceField(
        Application.objects.filter(versions__isnull=False).distinct(),
        label=_("Application"),
        required=False,
        empty_label=_("Choose an application"),
        help_text=_("Applications that are missing here are taken up under “Apps in Intune”."),
    )
    capability = forms.ModelChoiceField(
        Capability.objects.filter(choices__isnull=False).distinct(),
        label=_("Or a capability"),
        required=False,
        empty_label=_("None, the application above"),
        help_text=_("Each computer then gets the application that is chosen for its platform."),
    )
    field_order = ["container", "application", "capability", "decision", "version"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        container: Any = self.fields["container"]
        chosen = str(self.data.get("container", "") or self.initial.get("container", ""))
        container.choices = [("", _("Choose a container")), *container_choices(), *_single_computer(chosen)]
        field: Any = self.fields["application"]
        field.choices = [("", field.empty_label), *((each.pk, each.name) for each in self.by_application)]
        capability: Any = self.fields["capability"]
        choices = [(each.pk, each.name) for each in capability.queryset]
        capability.choices = [("", capability.empty_label), *choices]
        if not choices:
            del self.fields["capability"]

    def clean(self) -> dict[str, Any]:
        application, capability = self.cleaned_data.get("application"), self.cleaned_data.get("capability")
        if not application and not capability and "application" not in self.errors:
            self.add_error("application", _("Choose an application."))
        if application and capability:
            self.add_error("capability", _("Choose either an application or a capability, not both."))
        return self.cleaned_data

    @property
    def capability_chosen(self) -> Capability | None:
        chosen: Capability | None = self.cleaned_data.get("capability")
        return chosen

    @property
    def applications(self) -> list[Application]:
        """The application that is chosen, or the capability's."""
        if self.capability_chosen is None:
            return [self.cleaned_data["application"]]
        return list(Application.objects.filter(pk__in=self.capability_chosen.choices.values("application")))

    @property
    def owner(self) -> Owner:
        kind, _colon, key = self.cleaned_data["container"].partition(":")
        return KINDS[kind].objects.get(pk=key)


class ReasonForm(Styled, forms.Form):
    reason = forms.CharField(
        label=_("What changes and why"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class SemesterForm(Styled, forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Semester
        fields = ["year", "term", "starts_on", "ends_on", *DATES]
        widgets = {
            name: forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            for name in ("starts_on", "ends_on", *DATES)
        }

    def clean(self) -> dict[str, Any]:
        check_order(self.cleaned_data)
        return self.cleaned_data


def _single_computer(chosen: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """The computer that was come from; there are too many to choose among."""
    kind, _colon, key = chosen.partition(":")
    found = Device.objects.filter(pk=key).first() if kind == "device" and key.isdecimal() and len(key) < 19 else None
    return [(str(SoftwareProfile.Level.DEVICE.label), [(chosen, str(found))])] if found else []


def container_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """`kind:key` under the name of the level. Three queries."""
    levels = SoftwareProfile.Level
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in Municipality.objects.all():
        groups[str(levels.MUNICIPALITY.label)].append((f"municipality:{row.pk}", row.name))
    for form in SchoolForm.objects.all():
        groups[str(levels.SCHOOL_FORM.label)].append((f"school_form:{form.pk}", str(form)))
    schools = School.objects.order_by("name", "pk", "class_groups__name")
    found = schools.values_list("pk", "name", "class_groups__pk", "class_groups__name", "class_groups__removed_at")
    groups[str(levels.SCHOOL.label)] = [
        (f"school:{key}", name) for key, name in {row[0]: row[1] for row in found}.items()
    ]
    classes = [
        (f"class_group:{key}", f"{school}, {name}") for _pk, school, key, name, removed in found if key and not removed
    ]
    return [*groups.items(), *([(str(levels.CLASS_GROUP.label), classes)] if classes else [])]
