"""Where Intune is not as decided, for scripts."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from intune_sync import tasks
from intune_sync.drift import acts
from intune_sync.drift.states import STATES, in_state
from intune_sync.drift.words import meaning
from intune_sync.models import DriftItem
from intune_sync.models.drift import DriftItemQuerySet
from schools.api import Rows
from schools.idempotency import idempotent
from schools.models import User


class DriftItemSerializer(serializers.ModelSerializer[DriftItem]):
    app: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField(slug_field="graph_id", read_only=True)
    ignored_by: serializers.SlugRelatedField[User] = serializers.SlugRelatedField(slug_field="username", read_only=True)
    change_set: serializers.PrimaryKeyRelatedField[Any] = serializers.PrimaryKeyRelatedField(read_only=True)
    proposals: serializers.PrimaryKeyRelatedField[Any] = serializers.PrimaryKeyRelatedField(many=True, read_only=True)
    means = serializers.SerializerMethodField(help_text=_("In a sentence."))
    before = serializers.SerializerMethodField(help_text=_("What is decided; null when that is nothing."))
    after = serializers.SerializerMethodField(help_text=_("What Intune has; null when that is nothing."))

    class Meta:
        model = DriftItem
        fields = [
            "id",
            "kind",
            "key",
            "episode",
            "name",
            "means",
            "app",
            "before",
            "after",
            "is_decided",
            "since",
            "last_seen_at",
            "resolved_at",
            "resolution",
            "acted_by",
            "acted_at",
            "ignored_until",
            "ignored_reason",
            "ignored_by",
            "proposals",
            "decision",
            "change_set",
        ]

    def get_means(self, item: DriftItem) -> str:
        return meaning(item)

    @extend_schema_field({"type": "object", "additionalProperties": True, "nullable": True})
    def get_before(self, item: DriftItem) -> dict[str, Any] | None:
        return item.before

    @extend_schema_field({"type": "object", "additionalProperties": True, "nullable": True})
    def get_after(self, item: DriftItem) -> dict[str, Any] | None:
        return item.after


class DriftReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000)


class IgnoringSerializer(DriftReasonSerializer):
    until = serializers.DateField(help_text=_("The last day on which it is ignored."))


class DriftItemFilters(django_filters.FilterSet):  # type: ignore[misc]
    kind = django_filters.ChoiceFilter(choices=DriftItem.Kind.choices)
    state = django_filters.ChoiceFilter(
        choices=[(state, state) for state in STATES],
        method="in_state",
        help_text=_("Waiting for somebody, seen to, ignored, or over."),
    )

    class Meta:
        model = DriftItem
        fields = ["kind"]

    def in_state(self, rows: DriftItemQuerySet, _name: str, state: str) -> QuerySet[DriftItem]:
        return in_state(rows, state, timezone.localdate())


class DriftItemViewSet(Rows):
    """Differences between what Intune has and what is decided, each with its episodes."""

    queryset = DriftItem.objects.for_list().prefetch_related("proposals")
    serializer_class = DriftItemSerializer
    filterset_class = DriftItemFilters
    permission = "intune_sync.view_drift"
    ordering_fields = ["id"]
    ordering = "-id"

    @extend_schema(
        description=_("Take it for right: it is proposed to the committee, or becomes the portal's own."),
        request=DriftReasonSerializer,
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def adopt(self, request: Request, pk: str) -> Response:
        item, said = self.command("intune_sync.handle_drift", DriftReasonSerializer)
        acts.adopt(item, self.person, said["reason"], timezone.now())
        return self._answer(item)

    @extend_schema(
        description=_("Take it back: a draft change, to be planned, and approved by somebody else."),
        request=DriftReasonSerializer,
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def revert(self, request: Request, pk: str) -> Response:
        item, said = self.command("intune_sync.handle_drift", DriftReasonSerializer)
        if acts.revert(item, self.person, said["reason"], timezone.now()) is None:
            transaction.on_commit(tasks.wake_write)
        return self._answer(item)

    @extend_schema(description=_("Ignore it until the end of a day, for a reason."), request=IgnoringSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def ignore(self, request: Request, pk: str) -> Response:
        item, said = self.command("intune_sync.handle_drift", IgnoringSerializer)
        acts.ignore(item, self.person, said["reason"], said["until"], timezone.now())
        return self._answer(item)

    @extend_schema(description=_("Ignore it no longer."), request=None)
    @action(detail=True, methods=["post"])
    @idempotent
    def heed(self, request: Request, pk: str) -> Response:
        item, _said = self.command("intune_sync.handle_drift")
        acts.heed(item, self.person)
        return self._answer(item)

    def _answer(self, item: DriftItem) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=item.pk)).data)
