from __future__ import annotations

from typing import Any

import django_filters
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, TextField
from django.db.models.functions import Cast, JSONObject
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from deployments.catalogue.vetting import Vetting, card_of, in_state, vetting
from deployments.models import (
    Application,
    AppVersion,
    Capability,
    CapabilityApplication,
    LicencePool,
    Subject,
    VettingCard,
)
from fleet.filters import KeyFilter
from fleet.models import Platform
from schools.api import Rows


class AppVersionSerializer(serializers.ModelSerializer[AppVersion]):
    class Meta:
        model = AppVersion
        fields = [
            "id",
            "version",
            "platform",
            "app_type",
            "intune_app_id",
            "size_bytes",
            "minimum_disk_mb",
            "minimum_memory_mb",
            "minimum_os",
            "added_at",
        ]


class VettingCardSerializer(serializers.ModelSerializer[VettingCard]):
    state = serializers.SerializerMethodField(help_text=_("Whether the application may be put to decision today."))
    missing = serializers.SerializerMethodField(help_text=_("Names of the facts that are still unknown."))

    class Meta:
        model = VettingCard
        fields = ["state", "missing", *VettingCard.NEEDED, "agreement_reference", "checked_at"]

    @extend_schema_field(serializers.ChoiceField(choices=[(each.value, each.name) for each in Vetting]))
    def get_state(self, card: VettingCard) -> str:
        return vetting(card, timezone.localdate()).value

    def get_missing(self, card: VettingCard) -> list[str]:
        return card.missing()


class LicencePoolSerializer(serializers.ModelSerializer[LicencePool]):
    class Meta:
        model = LicencePool
        fields = ["id", "school", "seats", "cost_per_year", "ends_on", "note"]
        extra_kwargs = {"school": {"help_text": _("Null: seats of all schools.")}}


class ApplicationSerializer(serializers.ModelSerializer[Application]):
    versions = AppVersionSerializer(many=True, read_only=True, help_text=_("The latest of each platform first."))
    subjects = serializers.ListField(source="subject_names", child=serializers.CharField(), read_only=True)
    vetting = serializers.SerializerMethodField(
        help_text=_("Null: the application has no card, or you do not read vetting cards.")
    )
    licences = serializers.SerializerMethodField(help_text=_("The pools that you may see."))

    class Meta:
        model = Application
        fields = [
            "id",
            "name",
            "publisher",
            "description",
            "subjects",
            "first_grade",
            "last_grade",
            "vetting",
            "licences",
            "versions",
        ]

    @extend_schema_field(VettingCardSerializer(allow_null=True))
    def get_vetting(self, application: Application) -> Any:
        card = card_of(application)
        return VettingCardSerializer(card).data if card and self._reads_licences() else None

    @extend_schema_field(LicencePoolSerializer(many=True))
    def get_licences(self, application: Application) -> Any:
        return application.licence_rows or []  # type: ignore[attr-defined]

    def _reads_licences(self) -> bool:
        return bool(self.context["request"].user.access.reads("deployments.view_licence"))


class ApplicationFilters(django_filters.FilterSet):  # type: ignore[misc]
    name = django_filters.CharFilter(lookup_expr="icontains", max_length=200)
    publisher = django_filters.CharFilter(lookup_expr="icontains", max_length=200)
    platform = django_filters.ChoiceFilter("versions__platform", choices=Platform.choices, distinct=True)
    subject = django_filters.CharFilter("subjects__name", lookup_expr="iexact", max_length=100, distinct=True)
    vetting = django_filters.ChoiceFilter(method="by_vetting", choices=[(each.value, each.name) for each in Vetting])

    class Meta:
        model = Application
        fields = ["name", "publisher", "platform", "subject", "vetting"]

    def by_vetting(self, applications: Any, _name: str, value: str) -> Any:
        """Nobody narrows by what they may not read."""
        if not self.request.user.access.reads("deployments.view_licence"):
            return applications.none()
        return applications.filter(in_state(Vetting(value), timezone.localdate()))


class ApplicationViewSet(Rows):
    queryset = Application.objects.select_related("vetting_card").prefetch_related("versions")
    serializer_class = ApplicationSerializer
    filterset_class = ApplicationFilters
    permission = "deployments.view_application"
    ordering_fields = ["name", "publisher", "id"]

    def get_queryset(self) -> Any:
        applications = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return applications
        subjects = Subject.objects.filter(applications=OuterRef("pk")).order_by("name")
        pools = LicencePool.objects.visible_to(self.request.user).filter(application=OuterRef("pk"))  # type: ignore[arg-type]
        return applications.annotate(
            subject_names=ArraySubquery(subjects.values("name")),
            licence_rows=ArraySubquery(pools.order_by("school__name", "pk").values(row=_licence_row())),
        )


def _licence_row() -> JSONObject:
    """As `LicencePoolSerializer` writes it."""
    return JSONObject(
        id="pk",
        school="school_id",
        seats="seats",
        cost_per_year=Cast("cost_per_year", TextField()),
        ends_on=Cast("ends_on", TextField()),
        note="note",
    )


class CapabilityChoiceSerializer(serializers.ModelSerializer[CapabilityApplication]):
    application_name = serializers.CharField(source="application.name")

    class Meta:
        model = CapabilityApplication
        fields = ["platform", "application", "application_name"]


class CapabilitySerializer(serializers.ModelSerializer[Capability]):
    choices = CapabilityChoiceSerializer(many=True, read_only=True, help_text=_("One application for each platform."))

    class Meta:
        model = Capability
        fields = ["id", "name", "choices"]


class CapabilityFilters(django_filters.FilterSet):  # type: ignore[misc]
    application = KeyFilter(field_name="choices__application_id")

    class Meta:
        model = Capability
        fields = ["application"]


class CapabilityViewSet(Rows):
    queryset = Capability.objects.prefetch_related("choices__application")
    serializer_class = CapabilitySerializer
    filterset_class = CapabilityFilters
    permission = "deployments.view_capability"
    ordering_fields = ["name", "id"]
