from __future__ import annotations

import django_filters
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from deployments.models import Application, AppVersion
from fleet.models import Platform
from schools.api import Rows


class AppVersionSerializer(serializers.ModelSerializer[AppVersion]):
    class Meta:
        model = AppVersion
        fields = ["id", "version", "platform", "app_type", "intune_app_id", "size_bytes", "added_at"]


class ApplicationSerializer(serializers.ModelSerializer[Application]):
    versions = AppVersionSerializer(many=True, read_only=True, help_text=_("The latest of each platform first."))

    class Meta:
        model = Application
        fields = ["id", "name", "publisher", "description", "versions"]


class ApplicationFilters(django_filters.FilterSet):  # type: ignore[misc]
    name = django_filters.CharFilter(lookup_expr="icontains", max_length=200)
    publisher = django_filters.CharFilter(lookup_expr="icontains", max_length=200)
    platform = django_filters.ChoiceFilter("versions__platform", choices=Platform.choices, distinct=True)

    class Meta:
        model = Application
        fields = ["name", "publisher", "platform"]


class ApplicationViewSet(Rows):
    queryset = Application.objects.prefetch_related("versions")
    serializer_class = ApplicationSerializer
    filterset_class = ApplicationFilters
    permission = "deployments.view_application"
    ordering_fields = ["name", "publisher", "id"]
