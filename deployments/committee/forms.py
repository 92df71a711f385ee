"""Input of the committee's pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from deployments.committee.calendar import DATES, check_order
from deployments.models import (
    Baseline,
    Delegation,
    Meeting,
    Proposal,
    Seat,
    Semester,
    Stance,
    Vote,
)
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


class StanceForm(Styled, forms.Form):
    seat = forms.ModelChoiceField(Seat.objects.none(), widget=forms.HiddenInput)
    choice = forms.ChoiceField(
        label=_("The seat leans towards"), choices=[("", _("Nothing noted")), *Stance.Choice.choices], required=False
    )
    text = forms.CharField(label=_("In a line"), max_length=300, required=False)

    def __init__(self, *args: Any, seats: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["seat"]
        field.queryset = seats


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


class OwnItemForm(ItemForm):
    """An item that is on the agenda already."""

    edition = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class SeatsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """By the people who hold them."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.holder} – {obj.name}"


class PresenceForm(forms.Form):
    """`seats`, with holder, are those to choose among when they are loaded already."""

    present = SeatsField(
        Seat.objects.select_related("administration", "holder").filter(holder__isnull=False),
        label=_("Present"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, seats: Iterable[Seat] | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        if seats is not None:
            field: Any = self.fields["present"]
            field.choices = [(seat.pk, field.label_from_instance(seat)) for seat in seats if seat.holder_id]


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
    """`seats` are those that may make one."""

    seat = forms.ModelChoiceField(Seat.objects.all(), label=_("Seat"), empty_label=None)
    reservation = forms.CharField(
        label=_("Reservation"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, seats: Iterable[Seat] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["seat"]
        field.choices = [(seat.pk, str(seat)) for seat in seats]


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
