"""What the caller has been told."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from schools.api.rows import Rows
from schools.filters import NotificationFilters
from schools.idempotency import idempotent
from schools.models import Notification
from schools.services.inbox import mark_read


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
