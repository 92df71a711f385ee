"""Computers for scripts; read only, like everything that Intune reports."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers, viewsets

from fleet.filters import DeviceFilter
from fleet.models import Condition, Device
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


router_entries: list[tuple[str, type[viewsets.GenericViewSet[Any]], str]] = [("devices", DeviceViewSet, "device")]
