"""Synchronisations for scripts."""

from __future__ import annotations

from functools import partial
from typing import Any

import django_filters
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from intune_sync.api_changes import WritableChangeSetViewSet
from intune_sync.api_drift import DriftItemViewSet
from intune_sync.api_new_apps import NewAppViewSet
from intune_sync.api_rollouts import StartableRolloutViewSet
from intune_sync.api_writes import ImportViewSet, MarkViewSet, OperationViewSet, OrderViewSet, StopViewSet
from intune_sync.models import SyncRun
from intune_sync.runs import release, request_runs
from intune_sync.tasks import wake_pull
from schools.api import Rows
from schools.decorators import require
from schools.idempotency import idempotent
from schools.models import User


class SyncRunSerializer(serializers.ModelSerializer[SyncRun]):
    requested_by: serializers.SlugRelatedField[User] = serializers.SlugRelatedField(
        slug_field="username", read_only=True, allow_null=True
    )
    approved_by: serializers.SlugRelatedField[User] = serializers.SlugRelatedField(
        slug_field="username", read_only=True, allow_null=True
    )
    counts = serializers.SerializerMethodField(help_text=_("What was found and changed, by name."))
    explanation = serializers.CharField(read_only=True, help_text=_("The reason as a sentence."))

    class Meta:
        model = SyncRun
        fields = [
            "id",
            "resource",
            "mode",
            "trigger",
            "requested_by",
            "approved_by",
            "status",
            "reason",
            "explanation",
            "created_at",
            "not_before",
            "started_at",
            "finished_at",
            "requests",
            "throttled",
            "counts",
        ]

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
    def get_counts(self, run: SyncRun) -> dict[str, int]:
        return dict(run.counts)


class StartSyncSerializer(serializers.Serializer[Any]):
    resources = serializers.ListField(
        child=serializers.ChoiceField(choices=SyncRun.Resource.choices),
        required=False,
        allow_empty=False,
        help_text=_("What to read; everything when it is left out."),
    )
    mode = serializers.ChoiceField(
        choices=SyncRun.Mode.choices,
        default=SyncRun.Mode.FULL,
        help_text=_("How much of it. Where Graph cannot tell what has changed, everything is read."),
    )


class SyncRunFilters(django_filters.FilterSet):  # type: ignore[misc]
    resource = django_filters.ChoiceFilter(choices=SyncRun.Resource.choices)
    status = django_filters.ChoiceFilter(choices=SyncRun.Status.choices)
    mode = django_filters.ChoiceFilter(choices=SyncRun.Mode.choices)

    class Meta:
        model = SyncRun
        fields = ["resource", "status", "mode"]


class SyncRunViewSet(Rows):
    queryset = SyncRun.objects.select_related("requested_by", "approved_by")
    serializer_class = SyncRunSerializer
    filterset_class = SyncRunFilters
    permission = "intune_sync.view_syncrun"
    ordering_fields = ["id"]
    ordering = "-id"

    @extend_schema(
        description=_("Read from Intune now. A run that is queued already is the answer, not a second one."),
        request=StartSyncSerializer,
        responses={202: SyncRunSerializer(many=True)},
    )
    @idempotent
    def create(self, request: Request) -> Response:
        require(self.person, "intune_sync.start_sync")
        said = self.said(StartSyncSerializer)
        wanted = said.get("resources", SyncRun.Resource.values)
        with transaction.atomic():
            in_order = [resource for resource in SyncRun.Resource.values if resource in wanted]
            runs = request_runs(in_order, SyncRun.Trigger.PERSON, self.person, said["mode"])
            transaction.on_commit(partial(wake_pull, [run.pk for run in runs]))
        return Response(self.get_serializer(runs, many=True).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(
        description=_("Let an unsafe run through: it is done once more, and what is absent is believed."),
        request=None,
        responses={202: SyncRunSerializer},
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def release(self, request: Request, pk: str) -> Response:
        run, _said = self.command("intune_sync.release_sync")
        with transaction.atomic():
            new = release(run, self.person)
            transaction.on_commit(partial(wake_pull, [new.pk]))
        return Response(self.get_serializer(new).data, status=status.HTTP_202_ACCEPTED)


router_entries: list[tuple[str, type[viewsets.GenericViewSet[Any]], str]] = [
    ("sync-runs", SyncRunViewSet, "sync-run"),
    ("change-sets", WritableChangeSetViewSet, "change-set"),
    ("rollouts", StartableRolloutViewSet, "rollout"),
    ("drift", DriftItemViewSet, "drift-item"),
    ("new-apps", NewAppViewSet, "new-app"),
    ("writing-stops", StopViewSet, "writing-stop"),
    ("operations", OperationViewSet, "operation"),
    ("imports", ImportViewSet, "import"),
    ("remote-actions", OrderViewSet, "remote-action"),
    ("autopilot-marks", MarkViewSet, "autopilot-mark"),
]
