"""Computers for scripts; read only, like everything that Intune reports."""

from __future__ import annotations

from typing import Any

import django_filters
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers, viewsets

from fleet.filters import DeviceFilter, KeyFilter
from fleet.models import ComplianceBreach, Condition, Device, EnrolmentAttempt
from schools.api import Rows


class DeviceSerializer(serializers.ModelSerializer[Device]):
    name = serializers.CharField(source="observed_name", help_text=_("As Intune has it; empty before the first start."))
    group_tag = serializers.CharField(source="observed_group_tag")
    school_name = serializers.CharField(source="school.name", allow_null=True, default=None)
    manufacturer = serializers.CharField(source="hardware_model.manufacturer")
    model = serializers.CharField(source="hardware_model.name")
    condition = serializers.ChoiceField(
        choices=Condition.choices, help_text=_("Every computer has exactly one, derived when the list is read.")
    )

    class Meta:
        model = Device
        fields = [
            "id",
            "serial_number",
            "name",
            "platform",
            "manufacturer",
            "model",
            "school",
            "school_name",
            "class_group",
            "lifecycle",
            "condition",
            "compliance_state",
            "enrollment_state",
            "profile_status",
            "group_tag",
            "os_version",
            "storage_total_bytes",
            "storage_free_bytes",
            "enrolled_at",
            "last_check_in_at",
            "missing_since",
            "autopilot_id",
            "intune_id",
            "entra_device_id",
        ]


class DeviceViewSet(Rows):
    queryset = Device.objects.for_list()
    serializer_class = DeviceSerializer
    filterset_class = DeviceFilter
    permission = "fleet.view_device"
    ordering_fields = {
        "id": "id",
        "serial_number": "serial_number",
        "name": "observed_name",
        "last_check_in_at": "last_check_in_at",
        "enrolled_at": "enrolled_at",
        "os_version": "os_version",
        "school_name": "school__name",
    }

    def get_queryset(self) -> Any:
        return super().get_queryset().with_condition(timezone.now())


class EnrolmentAttemptFilters(django_filters.FilterSet):  # type: ignore[misc]
    device = KeyFilter(field_name="device_id")

    class Meta:
        model = EnrolmentAttempt
        fields = ["device", "outcome", "failed_step"]


class ComplianceBreachFilters(django_filters.FilterSet):  # type: ignore[misc]
    device = KeyFilter(field_name="device_id")

    class Meta:
        model = ComplianceBreach
        fields = ["device", "policy_name", "setting"]


class EnrolmentAttemptSerializer(serializers.ModelSerializer[EnrolmentAttempt]):
    class Meta:
        model = EnrolmentAttempt
        fields = [
            "id",
            "device",
            "started_at",
            "ended_at",
            "outcome",
            "deployment_time",
            "device_setup_time",
            "account_setup_time",
            "failed_step",
            "reason",
            "profile_name",
            "os_version",
        ]


class EnrolmentAttemptViewSet(Rows):
    """Attempts to set computers up, kept for three years."""

    queryset = EnrolmentAttempt.objects.all()
    serializer_class = EnrolmentAttemptSerializer
    filterset_class = EnrolmentAttemptFilters
    permission = "fleet.view_device"
    ordering_fields = {"id": "id", "started_at": "started_at"}
    ordering = "-started_at"


class ComplianceBreachSerializer(serializers.ModelSerializer[ComplianceBreach]):
    class Meta:
        model = ComplianceBreach
        fields = ["id", "device", "policy_name", "setting", "state", "error_code", "first_seen_at"]


class ComplianceBreachViewSet(Rows):
    """Settings of compliance policies that computers do not meet now."""

    queryset = ComplianceBreach.objects.all()
    serializer_class = ComplianceBreachSerializer
    filterset_class = ComplianceBreachFilters
    permission = "fleet.view_device"
    ordering_fields = {"id": "id"}


router_entries: list[tuple[str, type[viewsets.GenericViewSet[Any]], str]] = [
    ("devices", DeviceViewSet, "device"),
    ("enrolment-attempts", EnrolmentAttemptViewSet, "enrolment-attempt"),
    ("compliance-breaches", ComplianceBreachViewSet, "compliance-breach"),
]
