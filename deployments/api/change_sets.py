from __future__ import annotations

from typing import Any

import django_filters
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from deployments.models import ChangeSet
from deployments.queries import progress
from deployments.services import changes
from deployments.status import DeviceStatus
from fleet.filters import KeyFilter
from schools.api import Rows
from schools.idempotency import idempotent


class ChangeSetSerializer(serializers.ModelSerializer[ChangeSet]):
    requested_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)
    approved_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True, allow_null=True)

    class Meta:
        model = ChangeSet
        fields = [
            "id",
            "revision",
            "status",
            "reason",
            "plan_hash",
            "planned_at",
            "requested_by",
            "created_at",
            "approved_by",
            "approved_at",
            "rejected_reason",
            "started_at",
            "applied_at",
        ]


class ChangeSetFilters(django_filters.FilterSet):  # type: ignore[misc]
    status = django_filters.ChoiceFilter(choices=ChangeSet.Status.choices)
    revision = KeyFilter(field_name="revision_id")

    class Meta:
        model = ChangeSet
        fields = ["status", "revision"]


class ApprovalSerializer(serializers.Serializer[Any]):
    plan_hash = serializers.CharField(max_length=64, help_text=_("The hash of the plan that was looked at."))


class RejectionSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000)


class CancellationSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class SchoolProgressSerializer(serializers.Serializer[Any]):
    school = serializers.IntegerField(source="school_id", allow_null=True)
    name = serializers.CharField(allow_null=True)
    counts = serializers.DictField(child=serializers.IntegerField())
    total = serializers.IntegerField()


class ProgressSerializer(serializers.Serializer[Any]):
    counts = serializers.DictField(
        child=serializers.IntegerField(),
        help_text=format_lazy(
            _("By status, adding up to the total: {statuses}."), statuses=", ".join(DeviceStatus.values)
        ),
    )
    total = serializers.IntegerField()
    as_of = serializers.DateTimeField(allow_null=True, help_text=_("The latest report from a computer concerned."))
    by_school = SchoolProgressSerializer(many=True)


class ChangeSetViewSet(Rows):
    """Reading changes, and the decisions on them. What needs Intune (preview, apply) a subclass adds."""

    queryset = ChangeSet.objects.select_related("requested_by", "approved_by").defer("plan")
    serializer_class = ChangeSetSerializer
    filterset_class = ChangeSetFilters
    permission = "deployments.view_changeset"
    ordering_fields = ["id", "created_at"]
    ordering = "-id"

    @extend_schema(
        description=_("How far the change has come, as far as the caller may see."), responses=ProgressSerializer
    )
    @action(detail=True)
    def progress(self, request: Request, pk: str) -> Response:
        found = progress(self.get_object(), self.person)
        return Response(ProgressSerializer(found).data)

    @extend_schema(
        description=_("Approve exactly the plan with this hash. The requester may not."), request=ApprovalSerializer
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def approve(self, request: Request, pk: str) -> Response:
        change_set, said = self.command("deployments.approve_changeset", ApprovalSerializer)
        return self._answer(changes.approve(change_set, said["plan_hash"], by=self.person, now=timezone.now()))

    @extend_schema(
        description=_("Refuse a planned change, with the reason; its revision is a draft again."),
        request=RejectionSerializer,
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def reject(self, request: Request, pk: str) -> Response:
        change_set, said = self.command("deployments.approve_changeset", RejectionSerializer)
        return self._answer(changes.reject(change_set, said["reason"], by=self.person))

    @extend_schema(
        description=_("Withdraw a change that nobody has begun to write; its revision is a draft again."),
        request=CancellationSerializer,
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def cancel(self, request: Request, pk: str) -> Response:
        change_set, said = self.command("deployments.cancel_changeset", CancellationSerializer)
        return self._answer(changes.cancel(change_set, by=self.person, reason=said["reason"]))

    def _answer(self, change_set: ChangeSet) -> Response:
        return Response(self.get_serializer(change_set).data)
