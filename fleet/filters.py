"""Which computers: the same choices for the page, the file and the API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters

from fleet.models import Condition, Device, DeviceQuerySet, Platform

LARGEST_KEY = 2**63 - 1


class KeyFilter(filters.NumberFilter):  # type: ignore[misc]
    """A primary key; 0 asks for rows without one."""

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, min_value=0, max_value=LARGEST_KEY, **options)

    def get_max_validator(self) -> None:
        return None

    def filter(self, queryset: DeviceQuerySet, value: int | None) -> DeviceQuerySet:
        if value is None:
            return queryset
        return queryset.filter(**{self.field_name: value or None})


class DeviceFilter(filters.FilterSet):  # type: ignore[misc]
    """Choices that make no sense are errors, and then `qs` is empty: never everything by mistake."""

    q = filters.CharFilter(method="search", label=_("Name or serial number"), max_length=100)
    condition = filters.ChoiceFilter(choices=Condition.choices, method="in_condition", label=_("Condition"))
    school = KeyFilter(field_name="school_id", label=_("School"), help_text=_("Id of the school; 0 for no school."))
    model = KeyFilter(field_name="hardware_model_id", label=_("Model"), help_text=_("Id of the computer model."))
    platform = filters.ChoiceFilter(choices=Platform.choices, label=_("Platform"))
    compliance = filters.ChoiceFilter(
        field_name="compliance_state", choices=Device.Compliance.choices, label=_("Compliance")
    )
    enrollment = filters.ChoiceFilter(
        field_name="enrollment_state", choices=Device.Enrollment.choices, label=_("Enrolment state")
    )
    os = filters.CharFilter(field_name="os_version", label=_("OS build"), max_length=50)

    class Meta:
        model = Device
        fields: list[str] = []

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        queryset: DeviceQuerySet | None = None,
        *,
        now: datetime | None = None,
        **options: Any,
    ) -> None:
        super().__init__(data, queryset, **options)
        self.now = now or timezone.now()

    def narrowed(self, *, except_for: str = "") -> DeviceQuerySet:
        """The rows of all choices, or of all but one."""
        queryset: DeviceQuerySet = self.queryset.all()
        if self.errors:
            return queryset.none()
        for name, value in self.form.cleaned_data.items():
            if name != except_for:
                queryset = self.filters[name].filter(queryset, value)
        return queryset

    def search(self, queryset: DeviceQuerySet, name: str, value: str) -> DeviceQuerySet:
        return queryset.matching(value)

    def in_condition(self, queryset: DeviceQuerySet, name: str, value: str) -> DeviceQuerySet:
        return queryset.in_condition(value, self.now)
