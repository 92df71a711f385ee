from __future__ import annotations

import django_filters
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from deployments.models import InstallStatus
from fleet.filters import KeyFilter
from schools.api import Rows


class InstallStatusSerializer(serializers.ModelSerializer[InstallStatus]):
    serial_number = serializers.CharField(source="device.serial_number")
    school = serializers.IntegerField(source="device.school_id", allow_null=True)
    application = serializers.IntegerField(source="app_version.application_id")
    application_name = serializers.CharField(source="app_version.application.name")
    version = serializers.CharField(source="app_version.version")

    class Meta:
        model = InstallStatus
        fields = [
            "id",
            "device",
            "serial_number",
            "school",
            "application",
            "application_name",
            "version",
            "state",
            "error_code",
            "detail",
            "reported_at",
            "installed_at",
        ]


class InstallStatusFilters(django_filters.FilterSet):  # type: ignore[misc]
    device = KeyFilter(field_name="device_id")
    school = KeyFilter(field_name="device__school_id", help_text=_("Id of the school; 0 for no school."))
    application = KeyFilter(field_name="app_version__application_id")
    app_version = KeyFilter(field_name="app_version_id")
    state = django_filters.ChoiceFilter(choices=InstallStatus.State.choices)

    class Meta:
        model = InstallStatus
        fields = ["device", "school", "application", "app_version", "state"]


class InstallStatusViewSet(Rows):
    queryset = InstallStatus.objects.select_related("device", "app_version__application")
    serializer_class = InstallStatusSerializer
    filterset_class = InstallStatusFilters
    permission = "fleet.view_device"
    ordering_fields = ["id"]
