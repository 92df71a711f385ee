"""Decisions and what IT does with revisions by script: draft, file, propose, publish, take back."""

from __future__ import annotations

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from deployments.api.baselines import BaselineViewSet, RevisionSerializer, RevisionSummarySerializer, RevisionViewSet
from deployments.api.change_sets import ChangeSetSerializer
from deployments.api.proof import DecisionProof, SemesterProof
from deployments.decisions import decisions_visible_to
from deployments.exchange.lines import MOST_BYTES
from deployments.exchange.writing import as_yaml
from deployments.models import Decision
from deployments.services import changes, drafts
from deployments.services.imports import import_draft
from deployments.services.publishing import publish
from deployments.services.rollback import take_back
from fleet.filters import KeyFilter
from schools.api import Rows
from schools.idempotency import idempotent


class ReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class DueReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000)


class FileSerializer(serializers.Serializer[Any]):
    yaml = serializers.CharField(
        max_length=MOST_BYTES, trim_whitespace=False, help_text=_("A revision as the portal exports it.")
    )


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    decided_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True, allow_null=True)

    class Meta:
        model = Decision
        fields = ["id", "kind", "text", "reason", "decided_by", "decided_at", "school", "request", "item", "delegation"]


class DecisionFilters(django_filters.FilterSet):  # type: ignore[misc]
    kind = django_filters.ChoiceFilter(choices=Decision.Kind.choices)
    school = KeyFilter(field_name="school_id")

    class Meta:
        model = Decision
        fields = ["kind", "school"]


class DecisionViewSet(DecisionProof, Rows):
    queryset = Decision.objects.select_related("decided_by")
    serializer_class = DecisionSerializer
    filterset_class = DecisionFilters
    permission = "deployments.view_baseline"
    ordering_fields = ["id", "decided_at"]
    ordering = "-id"

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset.none()
        return decisions_visible_to(self.person).select_related("decided_by")

    @extend_schema(
        description=_("Make a draft that takes back exactly what this decision put into the baseline."),
        request=DueReasonSerializer,
        responses={201: RevisionSummarySerializer},
    )
    @action(detail=True, methods=["post"], url_path="take-back")
    @idempotent
    def take_back(self, request: Request, pk: str) -> Response:
        found, said = self.command("deployments.edit_baseline", DueReasonSerializer)
        return _made(RevisionSummarySerializer(take_back(found, self.person, said["reason"])))


class PreparedBaselineViewSet(SemesterProof, BaselineViewSet):
    @extend_schema(
        description=_("Start a draft with all that the active revision says, whichever semester that belongs to."),
        request=ReasonSerializer,
        responses={201: RevisionSummarySerializer},
    )
    @action(detail=True, methods=["post"], url_path="drafts")
    @idempotent
    def start_draft(self, request: Request, pk: str) -> Response:
        found, said = self.command("deployments.edit_baseline", ReasonSerializer)
        return _made(RevisionSummarySerializer(drafts.start_draft(found, by=self.person, note=said["reason"])))

    @extend_schema(
        description=_("Make a draft that says exactly what a reviewed file says; errors name their lines."),
        request=FileSerializer,
        responses={201: RevisionSummarySerializer},
    )
    @action(detail=True, methods=["post"], url_path="import")
    @idempotent
    def import_file(self, request: Request, pk: str) -> Response:
        found, said = self.command("deployments.edit_baseline", FileSerializer)
        return _made(RevisionSummarySerializer(import_draft(found, said["yaml"], by=self.person)))


class PreparedRevisionViewSet(RevisionViewSet):
    @extend_schema(description=_("The whole revision as YAML that people can review."), responses=FileSerializer)
    @action(detail=True)
    def export(self, request: Request, pk: str) -> Response:
        found, _said = self.command("deployments.export_revision")
        return Response({"yaml": as_yaml(found)})

    @extend_schema(
        description=_("Freeze a draft and open its change."),
        request=ReasonSerializer,
        responses={201: ChangeSetSerializer},
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def propose(self, request: Request, pk: str) -> Response:
        found, said = self.command("deployments.propose_change", ReasonSerializer)
        return _made(ChangeSetSerializer(changes.propose(found, by=self.person, reason=said["reason"])))

    @extend_schema(
        description=_("Open the change of a decided revision, brought up to date with decisions in between."),
        request=None,
        responses={201: ChangeSetSerializer},
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def publish(self, request: Request, pk: str) -> Response:
        found, _said = self.command("deployments.propose_change")
        return _made(ChangeSetSerializer(publish(found, self.person)))

    @extend_schema(description=_("Discard a draft."), request=ReasonSerializer, responses=RevisionSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def discard(self, request: Request, pk: str) -> Response:
        found, said = self.command("deployments.edit_baseline", ReasonSerializer)
        drafts.discard_draft(found, by=self.person, reason=said["reason"])
        return Response(self.get_serializer(self.get_object()).data)


def _made(serializer: serializers.BaseSerializer[Any]) -> Response:
    return Response(serializer.data, status=status.HTTP_201_CREATED)
