"""Roll-outs for scripts, with what needs the room that knows Intune: starting, and as of when each figure holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from deployments.api import RolloutSerializer, RolloutViewSet
from deployments.rollouts.progress import PLACES, Progress, progress
from deployments.services import rollouts
from deployments.status import DeviceStatus
from intune_sync import services
from intune_sync.api_changes import intune_in_api_words
from intune_sync.models import SyncRun
from intune_sync.queries import whole_reports
from intune_sync.tasks import wake_write
from schools.idempotency import idempotent


class RolloutPlaceSerializer(serializers.Serializer[Any]):
    place = serializers.ChoiceField(choices=[str(place) for place in PLACES])
    computers = serializers.IntegerField()
    as_of = serializers.DateTimeField(
        allow_null=True,
        help_text=_(
            "Of those that wait for the computer: when the computers were last read. Of those that wait for Intune: "
            "when Intune's reports were last read. Of the others: their latest report."
        ),
    )


class RolloutProgressSerializer(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    places = RolloutPlaceSerializer(many=True, help_text=_("They add up to the total."))
    not_seen_for_a_week = serializers.IntegerField(help_text=_("Of those that wait for the computer."))


class StartableRolloutViewSet(RolloutViewSet):
    @extend_schema(
        description=_("How many computers are where, as far as the caller may see, and as of when."),
        responses=RolloutProgressSerializer,
        filters=False,
    )
    @action(detail=True)
    def progress(self, request: Request, pk: str) -> Response:
        found = progress(self.get_object(), self.person, timezone.now())
        said = {"total": found.whole.total, "places": list(_places(found)), "not_seen_for_a_week": found.silent}
        return Response(RolloutProgressSerializer(said).data)

    @extend_schema(
        description=_(
            "Start it now, or (`queued`) as soon as its day has come and no other has the same app. 409 when the state "
            "is another, or when the plan of its change is no longer true."
        ),
        request=None,
        responses={202: RolloutSerializer},
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def start(self, request: Request, pk: str) -> Response:
        row, _said = self.command("deployments.run_rollout")
        with intune_in_api_words():
            started = rollouts.start(row, by=self.person, now=timezone.now(), put_in_force=services.put_in_force)
        transaction.on_commit(wake_write)
        return Response(self.get_serializer(started).data, status=status.HTTP_202_ACCEPTED)


def _places(found: Progress) -> Iterator[dict[str, Any]]:
    read = SyncRun.objects.complete().filter(resource=SyncRun.Resource.DEVICES).order_by("-finished_at")
    as_of: dict[str, datetime | None] = {
        **found.latest,
        DeviceStatus.WAITING_FOR_DEVICE: read.values_list("finished_at", flat=True).first(),
        DeviceStatus.WAITING_FOR_INTUNE: whole_reports().values_list("started_at", flat=True).first(),
    }
    for place in map(str, PLACES):
        yield {"place": place, "computers": found.whole.counts.get(place, 0), "as_of": as_of.get(place)}
