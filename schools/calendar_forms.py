"""Input of the pages on which the calendar is kept."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from schools.calendar import EVERYWHERE, Level, Scope
from schools.forms import Styled
from schools.models import Administration, CalendarPeriod, LessonHours, School, SchoolForm
from schools.services.calendar import Week, columns_of

EDGES = {"begins": gettext_lazy("Lessons begin"), "ends": gettext_lazy("Lessons end")}
LEVELS = {"administration": Level.ADMINISTRATION, "school_form": Level.SCHOOL_FORM, "school": Level.SCHOOL}


def date_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def time_input() -> forms.TimeInput:
    return forms.TimeInput(attrs={"type": "time", "class": "form-control"}, format="%H:%M")


def reason_field() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Why"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Stands in the audit trail."),
    )


class ScopeField(forms.TypedChoiceField):
    """One part of the municipality: `all`, or `school:17`. Gives a Scope."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=scope_choices, coerce=scope_called, **options)

    def prepare_value(self, value: Any) -> Any:
        return called(value) if isinstance(value, Scope) else value


def scope_choices() -> list[Any]:
    """All parts, the widest first."""
    groups = [
        (_("Administrations"), "administration", Administration.objects.all()),
        (_("School forms"), "school_form", SchoolForm.objects.all()),
        (_("Schools"), "school", School.objects.all()),
    ]
    parts = [(label, [(f"{word}:{row.pk}", str(row)) for row in rows]) for label, word, rows in groups]
    return [("all", _("All schools")), *parts]


def called(scope: Scope) -> str:
    """As the choices of a form call it."""
    words = {level: word for word, level in LEVELS.items()}
    return "all" if scope.level == Level.ALL else f"{words[scope.level]}:{scope.key}"


def scope_called(value: str) -> Scope:
    """Raises ValueError for what is no part."""
    word, _colon, key = value.partition(":")
    if word == "all":
        return EVERYWHERE
    if word not in LEVELS or not key.isdecimal():
        raise ValueError(value)
    return Scope(LEVELS[word], int(key))


class PeriodForm(Styled, forms.Form):
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=CalendarPeriod.Kind.choices,
        help_text=gettext_lazy("In a freeze no roll-out starts anything required."),
    )
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy(
            "A school's period of the same kind and name takes the place of the municipality's in that school year."
        ),
    )
    starts_on = forms.DateField(label=gettext_lazy("First day"), widget=date_input())
    ends_on = forms.DateField(label=gettext_lazy("Last day"), widget=date_input())
    scope = ScopeField(label=gettext_lazy("Holds for"))
    reason = reason_field()

    @classmethod
    def of(cls, row: CalendarPeriod, data: Any) -> PeriodForm:
        says = {name: getattr(row, name) for name in ("kind", "name", "starts_on", "ends_on", "scope")}
        return cls(data, initial=says)

    def fill(self, row: CalendarPeriod) -> CalendarPeriod:
        """The row as the form has it; not saved."""
        for name in ("kind", "name", "starts_on", "ends_on"):
            setattr(row, name, self.cleaned_data[name])
        columns = columns_of(self.cleaned_data["scope"])
        for name in LEVELS:
            setattr(row, f"{name}_id", columns.get(f"{name}_id"))
        return row


class ReasonForm(Styled, forms.Form):
    reason = reason_field()


class WeekForm(Styled, forms.Form):
    """From and to for each weekday; a day with neither has no lessons."""

    reason = reason_field()

    def __init__(self, data: Any, *, week: Week) -> None:
        said = {f"{edge}_{day}": at for day, times in week.items() for edge, at in zip(EDGES, times, strict=True)}
        super().__init__(data, initial=said)
        for day in range(1, 8):
            for edge, label in EDGES.items():
                self.fields[f"{edge}_{day}"] = forms.TimeField(label=label, required=False, widget=time_input())

    @property
    def days(self) -> list[tuple[Any, Any, Any]]:
        """Weekday with its two fields."""
        return [(label, self[f"begins_{day}"], self[f"ends_{day}"]) for day, label in LessonHours.Weekday.choices]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        for day in range(1, 8):
            begins, ends = (said.get(f"{edge}_{day}") for edge in EDGES)
            if (begins is None) != (ends is None) and not {f"begins_{day}", f"ends_{day}"} & set(self.errors):
                missing = "ends" if ends is None else "begins"
                self.add_error(f"{missing}_{day}", _("Write both times, or neither when there are no lessons."))
            elif begins and ends and begins >= ends:
                self.add_error(f"ends_{day}", ValidationError(_("Lessons have to end after they begin.")))
        return said

    @property
    def week(self) -> dict[int, tuple[time, time]]:
        said = self.cleaned_data
        return {day: (said[f"begins_{day}"], said[f"ends_{day}"]) for day in range(1, 8) if said[f"begins_{day}"]}
