"""Exceptions for scripts: what the pages do, by the same acts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import django_filters
from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from deployments.models import Application, AppVersion, ExceptionRenewal, SoftwareException
from deployments.requests.forms import schools_of
from deployments.services import exceptions
from deployments.services.exceptions import Asked
from fleet.filters import KeyFilter
from fleet.models import Device
from schools.access import IT_ADMIN
from schools.api import Rows
from schools.decorators import require
from schools.idempotency import idempotent
from schools.models import ClassGroup, User


class ExceptionRenewalSerializer(serializers.ModelSerializer[ExceptionRenewal]):
    asked_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)
    decided_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True, allow_null=True)

    class Meta:
        model = ExceptionRenewal
        fields = [
            "ended_on",
            "ends_on",
            "reason",
            "status",
            "asked_by",
            "asked_at",
            "decided_by",
            "decided_at",
            "answer",
        ]


class SoftwareExceptionSerializer(serializers.ModelSerializer[SoftwareException]):
    asked_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)
    approved_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True, allow_null=True)
    ended_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True, allow_null=True)
    why_over = serializers.CharField(read_only=True, help_text=_("Why it ended or was refused, in words."))
    renewals = ExceptionRenewalSerializer(many=True, read_only=True)

    class Meta:
        model = SoftwareException
        fields = [
            "id",
            "application",
            "version",
            "kind",
            "device",
            "class_group",
            "school",
            "reason",
            "starts_on",
            "ends_on",
            "status",
            "turn",
            "due_at",
            "asked_by",
            "asked_at",
            "approved_by",
            "approved_at",
            "change_set",
            "end_change",
            "ended_by",
            "ended_at",
            "ended_why",
            "why_over",
            "renewals",
        ]


class AskSerializer(serializers.Serializer[Any]):
    """For one computer or one class group. What is not the caller's to name is as wrong as what does not exist."""

    application = serializers.PrimaryKeyRelatedField[Application](queryset=Application.objects.all())
    kind = serializers.ChoiceField(choices=SoftwareException.Kind.choices)
    device = serializers.PrimaryKeyRelatedField[Device](
        queryset=Device.objects.none(), required=False, allow_null=True, default=None
    )
    class_group = serializers.PrimaryKeyRelatedField[ClassGroup](
        queryset=ClassGroup.objects.none(), required=False, allow_null=True, default=None
    )
    reason = serializers.CharField(max_length=2000)
    starts_on = serializers.DateField(
        required=False, allow_null=True, default=None, help_text=_("Today when left out.")
    )
    ends_on = serializers.DateField()
    version = serializers.PrimaryKeyRelatedField[AppVersion](
        queryset=AppVersion.objects.all(),
        required=False,
        allow_null=True,
        default=None,
        help_text=_("The latest when left out."),
    )

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        if (request := self.context.get("request")) is not None and isinstance(request.user, User):
            user = request.user
            groups = ClassGroup.objects.current().select_related("school__school_form")
            mine = groups.filter(school__in=[school.pk for school in schools_of(user)])
            fields["class_group"].queryset = groups if IT_ADMIN in user.access.everywhere else mine
            fields["device"].queryset = Device.objects.visible_to(user).select_related("school__school_form")
        return fields

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        if bool(said["device"]) == bool(said["class_group"]):
            raise serializers.ValidationError(_now("Name one computer or one class group."))
        return said


class ExceptionReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000)


class ExceptionWithdrawalSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class RenewSerializer(ExceptionReasonSerializer):
    ends_on = serializers.DateField(help_text=_("The new last day."))


class SoftwareExceptionFilters(django_filters.FilterSet):  # type: ignore[misc]
    status = django_filters.ChoiceFilter(choices=SoftwareException.Status.choices)
    school = KeyFilter(field_name="school_id")
    application = KeyFilter(field_name="application_id")
    device = KeyFilter(field_name="device_id")
    class_group = KeyFilter(field_name="class_group_id")
    ends_soon = django_filters.BooleanFilter(
        method="narrow_to_soon", help_text=_("In force or approved, and ending within two weeks.")
    )

    class Meta:
        model = SoftwareException
        fields = ["status", "school", "application", "device", "class_group"]

    def narrow_to_soon(self, rows: Any, name: str, value: bool) -> Any:
        soon = SoftwareException.objects.ending_soon(timezone.localdate())
        return rows.filter(pk__in=soon.values("pk")) if value else rows.exclude(pk__in=soon.values("pk"))


