from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from deployments.differences import entries_visible_to
from deployments.models import Baseline, BaselineEntry, BaselineRevision
from deployments.models.profiles import OWNER_OF_LEVEL
from fleet.filters import KeyFilter
from schools.api import Rows


class RevisionSummarySerializer(serializers.ModelSerializer[BaselineRevision]):
    class Meta:
        model = BaselineRevision
        fields = ["id", "number", "status", "note", "based_on", "decided_at", "activated_at", "superseded_at"]


class BaselineSerializer(serializers.ModelSerializer[Baseline]):
    semester = serializers.CharField(source="semester.__str__", help_text=_("For example HT 2026."))
    starts_on = serializers.DateField(source="semester.starts_on")
    ends_on = serializers.DateField(source="semester.ends_on")
    revisions = RevisionSummarySerializer(many=True, read_only=True, help_text=_("The newest first."))

    class Meta:
        model = Baseline
        fields = ["id", "semester", "starts_on", "ends_on", "revisions"]


class BaselineViewSet(Rows):
    queryset = Baseline.objects.select_related("semester")
    serializer_class = BaselineSerializer
    permission = "deployments.view_baseline"
    ordering_fields = {"starts_on": "semester__starts_on", "id": "id"}
    ordering = "-starts_on"

    def get_queryset(self) -> Any:
        baselines = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return baselines
        revisions = BaselineRevision.objects.visible_to(self.request.user).order_by("-number")  # type: ignore[arg-type]
        return baselines.prefetch_related(Prefetch("revisions", revisions))


class EntrySerializer(serializers.ModelSerializer[BaselineEntry]):
    level = serializers.ChoiceField(choices=list(OWNER_OF_LEVEL.values()), source="profile.kind")
    container = serializers.CharField(source="profile.__str__")
    application_name = serializers.CharField(source="application.name")
    version = serializers.CharField(
        source="version.version", allow_null=True, default=None, help_text=_("Null: the latest.")
    )

    class Meta:
        model = BaselineEntry
        names = ["application", "application_name", "action", "intent", "version", "decision"]
        fields = ["id", "level", "container", *names]


class RevisionSerializer(RevisionSummarySerializer):
    entries = EntrySerializer(many=True, read_only=True, help_text=_("Of the containers that the caller may see."))

    class Meta(RevisionSummarySerializer.Meta):
        fields = [*RevisionSummarySerializer.Meta.fields, "baseline", "entries"]


class RevisionFilters(django_filters.FilterSet):  # type: ignore[misc]
    baseline = KeyFilter(field_name="baseline_id")
    status = django_filters.ChoiceFilter(choices=BaselineRevision.Status.choices)

    class Meta:
        model = BaselineRevision
        fields = ["baseline", "status"]


class RevisionViewSet(Rows):
    queryset = BaselineRevision.objects.all()
    serializer_class = RevisionSerializer
    filterset_class = RevisionFilters
    permission = "deployments.view_baseline"
    ordering_fields = ["id", "number"]
    ordering = "-id"

    def get_queryset(self) -> Any:
        revisions = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return revisions
        entries = entries_visible_to(self.request.user).order_by("profile__level", "profile", "application__name")  # type: ignore[arg-type]
        return revisions.prefetch_related(Prefetch("entries", entries))
