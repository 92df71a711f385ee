"""The audit trail for scripts, read only."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from schools.api.rows import Rows
from schools.filters import AuditEventFilters
from schools.models import AuditEvent, User


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


class AuditEventViewSet(Rows):
    queryset = AuditEvent.objects.select_related("actor")
    serializer_class = AuditEventSerializer
    filterset_class = AuditEventFilters
    permission = "schools.view_auditevent"
    ordering_fields = ["id"]
    ordering = "-id"
