"""Roll-outs for scripts, with the command that needs Intune: start."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from deployments.api import RolloutSerializer, RolloutViewSet
from deployments.services import rollouts
from intune_sync import services
from intune_sync.api_changes import intune_in_api_words
from intune_sync.tasks import wake_write
from schools.idempotency import idempotent


class StartableRolloutViewSet(RolloutViewSet):
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
