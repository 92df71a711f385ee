"""The school calendar for scripts: read it, and keep its periods and lesson hours."""

from __future__ import annotations

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from schools.api.rows import Rows
from schools.calendar import EVERYWHERE, Scope
from schools.decorators import require
from schools.filters import visible_schools
from schools.idempotency import idempotent
from schools.models import Administration, CalendarPeriod, LessonHours, School, SchoolForm, User
from schools.models.calendar import NOT_ONE_SCOPE
from schools.services import calendar as acts
from schools.services.calendar import COLUMN_OF_LEVEL


class PeriodSerializer(serializers.ModelSerializer[CalendarPeriod]):
    class Meta:
        model = CalendarPeriod
        fields = ["id", "kind", "name", "starts_on", "ends_on", "administration", "school_form", "school"]


class PartSerializer(serializers.Serializer[Any]):
    """One of the three at most; none of them is all schools."""

    administration = serializers.PrimaryKeyRelatedField[Administration](
        queryset=Administration.objects.all(), required=False, allow_null=True, default=None
    )
    school_form = serializers.PrimaryKeyRelatedField[SchoolForm](
        queryset=SchoolForm.objects.all(), required=False, allow_null=True, default=None
    )
    school = serializers.PrimaryKeyRelatedField[School](
        queryset=School.objects.all(), required=False, allow_null=True, default=None
    )
    reason = serializers.CharField(max_length=1000, help_text=_("Stands in the audit trail."))


class KeptPeriodSerializer(PartSerializer):
    kind = serializers.ChoiceField(choices=CalendarPeriod.Kind.choices)
    name = serializers.CharField(max_length=100)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(help_text=_("The last day that belongs to it."))


class RemovalSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=1000, help_text=_("Stands in the audit trail."))


class LessonHoursSerializer(serializers.ModelSerializer[LessonHours]):
    class Meta:
        model = LessonHours
        fields = ["id", "weekday", "begins", "ends", "administration", "school_form", "school"]


class DaySerializer(serializers.Serializer[Any]):
    weekday = serializers.ChoiceField(choices=LessonHours.Weekday.choices, help_text=_("1 is Monday, 7 is Sunday."))
    begins = serializers.TimeField()
    ends = serializers.TimeField()


class WeekSerializer(PartSerializer):
    days = DaySerializer(
        many=True, help_text=_("The whole week. Without days, the hours of the next wider part hold again.")
    )

    def validate_days(self, days: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len({day["weekday"] for day in days}) < len(days):
            raise serializers.ValidationError(_("A weekday stands twice."))
        return days

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        named = [(level, said.pop(column)) for level, column in COLUMN_OF_LEVEL.items()]
        chosen = [Scope(level, part.pk) for level, part in named if part]
        if len(chosen) > 1:
            raise serializers.ValidationError(NOT_ONE_SCOPE)
        return {**said, "scope": chosen[0] if chosen else EVERYWHERE}


class PeriodFilters(django_filters.FilterSet):  # type: ignore[misc]
    kind = django_filters.ChoiceFilter(choices=CalendarPeriod.Kind.choices)
    school = django_filters.ModelChoiceFilter(queryset=visible_schools)
    since = django_filters.DateFilter("ends_on", lookup_expr="gte")
    until = django_filters.DateFilter("starts_on", lookup_expr="lte")

    class Meta:
        model = CalendarPeriod
        fields = ["kind", "school", "since", "until"]


class LessonHoursFilters(django_filters.FilterSet):  # type: ignore[misc]
    school = django_filters.ModelChoiceFilter(queryset=visible_schools)

    class Meta:
        model = LessonHours
        fields = ["school"]


class CalendarRows(Rows):
    permission = "schools.view_calendar"

    @property
    def _editor(self) -> User:
        require(self.person, "schools.edit_calendar")
        return self.person


class CalendarPeriodViewSet(CalendarRows):
    queryset = CalendarPeriod.objects.for_list()
    serializer_class = PeriodSerializer
    filterset_class = PeriodFilters
    ordering_fields = ["starts_on", "id"]
    ordering = "starts_on"

    @extend_schema(
        description=_("Add a period to the calendar."), request=KeptPeriodSerializer, responses={201: PeriodSerializer}
    )
    @idempotent
    def create(self, request: Request) -> Response:
        kept = self._put(CalendarPeriod(), self._editor)
        return Response(self.get_serializer(kept).data, status=status.HTTP_201_CREATED)

    @extend_schema(description=_("Change a period: all that it says."), request=KeptPeriodSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def change(self, request: Request, pk: str) -> Response:
        row = self.get_object()
        return Response(self.get_serializer(self._put(row, self._editor)).data)

    @extend_schema(
        description=_("Take a period out of the calendar."), request=RemovalSerializer, responses={204: None}
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def remove(self, request: Request, pk: str) -> Response:
        row, by = self.get_object(), self._editor
        acts.remove_period(row, by=by, reason=self.said(RemovalSerializer)["reason"])
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _put(self, row: CalendarPeriod, by: User) -> CalendarPeriod:
        said = self.said(KeptPeriodSerializer)
        reason = said.pop("reason")
        for column, value in said.items():
            setattr(row, column, value)
        return acts.put_period(row, by=by, reason=reason)


class LessonHoursViewSet(CalendarRows):
    queryset = LessonHours.objects.for_list()
    serializer_class = LessonHoursSerializer
    filterset_class = LessonHoursFilters
    ordering_fields = ["id"]
    ordering = "id"

    @extend_schema(
        description=_("Set the lesson hours of one part of the municipality, the whole week."),
        request=WeekSerializer,
        responses={201: LessonHoursSerializer(many=True)},
    )
    @idempotent
    def create(self, request: Request) -> Response:
        by, said = self._editor, self.said(WeekSerializer)
        week = {day["weekday"]: (day["begins"], day["ends"]) for day in said["days"]}
        kept = acts.set_week(said["scope"], week, by=by, reason=said["reason"])
        return Response(self.get_serializer(kept, many=True).data, status=status.HTTP_201_CREATED)
