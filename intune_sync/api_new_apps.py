"""Creating apps in Intune by script, and how far those that were asked for have come."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from deployments.models import Application
from intune_sync.models import Operation
from intune_sync.payloads.new_apps import WEB, WINGET
from intune_sync.services.new_apps import NewApp, request_app, retry_app
from intune_sync.tasks import wake_write
from schools.api import Rows
from schools.decorators import require
from schools.idempotency import idempotent


class NewAppSerializer(serializers.ModelSerializer[Operation]):
    """An app that somebody has asked the portal to create."""

    type = serializers.CharField(source="desired.type", read_only=True)
    name = serializers.CharField(source="desired.name", read_only=True)
    publisher = serializers.CharField(source="desired.publisher", read_only=True)
    package = serializers.CharField(source="desired.package", read_only=True)
    address = serializers.CharField(source="desired.address", read_only=True)
    application = serializers.CharField(source="desired.application", read_only=True)
    requested_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)
    said = serializers.CharField(read_only=True, help_text=_("Why the last call failed."))

    class Meta:
        model = Operation
        fields = [
            "id",
            "type",
            "name",
            "publisher",
            "package",
            "address",
            "application",
            "status",
            "problem",
            "said",
            "intune_app_id",
            "requested_by",
            "created_at",
            "finished_at",
        ]


class AskedAppSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=[(WINGET, _("Program of the Store")), (WEB, _("Web page"))])
    name = serializers.CharField(max_length=200)
    publisher = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")
    package = serializers.CharField(
        max_length=100, required=False, allow_blank=True, default="", help_text=_("Of a program, as the Store has it.")
    )
    address = serializers.URLField(
        max_length=500, required=False, allow_blank=True, default="", help_text=_("Of a web page; begins with https.")
    )
    application = serializers.PrimaryKeyRelatedField[Application](
        queryset=Application.objects.all(),
        required=False,
        allow_null=True,
        default=None,
        help_text=_("Of the catalogue, that it is a version of; a new one with this name when left out."),
    )


class NewAppViewSet(Rows):
    """For IT administrators. Creating assigns to nobody; that takes a decision, and a complete vetting card."""

    queryset = Operation.objects.filter(kind=Operation.Kind.CREATE_APP).select_related("requested_by")
    serializer_class = NewAppSerializer
    permission = "deployments.edit_baseline"
    ordering_fields = ["id"]
    ordering = "-id"

    def get_queryset(self) -> Any:
        """All of them: the permission is one that nobody holds for a part of the municipality."""
        return self.queryset.none() if getattr(self, "swagger_fake_view", False) else self.queryset.all()

    @extend_schema(
        description=_(
            "Ask for an app that needs no file. It is assigned to nobody; before anything may assign it, the "
            "application's vetting card has to be complete."
        ),
        request=AskedAppSerializer,
        responses={202: NewAppSerializer},
    )
    @idempotent
    def create(self, request: Request) -> Response:
        require(self.person, "deployments.edit_baseline")
        said = self.said(AskedAppSerializer)
        application = said.pop("application")
        new = NewApp(**said, application=application.name if application else "")
        with transaction.atomic():
            asked = request_app(new, self.person)
            transaction.on_commit(wake_write)
        return Response(self.get_serializer(asked).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(
        description=_("Try again what failed; what an earlier try did create is found."),
        request=None,
        responses={202: NewAppSerializer},
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def retry(self, request: Request, pk: str) -> Response:
        found: Operation = self.get_object()
        with transaction.atomic():
            again = retry_app(found, self.person)
            transaction.on_commit(wake_write)
        return Response(self.get_serializer(again).data, status=status.HTTP_202_ACCEPTED)
