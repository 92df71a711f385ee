from __future__ import annotations

from typing import Any

import django_filters
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from deployments.models import CalendarOverride, ChangeSet
from deployments.queries import progress
from deployments.rollouts.at_once import AT_ONCE, against
from deployments.rollouts.calendars import suggested_break
from deployments.services import at_once, changes
from deployments.services.at_once import APPLY
from deployments.status import DeviceStatus
from fleet.filters import KeyFilter
from schools.api import Rows
from schools.idempotency import idempotent
from schools.models import User


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


class ClosedSchoolSerializer(serializers.Serializer[Any]):
    school = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    computers = serializers.IntegerField()
    kind = serializers.CharField(source="hindrance.kind", help_text=_("`freeze` or `lessons`."))
    period = serializers.CharField(source="hindrance.name", help_text=_("The freeze's name."))
    until = serializers.DateTimeField(help_text=_("When its computers may get it."))


class OverrideSerializer(serializers.ModelSerializer[CalendarOverride]):
    requested_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)
    approved_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True, allow_null=True)

    class Meta:
        model = CalendarOverride
        fields = ["reason", "requested_by", "requested_at", "approved_by", "approved_at"]


class AtOnceSerializer(serializers.Serializer[Any]):
    is_free = serializers.BooleanField(help_text=_("Nothing is against writing it at once to all its computers."))
    reasons = serializers.ListField(child=serializers.CharField())
    computers = serializers.IntegerField(help_text=_("That get something installed or removed."))
    is_large = serializers.BooleanField(help_text=_("Too many to get that at once."))
    schools = ClosedSchoolSerializer(many=True, help_text=_("Those in a freeze or in lessons now."))
    free_at = serializers.DateTimeField(
        allow_null=True, help_text=_("When no school's calendar is against it any more; null: now.")
    )
    override = OverrideSerializer(allow_null=True, help_text=_("The exception that was asked for."))


class ChangeSetDetailSerializer(ChangeSetSerializer):
    at_once = serializers.SerializerMethodField(
        help_text=_("What is against writing an approved change at once; for readers of the whole municipality.")
    )
    suggested_break = serializers.SerializerMethodField(
        help_text=_("The break within four weeks in which most of its computers can begin; for those readers too.")
    )

    class Meta(ChangeSetSerializer.Meta):
        fields = [*ChangeSetSerializer.Meta.fields, "at_once", "suggested_break"]

    @extend_schema_field(AtOnceSerializer(allow_null=True))
    def get_at_once(self, row: ChangeSet) -> Any:
        if not self._sees_all() or row.status != ChangeSet.Status.APPROVED:
            return None
        found = against(row, timezone.now())
        asked = row.overrides.filter(kind=AT_ONCE, approval_at=row.approved_at)
        said = {name: getattr(found, name) for name in ("computers", "is_large", "schools", "free_at")}
        said |= {"is_free": not found, "reasons": found.sentences}
        said["override"] = asked.select_related("requested_by", "approved_by").first()
        return AtOnceSerializer(said).data

    def get_suggested_break(self, row: ChangeSet) -> int | None:
        if not self._sees_all() or row.status not in (ChangeSet.Status.PLANNED, ChangeSet.Status.APPROVED):
            return None
        found = suggested_break(row, timezone.now())
        return found.pk if found else None

    def _sees_all(self) -> bool:
        user: User = self.context["request"].user
        return user.access.reads_all("deployments.view_changeset")


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


class ChangeReasonSerializer(serializers.Serializer[Any]):
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

    def get_serializer_class(self) -> type[ChangeSetSerializer]:
        return ChangeSetDetailSerializer if self.action == "retrieve" else ChangeSetSerializer

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

    @extend_schema(
        description=_(
            "Ask that an approved change may be written at once, whatever its size and the calendars say. Another "
            "person has to agree."
        ),
        request=ChangeReasonSerializer,
        responses=OverrideSerializer,
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def override(self, request: Request, pk: str) -> Response:
        change_set, said = self.command(APPLY, ChangeReasonSerializer)
        made = at_once.ask(change_set, by=self.person, reason=said["reason"], now=timezone.now())
        return Response(OverrideSerializer(made).data)

    @extend_schema(
        description=_("Agree that it may be written at once. Who asked for it may not."),
        request=None,
        responses=OverrideSerializer,
    )
    @action(detail=True, methods=["post"], url_path="override/approve")
    @idempotent
    def approve_override(self, request: Request, pk: str) -> Response:
        change_set, _said = self.command(APPLY)
        return Response(OverrideSerializer(at_once.agree(change_set, by=self.person, now=timezone.now())).data)

    def _answer(self, change_set: ChangeSet) -> Response:
        return Response(self.get_serializer(change_set).data)
