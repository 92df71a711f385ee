"""Roll-outs for scripts: planning, reading, and what people do with one. The room that knows Intune starts them."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from deployments.api.change_sets import OverrideSerializer
from deployments.models import ChangeSet, GateReading, Ring, RingMember, Rollout
from deployments.rollouts.words import explain
from deployments.services import rollouts
from deployments.services.rollouts import Settings
from fleet.filters import KeyFilter
from fleet.models import Device
from schools.api import Rows
from schools.decorators import require
from schools.idempotency import idempotent
from schools.models import CalendarPeriod, School, User

PLANNED = [
    "strategy",
    "pilot_school",
    "seed",
    "least_per_model",
    "soak_hours",
    "min_sample",
    "least_success",
    "gate",
    "starts_on",
    "starts_in",
]


class RolloutSerializer(serializers.ModelSerializer[Rollout]):
    created_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)
    started_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True, allow_null=True)
    halt_reason = serializers.SerializerMethodField(help_text=_("Why it stopped by itself; empty when it did not."))

    class Meta:
        model = Rollout
        fields = [
            "id",
            "change_set",
            "status",
            *PLANNED,
            "created_by",
            "created_at",
            "started_by",
            "started_at",
            "ended_at",
            "halted_at",
            "halt_code",
            "halt_reason",
            "rollback",
        ]

    def get_halt_reason(self, row: Rollout) -> str:
        return explain(row.halt_code, row.halt_data)


class GateReadingSerializer(serializers.ModelSerializer[GateReading]):
    class Meta:
        model = GateReading
        fields = ["read_at", "installed", "failed", "waiting", "low", "high", "verdict", "findings"]


class RingSerializer(serializers.ModelSerializer[Ring]):
    computers = serializers.IntegerField(help_text=_("As far as the caller may see."))
    released = serializers.IntegerField(help_text=_("Of these, let in by the calendar of their school."))
    reading = serializers.SerializerMethodField(help_text=_("The gate's last; for readers of the whole municipality."))

    class Meta:
        model = Ring
        fields = [
            "number",
            "share",
            "status",
            "computers",
            "released",
            "opened_at",
            "written_at",
            "passed_at",
            "reason",
            "reading",
        ]

    @extend_schema_field(GateReadingSerializer(allow_null=True))
    def get_reading(self, ring: Ring) -> Any:
        readings = list(ring.readings.all()) if self.context["sees_all"] else []
        return GateReadingSerializer(readings[-1]).data if readings else None


class RingMemberSerializer(serializers.ModelSerializer[RingMember]):
    ring = serializers.IntegerField(source="ring.number")

    class Meta:
        model = RingMember
        fields = ["device", "ring", "released_at", "written_at"]


class SettingsSerializer(serializers.Serializer[Any]):
    """What is left out is as usual."""

    strategy = serializers.ChoiceField(choices=Rollout.Strategy.choices, default=Settings.strategy)
    shares = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=100),
        default=list,
        help_text=_("Rising percentages of all computers, the last one 100; empty: those that go with the strategy."),
    )
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=Settings.seed)
    least_per_model = serializers.IntegerField(min_value=0, max_value=1000, default=Settings.least_per_model)
    soak_hours = serializers.IntegerField(min_value=0, max_value=24 * 90, default=Settings.soak_hours)
    min_sample = serializers.IntegerField(min_value=1, max_value=1000, default=Settings.min_sample)
    least_success = serializers.FloatField(min_value=0.5, max_value=1.0, default=Settings.least_success)
    gate = serializers.ChoiceField(choices=Rollout.Gate.choices, default=Settings.gate)
    pilot_school = serializers.PrimaryKeyRelatedField[School](
        queryset=School.objects.all(), default=None, allow_null=True
    )
    starts_on = serializers.DateField(default=None, allow_null=True)
    starts_in = serializers.PrimaryKeyRelatedField[CalendarPeriod](
        queryset=CalendarPeriod.objects.all(), default=None, allow_null=True
    )


class PlanSerializer(SettingsSerializer):
    change_set = serializers.PrimaryKeyRelatedField[ChangeSet](queryset=ChangeSet.objects.none())

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        if (request := self.context.get("request")) is not None and isinstance(request.user, User):
            fields["change_set"].queryset = ChangeSet.objects.visible_to(request.user)
        return fields


class MoveSerializer(serializers.Serializer[Any]):
    devices = serializers.PrimaryKeyRelatedField[Device](
        many=True, queryset=Device.objects.all(), allow_empty=False, help_text=_("The computers' ids.")
    )
    ring = serializers.IntegerField(min_value=1, help_text=_("The number of the ring that they go to."))


class RolloutReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000)


class MaybeReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class RolloutFilters(django_filters.FilterSet):  # type: ignore[misc]
    status = django_filters.ChoiceFilter(choices=Rollout.Status.choices)
    change_set = KeyFilter(field_name="change_set_id")

    class Meta:
        model = Rollout
        fields = ["status", "change_set"]


RUN = "deployments.run_rollout"


class RolloutViewSet(Rows):
    queryset = Rollout.objects.select_related("created_by", "started_by", "change_set")
    serializer_class = RolloutSerializer
    filterset_class = RolloutFilters
    permission = "deployments.view_changeset"
    ordering_fields = ["id", "created_at"]
    ordering = "-id"

    @extend_schema(
        description=_(
            "Draw the rings of an approved change. Nothing starts yet. A roll-out that was broken off before its start "
            "is planned again, under its number."
        ),
        request=PlanSerializer,
        responses={201: RolloutSerializer},
    )
    @idempotent
    def create(self, request: Request) -> Response:
        require(self.person, RUN)
        said = self.said(PlanSerializer)
        change_set = said.pop("change_set")
        row = rollouts.plan_rollout(change_set, _settings(said), by=self.person, now=timezone.now())
        return Response(self.get_serializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(description=_("The rings in order."), responses=RingSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None)
    def rings(self, request: Request, pk: str) -> Response:
        mine = Q(members__in=self._members(self.get_object()))
        rings = (
            self.get_object()
            .rings.order_by("number")
            .annotate(
                computers=Count("members", filter=mine),
                released=Count("members", filter=mine & Q(members__released_at__isnull=False)),
            )
            .prefetch_related("readings")
        )
        sees_all = self.person.access.reads_all(self.permission)
        return Response(RingSerializer(rings, many=True, context={"sees_all": sees_all}).data)

    @extend_schema(
        description=_("Which computer is in which ring, as far as the caller may see."),
        responses=RingMemberSerializer(many=True),
        filters=False,
    )
    @action(detail=True, filterset_class=None)
    def computers(self, request: Request, pk: str) -> Response:
        members = self._members(self.get_object()).select_related("ring").order_by("-id")
        page = self.paginate_queryset(members)
        return self.get_paginated_response(RingMemberSerializer(page, many=True).data)

    def _members(self, row: Rollout) -> Any:
        return row.members.filter(self.person.access.schools_q(self.permission, "device__school_id"))

    @extend_schema(
        description=_("Draw the rings of a planned roll-out anew, with other settings or the same."),
        request=SettingsSerializer,
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def redraw(self, request: Request, pk: str) -> Response:
        row, said = self.command(RUN, SettingsSerializer)
        return self._answer(rollouts.redraw(row, _settings(said), by=self.person, now=timezone.now()))

    @extend_schema(
        description=_("Put computers into another ring, as long as neither that nor theirs has opened."),
        request=MoveSerializer,
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def move(self, request: Request, pk: str) -> Response:
        row, said = self.command(RUN, MoveSerializer)
        devices = [device.pk for device in said["devices"]]
        rollouts.move_computers(row, devices, said["ring"], by=self.person)
        return self._answer(row)

    @extend_schema(
        description=_("Let one that waits to start be planned again, so that it does not start by itself."),
        request=MaybeReasonSerializer,
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def dequeue(self, request: Request, pk: str) -> Response:
        row, said = self.command(RUN, MaybeReasonSerializer)
        return self._answer(rollouts.take_out_of_queue(row, by=self.person, reason=said["reason"]))

    @extend_schema(
        description=_("Open no further ring until it is resumed. What is out stays."), request=MaybeReasonSerializer
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def pause(self, request: Request, pk: str) -> Response:
        row, said = self.command(RUN, MaybeReasonSerializer)
        return self._answer(rollouts.pause(row, by=self.person, reason=said["reason"]))

    @extend_schema(
        description=_("Go on. After it stopped by itself a reason is needed."), request=MaybeReasonSerializer
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def resume(self, request: Request, pk: str) -> Response:
        row, said = self.command(RUN, MaybeReasonSerializer)
        return self._answer(rollouts.resume(row, by=self.person, reason=said["reason"]))

    @extend_schema(
        description=_("Leave out the next ring: its computers go along with the one after it."),
        request=RolloutReasonSerializer,
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def skip(self, request: Request, pk: str) -> Response:
        row, said = self.command(RUN, RolloutReasonSerializer)
        rollouts.skip_ring(row, by=self.person, reason=said["reason"])
        return self._answer(row)

    @extend_schema(
        description=_("Let the open ring through by hand. Unless its gate has passed, a reason is needed."),
        request=MaybeReasonSerializer,
    )
    @action(detail=True, methods=["post"], url_path="pass")
    @idempotent
    def let_through(self, request: Request, pk: str) -> Response:
        row, said = self.command(RUN, MaybeReasonSerializer)
        rollouts.pass_ring(row, by=self.person, now=timezone.now(), reason=said["reason"])
        return self._answer(row)

    @extend_schema(
        description=_("Open no further ring, for good. What is out stays until it is rolled back or decided anew."),
        request=RolloutReasonSerializer,
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def abort(self, request: Request, pk: str) -> Response:
        row, said = self.command(RUN, RolloutReasonSerializer)
        return self._answer(rollouts.abort(row, by=self.person, reason=said["reason"], now=timezone.now()))

    @extend_schema(
        description=_(
            "Break it off and prepare the change that takes it back; another person approves that one's plan. The "
            "answer names it as `rollback`."
        ),
        request=RolloutReasonSerializer,
    )
    @action(detail=True, methods=["post"], url_path="roll-back")
    @idempotent
    def roll_back(self, request: Request, pk: str) -> Response:
        row, said = self.command(RUN, RolloutReasonSerializer)
        rollouts.prepare_rollback(row, by=self.person, reason=said["reason"], now=timezone.now())
        return self._answer(row)

    @extend_schema(
        description=_("Ask that it may start in a freeze or in lesson hours. Another person has to agree."),
        request=RolloutReasonSerializer,
        responses=OverrideSerializer,
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def override(self, request: Request, pk: str) -> Response:
        row, said = self.command(RUN, RolloutReasonSerializer)
        made = rollouts.request_override(row, by=self.person, reason=said["reason"], now=timezone.now())
        return Response(OverrideSerializer(made).data)

    @extend_schema(
        description=_("Agree that it may start in a freeze or in lesson hours. Who asked for it may not."),
        request=None,
        responses=OverrideSerializer,
    )
    @action(detail=True, methods=["post"], url_path="override/approve")
    @idempotent
    def approve_override(self, request: Request, pk: str) -> Response:
        row, _said = self.command(RUN)
        approved = rollouts.approve_override(row, by=self.person, now=timezone.now())
        return Response(OverrideSerializer(approved).data)

    def _answer(self, row: Rollout) -> Response:
        row.refresh_from_db()
        return Response(self.get_serializer(row).data)


def _settings(said: dict[str, Any]) -> Settings:
    return Settings(**{**said, "shares": tuple(said["shares"])})
