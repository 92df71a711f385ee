"""Input of the pages about requests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from deployments.models import Application, AppRequest
from deployments.requests.answers import named
from deployments.services.requests import Wish
from schools.access import APPROVER, SCHOOL_IT, TEACHER
from schools.forms import Styled
from schools.models import ClassGroup, RoleAssignment, School, User

USUALLY_NEEDED_WITHIN = timedelta(days=28)
TODAY_OR_LATER = _("Choose a day from today on.")


class WishForm(Styled, forms.Form):
    """What a school is used to state. Everything but the application and the purpose is filled in beforehand."""

    what = forms.CharField(
        label=_("Application"), max_length=200, help_text=_("One from the list, or another by its name.")
    )
    purpose = forms.CharField(
        label=_("What it is for in the teaching"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )
    school = forms.ModelChoiceField(School.objects.none(), label=_("School"), empty_label=None)
    class_group = forms.ModelChoiceField(
        ClassGroup.objects.none(), label=_("For whom"), required=False, empty_label=_("The whole school")
    )
    needed_by = forms.DateField(label=_("Needed by"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    responsible_teacher = forms.ModelChoiceField(User.objects.none(), label=_("Responsible teacher"), empty_label=None)
    licence_note = forms.CharField(
        label=_("Licence"), max_length=200, required=False, help_text=_("For example that the school has bought some.")
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, user: User, **options: Any) -> None:
        schools = schools_of(user)
        initial = {
            "needed_by": timezone.localdate() + USUALLY_NEEDED_WITHIN,
            "responsible_teacher": user.pk,
            "school": schools[0].pk if schools else None,
            **options.pop("initial", {}),
        }
        super().__init__(data, initial=initial, auto_id="wish_%s", **options)
        keys = [school.pk for school in schools]
        self._offer("school", School.objects.filter(pk__in=keys))
        self._offer("class_group", ClassGroup.objects.current().filter(school__in=keys).select_related("school"))
        self._offer("responsible_teacher", working_at(keys))
        self.fields["what"].widget.attrs |= {"list": "applications", "autocomplete": "off"}
        if len(schools) > 1:
            group: Any = self.fields["class_group"]
            group.label_from_instance = lambda each: f"{each.name}, {each.school}"

    def _offer(self, name: str, rows: QuerySet[Any]) -> None:
        field: Any = self.fields[name]
        field.queryset = rows

    def clean_needed_by(self) -> Any:
        day = self.cleaned_data["needed_by"]
        if day < timezone.localdate():
            raise forms.ValidationError(TODAY_OR_LATER)
        return day

    @property
    def wish(self) -> Wish:
        said = dict(self.cleaned_data)
        what = said.pop("what")
        application = named(what)
        return Wish(application=application, wanted="" if application else what.strip(), **said)

    def add_rule_errors(self, messages: Mapping[str, list[str]]) -> None:
        """Show what the domain refused beside the field it is about."""
        for rule, texts in messages.items():
            name = "what" if rule in ("application", "wanted") else rule
            for text in texts:
                self.add_error(name if name in self.fields else None, text)


class ReasonForm(Styled, forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


class MessageForm(Styled, forms.Form):
    text = forms.CharField(
        label=_("Question or answer"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2, "id": "message"})
    )


class NameForm(Styled, forms.Form):
    application = forms.ModelChoiceField(Application.objects.all(), label=_("Application in the catalogue"))


class DeputyForm(Styled, forms.Form):
    school = forms.ModelChoiceField(School.objects.none(), label=_("School"), empty_label=None)
    deputy = forms.ModelChoiceField(User.objects.none(), label=_("Hand over to"), empty_label=_("Choose somebody"))
    until = forms.DateField(
        label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}), help_text=_("At most 90 days from today.")
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, user: User, **options: Any) -> None:
        super().__init__(data, **options)
        keys = [key for key, roles in user.access.at.items() if APPROVER in roles]
        for name, rows in {
            "school": School.objects.filter(pk__in=keys),
            "deputy": working_at(keys).exclude(pk=user.pk),
        }.items():
            field: Any = self.fields[name]
            field.queryset = rows


def schools_of(user: User) -> list[School]:
    """Where this person may ask for applications, by name."""
    keys = [key for key, roles in user.access.at.items() if roles & {APPROVER, SCHOOL_IT, TEACHER}]
    return list(School.objects.filter(pk__in=keys).select_related("school_form"))


def working_at(schools: list[int]) -> QuerySet[User]:
    held = RoleAssignment.objects.current(timezone.now()).filter(school__in=schools)
    return User.objects.filter(is_active=True, pk__in=held.values("user"))


def draft_as_initial(request: AppRequest) -> dict[str, Any]:
    return {
        "what": str(request),
        "purpose": request.purpose,
        "school": request.school_id,
        "class_group": request.class_group_id,
        "needed_by": request.needed_by,
        "responsible_teacher": request.responsible_teacher_id,
        "licence_note": request.licence_note,
    }
