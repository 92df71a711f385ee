"""Input of the pages of roll-outs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deployments.models import ChangeSet, Rollout
from deployments.rollouts.candidates import computers_of
from deployments.services.rollouts import Settings
from schools.converters import LARGEST_KEY
from schools.forms import Styled
from schools.models import CalendarPeriod, School

LARGEST_SEED = 2**31 - 1
NOW, ON_A_DAY, IN_A_BREAK = "now", "day", "break"
STARTS = [
    (NOW, gettext_lazy("As soon as somebody starts it")),
    (ON_A_DAY, gettext_lazy("On a day")),
    (IN_A_BREAK, gettext_lazy("In a break")),
]
MEANINGS = {
    Rollout.Strategy.RINGS: gettext_lazy(
        "First a few computers of every model, spread over the schools; then more and more, as long as it goes well."
    ),
    Rollout.Strategy.PILOT_SCHOOL: gettext_lazy(
        "All computers of one school that has agreed to try it; then rings across the other schools."
    ),
    Rollout.Strategy.ALL_AT_ONCE: gettext_lazy(
        "All computers get it together, and nothing can be held back if it fails. Only for few computers, or for what "
        "is merely offered."
    ),
    Rollout.Gate.AUTOMATIC: gettext_lazy("The next ring opens when enough computers have reported and enough succeed."),
    Rollout.Gate.BY_HAND: gettext_lazy("The gate says when a ring looks well, and you open the next one."),
    NOW: gettext_lazy("Schools in a freeze or in lessons follow when their calendar lets them."),
    ON_A_DAY: gettext_lazy("It starts by itself that morning, where the calendar lets it."),
    IN_A_BREAK: gettext_lazy("Each school begins on the first day of its own break."),
}
"""What each choice means, said beside it."""


class PlanForm(Styled, forms.Form):
    """How a roll-out of one change is to be carried out; `settings` when valid."""

    strategy = forms.ChoiceField(
        label=gettext_lazy("Strategy"), choices=Rollout.Strategy.choices, widget=forms.RadioSelect
    )
    pilot_school = forms.ModelChoiceField(
        School.objects.none(),
        label=gettext_lazy("Pilot school"),
        required=False,
        empty_label=gettext_lazy("No pilot school"),
        help_text=gettext_lazy("Only with a pilot school first."),
    )
    shares = forms.CharField(
        label=gettext_lazy("Shares of the rings"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("Rising percentages of all computers, the last one 100. Empty: 1, 10, 50, 100."),
    )
    least_per_model = forms.IntegerField(
        label=gettext_lazy("Computers of each model"),
        min_value=0,
        max_value=1000,
        help_text=gettext_lazy("Each ring holds at least so many computers of every model, as far as there are any."),
    )
    gate = forms.ChoiceField(
        label=gettext_lazy("Gate between rings"), choices=Rollout.Gate.choices, widget=forms.RadioSelect
    )
    soak_hours = forms.IntegerField(
        label=gettext_lazy("Hours between rings"),
        min_value=0,
        max_value=24 * 90,
        help_text=gettext_lazy("A ring is watched at least so long before the next one opens."),
    )
    min_sample = forms.IntegerField(
        label=gettext_lazy("Fewest reports"),
        min_value=1,
        max_value=1000,
        help_text=gettext_lazy("So many computers of a ring have to report first; of a small ring, most of them."),
    )
    least_success = forms.IntegerField(
        label=gettext_lazy("Least success, in per cent"),
        min_value=50,
        max_value=100,
        help_text=gettext_lazy(
            "Of the computers that have reported. Of the whole ring it has to be certain that at most 15 percentage "
            "points fewer succeed."
        ),
    )
    starts = forms.ChoiceField(label=gettext_lazy("When it starts"), choices=STARTS, widget=forms.RadioSelect)
    starts_on = forms.DateField(
        label=gettext_lazy("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    starts_in = forms.ModelChoiceField(
        CalendarPeriod.objects.none(), label=gettext_lazy("Break"), required=False, empty_label=gettext_lazy("No break")
    )
    seed = forms.IntegerField(
        label=gettext_lazy("Seed"),
        min_value=0,
        max_value=LARGEST_SEED,
        help_text=gettext_lazy("The same seed draws the same rings; another one draws others."),
    )
    BESIDE = ("strategy", "gate", "starts")
    """Choices that the template writes with what they mean."""

    def __init__(self, change_set: ChangeSet, settings: Settings, data: Any = None) -> None:
        super().__init__(data, initial=_initial(settings))
        schools = School.objects.filter(pk__in=computers_of(change_set).values("school"))
        breaks = CalendarPeriod.objects.for_list().filter(
            kind=CalendarPeriod.Kind.BREAK, ends_on__gte=timezone.localdate()
        )
        self.fields["pilot_school"].queryset = schools.order_by("name")  # type: ignore[attr-defined]
        self.fields["starts_in"].queryset = breaks.order_by("starts_on")  # type: ignore[attr-defined]
        self.fields["starts_in"].label_from_instance = _with_days  # type: ignore[attr-defined]
        for name in self.BESIDE:
            self.fields[name].widget.attrs["class"] = "form-check-input"

    def clean_shares(self) -> tuple[int, ...]:
        words = self.cleaned_data["shares"].replace(",", " ").replace("%", " ").split()
        if not all(word.isascii() and word.isdecimal() and len(word) <= 3 for word in words):
            raise ValidationError(_("Give rising percentages, the last one 100: for example 1, 10, 50, 100."))
        return tuple(map(int, words))

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if said.get("starts") == ON_A_DAY and not said.get("starts_on") and "starts_on" not in self.errors:
            self.add_error("starts_on", _("Choose the day."))
        if said.get("starts") == IN_A_BREAK and not said.get("starts_in") and "starts_in" not in self.errors:
            self.add_error("starts_in", _("Choose the break."))
        return said

    @property
    def settings(self) -> Settings:
        said = dict(self.cleaned_data)
        starts = said.pop("starts")
        said["starts_on"] = said["starts_on"] if starts == ON_A_DAY else None
        said["starts_in"] = said["starts_in"] if starts == IN_A_BREAK else None
        if said["strategy"] != Rollout.Strategy.PILOT_SCHOOL:
            said["pilot_school"] = None
        said["least_success"] = said["least_success"] / 100
        return Settings(**said)

    def show(self, error: ValidationError) -> None:
        """A refusal beside its field, or above the form."""
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for name, said in error.error_dict.items():
            self.add_error(name if name in self.fields else None, said)

    def choices(self) -> list[tuple[forms.BoundField, list[tuple[Any, Any]]]]:
        """Each of BESIDE with its choices and what they mean."""
        return [
            (self[name], [(choice, MEANINGS[choice.data["value"]]) for choice in self[name]]) for name in self.BESIDE
        ]


def _initial(settings: Settings) -> dict[str, Any]:
    starts = ON_A_DAY if settings.starts_on else IN_A_BREAK if settings.starts_in else NOW
    return {
        **settings.columns,
        "shares": ", ".join(map(str, settings.shares)),
        "least_success": round(100 * settings.least_success),
        "starts": starts,
    }


def _with_days(period: CalendarPeriod) -> str:
    return _("%(name)s, %(first)s to %(last)s (%(holds_for)s)") % {
        "name": period,
        "first": formats.date_format(period.starts_on, "DATE_FORMAT"),
        "last": formats.date_format(period.ends_on, "DATE_FORMAT"),
        "holds_for": period.holds_for,
    }


class MoveForm(forms.Form):
    """Chosen computers, and the number of the ring that they go to."""

    ring = forms.IntegerField(min_value=1, max_value=32767)
    device = forms.TypedMultipleChoiceField(coerce=int, required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        keys = [key for key in data.getlist("device") if key.isdecimal() and int(key) <= LARGEST_KEY]
        self.fields["device"].choices = [(key, key) for key in keys]  # type: ignore[attr-defined]