def command(
    name: str,
    act: Callable[..., Any],
    permission: str,
    description: str | Promise,
    shape: type[serializers.Serializer[Any]] | None = None,
    *,
    path: str = "",
) -> Any:
    """`POST …/{name}/`: one act on a visible exception, by the rule `permission`; the body has the shape's fields."""

    def run(view: SoftwareExceptionViewSet, request: Request, pk: str) -> Response:
        return view.perform(act, permission, shape)

    run.__name__ = name
    described = extend_schema(description=description, request=shape, responses=SoftwareExceptionSerializer)
    return described(action(detail=True, methods=["post"], url_path=path or name)(idempotent(run)))


class SoftwareExceptionViewSet(Rows):
    queryset = SoftwareException.objects.select_related(
        "application", "device", "class_group", "school", "asked_by", "approved_by", "ended_by"
    ).prefetch_related("renewals__asked_by", "renewals__decided_by")
    serializer_class = SoftwareExceptionSerializer
    filterset_class = SoftwareExceptionFilters
    permission = "deployments.view_apprequest"
    ordering_fields = ["id", "ends_on", "due_at"]
    ordering = "-id"

    @extend_schema(
        description=_("Ask for an exception; somebody else decides."),
        request=AskSerializer,
        responses={201: SoftwareExceptionSerializer},
    )
    @idempotent
    def create(self, request: Request) -> Response:
        require(self.person, "deployments.ask_exception")
        said = self.said(AskSerializer)
        place = said.pop("device") or said["class_group"]
        said.pop("class_group")
        return self._answer(exceptions.ask(Asked(place=place, **said), self.person), status.HTTP_201_CREATED)

    approve = command(
        "approve",
        exceptions.approve,
        "deployments.decide_exception",
        _("Approve it; the engine carries it out on its first day. What IT has to see to first is handed to IT."),
    )
    refuse = command(
        "refuse",
        exceptions.refuse,
        "deployments.decide_exception",
        _("Say no, with the reason."),
        ExceptionReasonSerializer,
    )
    withdraw = command(
        "withdraw",
        exceptions.withdraw,
        "deployments.end_exception",
        _("Take it back before anybody has decided."),
        ExceptionWithdrawalSerializer,
    )
    end = command(
        "end",
        exceptions.end,
        "deployments.end_exception",
        _("End it before its last day, with the reason."),
        ExceptionReasonSerializer,
    )
    renew = command(
        "renew",
        lambda row, by, ends_on, reason: exceptions.renew(row, ends_on, reason, by).exception,
        "deployments.renew_exception",
        _("Ask for a later last day, which somebody else has to grant."),
        RenewSerializer,
    )
    grant = command(
        "grant",
        exceptions.grant,
        "deployments.decide_exception",
        _("Grant the renewal that waits."),
        path="renewal/grant",
    )
    refuse_renewal = command(
        "refuse_renewal",
        exceptions.refuse_renewal,
        "deployments.decide_exception",
        _("Refuse the renewal that waits, with the reason; it ends on its last day."),
        ExceptionReasonSerializer,
        path="renewal/refuse",
    )

    def perform(
        self, act: Callable[..., Any], permission: str, shape: type[serializers.Serializer[Any]] | None
    ) -> Response:
        """The visible exception, then the rule, then the body, then the act."""
        found: SoftwareException = self.get_object()
        require(self.person, permission, found)
        said = self.said(shape) if shape else {}
        with transaction.atomic():
            return self._answer(act(found, self.person, **said))

    def _answer(self, row: SoftwareException, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=row.pk)).data, status=code)
