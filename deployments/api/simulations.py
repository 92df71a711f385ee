"""Simulations for scripts: asking for one, and reading what came out. Nothing in them reaches a computer."""

from __future__ import annotations

from typing import Any

import django_filters
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from deployments.models import ChangeSet, Proposal, Simulation
from deployments.services import simulations
from deployments.tasks import play_simulation, wake
from fleet.filters import KeyFilter
from schools.api import Rows
from schools.decorators import require
from schools.idempotency import idempotent
from schools.models import User


class SimulationSerializer(serializers.ModelSerializer[Simulation]):
    is_simulation = serializers.SerializerMethodField(help_text=_("Always true: none of it has happened."))
    asked_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)
    result = serializers.JSONField(
        read_only=True, help_text=_("Empty until it has been played. Hours count from the start.")
    )

    class Meta:
        model = Simulation
        fields = [
            "id",
            "is_simulation",
            "proposal",
            "change_set",
            "seed",
            "status",
            "starts_at",
            "asked_by",
            "asked_at",
            "started_at",
            "ended_at",
            "result",
        ]

    def get_is_simulation(self, _row: Simulation) -> bool:
        return True


class NewSimulationSerializer(serializers.Serializer[Any]):
    """Of a proposal or of a change."""

    proposal = serializers.PrimaryKeyRelatedField[Proposal](
        queryset=Proposal.objects.none(), default=None, allow_null=True
    )
    change_set = serializers.PrimaryKeyRelatedField[ChangeSet](
        queryset=ChangeSet.objects.none(), default=None, allow_null=True
    )
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=1)

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        if (request := self.context.get("request")) is not None and isinstance(request.user, User):
            fields["proposal"].queryset = Proposal.objects.visible_to(request.user)
            fields["change_set"].queryset = ChangeSet.objects.visible_to(request.user)
        return fields

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        if (said["proposal"] is None) == (said["change_set"] is None):
            raise serializers.ValidationError(_("Name a proposal or a change, and not both."))
        return said


class SimulationFilters(django_filters.FilterSet):  # type: ignore[misc]
    status = django_filters.ChoiceFilter(choices=Simulation.Status.choices)
    proposal = KeyFilter(field_name="proposal_id")
    change_set = KeyFilter(field_name="change_set_id")

    class Meta:
        model = Simulation
        fields = ["status", "proposal", "change_set"]


class SimulationViewSet(Rows):
    queryset = Simulation.objects.select_related("asked_by")
    serializer_class = SimulationSerializer
    filterset_class = SimulationFilters
    permission = "deployments.view_simulation"
    ordering_fields = ["id", "asked_at"]
    ordering = "-id"

    @extend_schema(
        description=_("Play a proposal or a change on a copy of the fleet. The same question gives the same row."),
        request=NewSimulationSerializer,
        responses={201: SimulationSerializer},
    )
    @idempotent
    def create(self, request: Request) -> Response:
        require(self.person, "deployments.simulate")
        said = self.said(NewSimulationSerializer)
        row = simulations.ask(said["proposal"] or said["change_set"], said["seed"], by=self.person, now=timezone.now())
        if row.status == Simulation.Status.WAITING:
            wake(play_simulation, row.pk)
        return Response(self.get_serializer(row).data, status=status.HTTP_201_CREATED)
