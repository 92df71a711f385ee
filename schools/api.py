"""Schools and the audit trail for scripts; both are read only."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from schools.converters import KEY_PATTERN
from schools.filters import AuditEventFilters, NotificationFilters, SchoolFilters
from schools.idempotency import idempotent
from schools.models import Administration, AuditEvent, Notification, School, SchoolForm, User
from schools.permissions import Permitted
from schools.services.inbox import mark_read


class SchoolSerializer(serializers.ModelSerializer[School]):
    administration: serializers.SlugRelatedField[Administration] = serializers.SlugRelatedField(
        slug_field="code", read_only=True
    )
    school_form: serializers.SlugRelatedField[SchoolForm] = serializers.SlugRelatedField(
        slug_field="code", read_only=True
    )

    class Meta:
        model = School
        fields = ["id", "school_unit_code", "name", "administration", "school_form", "group_tag", "entra_group_id"]


class AuditEventSerializer(serializers.ModelSerializer[AuditEvent]):
    actor: serializers.SlugRelatedField[User] = serializers.SlugRelatedField(
        slug_field="username", read_only=True, allow_null=True, help_text=_("Null: the portal itself.")
    )

    class Meta:
        model = AuditEvent
        fields = [
            "id",
            "at",
            "actor",
            "act",
            "object_type",
            "object_id",
            "object_label",
            "school",
            "before",
            "after",
            "reason",
            "origin",
            "previous_hash",
            "hash",
        ]


@extend_schema_view(
    list=extend_schema(description=_("Everything of this kind that you may see, page by page.")),
    retrieve=extend_schema(description=_("One of them. What you may not see is not found.")),
)
class Rows(viewsets.ReadOnlyModelViewSet[Any]):
    """What the API's lists have in common: look-ups start at what the caller may see."""

    permission_classes = [Permitted]
    permission = ""
    lookup_value_regex = KEY_PATTERN

    def get_queryset(self) -> Any:
        rows: Any = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows.none()
        return rows.visible_to(self.request.user)


class SchoolViewSet(Rows):
    queryset = School.objects.for_list()
    serializer_class = SchoolSerializer
    filterset_class = SchoolFilters
    permission = "schools.view_school"
    ordering_fields = ["name", "school_unit_code", "id"]


class AuditEventViewSet(Rows):
    queryset = AuditEvent.objects.select_related("actor")
    serializer_class = AuditEventSerializer
    filterset_class = AuditEventFilters
    permission = "schools.view_auditevent"
    ordering_fields = ["id"]
    ordering = "-id"


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    subject = serializers.CharField(read_only=True, help_text=_("What happened, in the caller's language."))
    body = serializers.CharField(read_only=True)

    class Meta:
        model = Notification
        fields = ["id", "kind", "subject", "body", "url", "is_urgent", "created_at", "read_at"]


class NotificationViewSet(Rows):
    """The caller's own."""

    queryset = Notification.objects.all()
    serializer_class = NotificationSerializer
    filterset_class = NotificationFilters
    ordering_fields = ["id"]
    ordering = "-id"

    @extend_schema(request=None, responses=NotificationSerializer, description=_("Mark it as read."))
    @action(detail=True, methods=["post"])
    @idempotent
    def read(self, request: Request, pk: str) -> Response:
        found: Notification = self.get_object()
        mark_read(found, timezone.now())
        return Response(self.get_serializer(found).data)


router_entries: list[tuple[str, type[viewsets.GenericViewSet[Any]], str]] = [
    ("schools", SchoolViewSet, "school"),
    ("audit-events", AuditEventViewSet, "audit-event"),
    ("notifications", NotificationViewSet, "notification"),
]
