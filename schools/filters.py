"""Filters of API lists. A misspelt filter would quietly give every row; here it is refused by name."""

from __future__ import annotations

from typing import Any

import django_filters
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from schools.models import AuditEvent, Notification, School, SchoolForm
from schools.paging import PARAMETERS


class KnownFilters(DjangoFilterBackend):  # type: ignore[misc]
    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        filterset = self.get_filterset(request, queryset, view)
        names = set(filterset.filters) if filterset is not None else set()
        for asked in request.query_params:
            if view.action == "list" and asked not in names | PARAMETERS:
                words = _("There is no such filter. These exist: %(names)s.")
                raise ValidationError({asked: [words % {"names": ", ".join(sorted(names | PARAMETERS))}]})
        return super().filter_queryset(request, queryset, view)


def visible_schools(request: Request | None) -> Any:
    """The schools a filter may name. Another school is as wrong a value as one that does not exist."""
    return School.objects.visible_to(request.user) if request else School.objects.none()  # type: ignore[arg-type]


class SchoolFilters(django_filters.FilterSet):  # type: ignore[misc]
    name = django_filters.CharFilter(lookup_expr="icontains", max_length=100)
    school_unit_code = django_filters.CharFilter(max_length=8)
    group_tag = django_filters.CharFilter(max_length=50)
    administration = django_filters.CharFilter("administration__code", max_length=10)
    school_form = django_filters.ChoiceFilter("school_form__code", choices=SchoolForm.Code.choices)

    class Meta:
        model = School
        fields = ["name", "school_unit_code", "group_tag", "administration", "school_form"]


class NotificationFilters(django_filters.FilterSet):  # type: ignore[misc]
    kind = django_filters.CharFilter(max_length=60)
    unread = django_filters.BooleanFilter("read_at", lookup_expr="isnull")
    is_urgent = django_filters.BooleanFilter()

    class Meta:
        model = Notification
        fields = ["kind", "unread", "is_urgent"]


class AuditEventFilters(django_filters.FilterSet):  # type: ignore[misc]
    act = django_filters.CharFilter(max_length=60)
    actor = django_filters.CharFilter("actor__username", max_length=100)
    object_type = django_filters.CharFilter(max_length=60)
    object_id = django_filters.CharFilter(max_length=60)
    school = django_filters.ModelChoiceFilter(queryset=visible_schools)
    since = django_filters.IsoDateTimeFilter("at", lookup_expr="gte")
    until = django_filters.IsoDateTimeFilter("at", lookup_expr="lte")

    class Meta:
        model = AuditEvent
        fields = ["act", "actor", "object_type", "object_id", "school", "since", "until"]
