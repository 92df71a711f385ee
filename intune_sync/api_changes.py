"""Change sets for scripts, with the commands that need Intune: preview, apply, retry, abandon."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from deployments.api import ChangeSetSerializer, ChangeSetViewSet
from deployments.models import ChangeSet
from deployments.rollouts.at_once import against
from intune_sync import services
from intune_sync.graph import GraphError
from intune_sync.holds import explain
from intune_sync.models import AutomaticHold
from intune_sync.payloads.members import calls_of
from intune_sync.previews import freeze_notices, notices, preview
from intune_sync.tasks import wake_write
from intune_sync.words import graph_sentence
from schools.idempotency import idempotent


class IntuneAway(APIException):
    """Intune does not answer; nothing was changed."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "intune_unavailable"


class IntuneRefused(APIException):
    """Intune answered, and would not; nothing was changed."""

    status_code = status.HTTP_502_BAD_GATEWAY
    default_code = "intune_refused"


class SchoolShareSerializer(serializers.Serializer[Any]):
    school = serializers.IntegerField(source="school_id", allow_null=True)
    name = serializers.CharField()
    computers = serializers.IntegerField()
    download_bytes = serializers.IntegerField(help_text=_("Installer size times installations."))


class CallSerializer(serializers.Serializer[Any]):
    method = serializers.CharField()
    url = serializers.CharField()
    body = serializers.JSONField()


class NoticeSerializer(serializers.Serializer[Any]):
    blocking = serializers.BooleanField(help_text=_("The app that it is about is left as it is."))
    text = serializers.CharField()


class PreviewSerializer(serializers.Serializer[Any]):
    change_set = ChangeSetSerializer()
    sentences = serializers.ListField(child=serializers.CharField())
    computers = serializers.IntegerField(help_text=_("Each counted once, as far as the caller may see."))
    schools = SchoolShareSerializer(many=True)
    calls = CallSerializer(many=True, help_text=_("The exact Graph calls; for readers of the whole municipality."))
    waits_for_it = serializers.CharField(
        help_text=_("Why it does not go to Intune by itself, though somebody decided it; empty when it does.")
    )
    warnings = NoticeSerializer(many=True, help_text=_("For readers of the whole municipality."))


class AbandonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000)


class WritableChangeSetViewSet(ChangeSetViewSet):
    @extend_schema(
        description=_("The plan as it is kept: what an approval of `plan_hash` is about."), responses=PreviewSerializer
    )
    @action(detail=True, methods=["get"])
    def plan(self, request: Request, pk: str) -> Response:
        return self._preview(self.get_object())

    @extend_schema(
        description=_(
            "Work the plan out anew from what Intune has now. Nothing is written; an approval of another plan ends."
        ),
        request=None,
        responses=PreviewSerializer,
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def preview(self, request: Request, pk: str) -> Response:
        change_set, _said = self.command("deployments.propose_change")
        with intune_in_api_words():
            return self._preview(services.freeze_plan(change_set, self.person, timezone.now()))

    @extend_schema(
        description=_(
            "Start writing the approved plan to all its computers at once. 409 when the state is another, or when the "
            "plan is no longer true; the answer then says what has changed. 400 with the code `not_at_once` where its "
            "size or the calendars of its schools are against it: plan a roll-out, or ask for an `override`."
        ),
        request=None,
        responses={202: ChangeSetSerializer},
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def apply(self, request: Request, pk: str) -> Response:
        change_set, _said = self.command("deployments.apply_changeset")
        with intune_in_api_words():
            started = services.apply_change_set(change_set, self.person, timezone.now())
        transaction.on_commit(wake_write)
        return Response(self.get_serializer(started).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(description=_("Try again what failed."), request=None, responses={202: ChangeSetSerializer})
    @action(detail=True, methods=["post"])
    @idempotent
    def retry(self, request: Request, pk: str) -> Response:
        change_set, _said = self.command("deployments.apply_changeset")
        resumed = services.retry_change_set(change_set, self.person, timezone.now())
        transaction.on_commit(wake_write)
        return Response(self.get_serializer(resumed).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(description=_("Close a failed change with its errors left."), request=AbandonSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def abandon(self, request: Request, pk: str) -> Response:
        change_set, said = self.command("deployments.apply_changeset", AbandonSerializer)
        return self._answer(services.abandon_change_set(change_set, self.person, said["reason"]))

    def _preview(self, change_set: ChangeSet) -> Response:
        seen = preview(change_set, self.person)
        sees_all = self.person.access.reads_all("deployments.view_changeset")
        held = AutomaticHold.objects.filter(change_set=change_set).first() if change_set.decision_id else None
        shown = {
            "change_set": change_set,
            "sentences": [sentence for app in seen.apps for sentence in app.sentences],
            "computers": seen.computers,
            "schools": seen.schools,
            "calls": calls_of(change_set.plan) if sees_all else [],
            "waits_for_it": explain(held.reason, held.reason_data) if held and sees_all else "",
            "warnings": [{"blocking": b, "text": text} for b, text in _warnings(change_set)] if sees_all else [],
        }
        return Response(PreviewSerializer(shown, context=self.get_serializer_context()).data)


def _warnings(change_set: ChangeSet) -> list[tuple[bool, str]]:
    return [*notices(change_set), *freeze_notices(change_set, against(change_set, timezone.now()))]


@contextmanager
def intune_in_api_words() -> Iterator[None]:
    """A failed call to Intune is 503 when it may succeed later, else 502; nothing was changed either way."""
    try:
        yield
    except GraphError as error:
        kind = IntuneAway if error.transient else IntuneRefused
        raise kind(graph_sentence(error)) from error
