"""Input of the committee's pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from deployments.committee.calendar import DATES, check_order, is_open_for_proposals
from deployments.forms import KINDS, container_choices
from deployments.models import (
    Application,
    AppVersion,
    Baseline,
    Delegation,
    Intent,
    Meeting,
    Proposal,
    Seat,
    Semester,
    Vote,
)
from deployments.services.profiles import Owner
from schools.access import COMMITTEE, IT_ADMIN
from schools.forms import Styled
from schools.models import Administration, User
from schools.services.notify import holders_of

DAY = {"type": "date"}
MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


def show(form: Any, error: ValidationError) -> None:
    """What the domain refused, beside the field it is about."""
    messages = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    for name, texts in messages.items():
        for text in texts:
            form.add_error(name if name in form.fields else None, text)


class ProposalForm(Styled, forms.Form):
    baseline = forms.ModelChoiceField(Baseline.objects.none(), label=_("Semester"), empty_label=None)
    kind = forms.ChoiceField(label=_("What you propose"), choices=Proposal.Kind.choices)
    application = forms.ModelChoiceField(Application.objects.all(), label=_("Application"))
    replaces = forms.ModelChoiceField(
        Application.objects.all(),
        label=_("Instead of"),
        required=False,
        help_text=_("Only when one application replaces another."),
    )
    container = forms.ChoiceField(label=_("Who it is for"), help_text=_("Everything in the container gets the same."))
    intent = forms.ChoiceField(
        label=_("How"),
        choices=[
            (Intent.REQUIRED, _("Required: it installs by itself")),
            (Intent.AVAILABLE, _("Available: whoever uses the computer may install it")),
        ],
        required=False,
        help_text=_("Means nothing for a removal."),
    )
    version = forms.ModelChoiceField(
        AppVersion.objects.select_related("application").order_by("application__name", "platform", "-pk"),
        label=_("Version"),
        required=False,
        empty_label=_("The latest version"),
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
        container: Any = self.fields["container"]
        container.choices = [("", _("Choose a container")), *container_choices()]

    @property
    def owner(self) -> Owner:
        kind, _colon, key = self.cleaned_data["container"].partition(":")
        return KINDS[kind].objects.get(pk=key)

    @property
    def says(self) -> dict[str, Any]:
        """As `propose` takes it, but for the container."""
        names = ("kind", "application", "replaces", "version", "reason")
        said = {name: self.cleaned_data[name] for name in names}
        return {**said, "intent": self.cleaned_data["intent"] or Intent.REQUIRED}


class CommentForm(Styled, forms.Form):
    text = forms.CharField(label=_("Comment"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class WhyForm(Styled, forms.Form):
    reason = forms.CharField(label=_("Why"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))


class SeatForm(Styled, forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Seat
        fields = ["name", "administration", "holder"]
        labels = {"administration": _("Administration"), "holder": _("Held by")}
        help_texts = {"administration": _("Quorum asks for each administration. Empty: the seat speaks for all.")}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        holder: Any = self.fields["holder"]
        holder.queryset = _members(self.instance.holder_id)
        holder.empty_label = _("Nobody")
        administration: Any = self.fields["administration"]
        administration.empty_label = _("All administrations")


class MeetingForm(Styled, forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Meeting
        fields = ["baseline", "starts_at", "place", "chair", "secretary"]
        labels = {"baseline": _("Semester"), "chair": _("Chair"), "secretary": _("Secretary")}
        widgets = {"starts_at": MOMENT}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in ("chair", "secretary"):
            field: Any = self.fields[name]
            field.queryset = _members(getattr(self.instance, f"{name}_id"))
            field.required = True
        if "baseline" in self.fields:
            baseline: Any = self.fields["baseline"]
            baseline.queryset = Baseline.objects.select_related("semester")


class MeetingDetailsForm(MeetingForm):
    """A meeting that is called already; its semester stands."""

    class Meta(MeetingForm.Meta):
        fields = ["starts_at", "place", "chair", "secretary", "registration_number", "secrecy"]


class ItemForm(Styled, forms.Form):
    title = forms.CharField(label=_("What the item is about"), max_length=200)
    text = forms.CharField(label=_("Facts"), max_length=10000, required=False, widget=forms.Textarea(attrs={"rows": 3}))


class SeatsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """By the people who hold them."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.holder} – {obj.name}"


class PresenceForm(forms.Form):
    present = SeatsField(
        Seat.objects.select_related("administration", "holder").filter(holder__isnull=False),
        label=_("Present"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class NoteForm(Styled, forms.Form):
    note = forms.CharField(
        label=_("Discussion"), max_length=10000, required=False, widget=forms.Textarea(attrs={"rows": 6})
    )
    edition = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class VoteForm(forms.Form):
    """`seen` is the seat's vote (or reservation) as the page showed it."""

    seat = forms.ModelChoiceField(Seat.objects.all())
    choice = forms.ChoiceField(choices=[("", ""), *Vote.Choice.choices], required=False)
    seen = forms.CharField(required=False)


class ReservationForm(Styled, forms.Form):
    seat = forms.ModelChoiceField(Seat.objects.none(), label=_("Seat"), empty_label=None)
    reservation = forms.CharField(
        label=_("Reservation"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, seats: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["seat"]
        field.queryset = seats


class OutcomeForm(forms.Form):
    outcome = forms.CharField(max_length=10, required=False)
    edition = forms.IntegerField(min_value=0)


class DelegationForm(Styled, forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Delegation
        fields = ["user", "administration", "text", "starts_on", "ends_on"]
        labels = {"user": _("Who may decide"), "administration": _("For schools of")}
        widgets = {
            "starts_on": forms.DateInput(attrs=DAY, format="%Y-%m-%d"),
            "ends_on": forms.DateInput(attrs=DAY, format="%Y-%m-%d"),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        user: Any = self.fields["user"]
        user.queryset = User.objects.filter(is_active=True)
        administration: Any = self.fields["administration"]
        administration.queryset = Administration.objects.order_by("name")
        administration.empty_label = _("All administrations")


class DelegatedDecisionForm(Styled, forms.Form):
    proposal = forms.ModelChoiceField(Proposal.objects.none(), label=_("Proposal"), empty_label=_("Choose a proposal"))
    reason = forms.CharField(
        label=_("Why it cannot wait for the meeting"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, proposals: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["proposal"]
        field.queryset = proposals


class DatesForm(Styled, forms.ModelForm):  # type: ignore[type-arg]
    """When the semester's baseline is prepared."""

    class Meta:
        model = Semester
        fields = ["starts_on", "ends_on", *DATES]
        widgets = {name: forms.DateInput(attrs=DAY, format="%Y-%m-%d") for name in ("starts_on", "ends_on", *DATES)}

    def clean(self) -> dict[str, Any]:
        check_order(self.cleaned_data)
        return self.cleaned_data


def _members(also: int | None) -> Any:
    """Those who can hold a seat or run a meeting, and whoever does so already."""
    return (holders_of(COMMITTEE, IT_ADMIN) | User.objects.filter(pk=also or 0)).distinct().order_by("display_name")
