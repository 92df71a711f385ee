"""What scripts do with the ledger of writes: stop it, let in again what was set aside, and have it act on computers."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from fleet.models import Device
from intune_sync import tasks
from intune_sync.forms_writes import devices_with
from intune_sync.models import ActionOrder, AutopilotImport, ImportRow, KillSwitch, Operation
from intune_sync.services import imports, orders, stops
from intune_sync.services.identities import mark_identity
from intune_sync.services.quarantine import release_operation
from schools.api import Rows
from schools.decorators import require
from schools.idempotency import idempotent
from schools.models import School


class Municipal(Rows):
    """Rows that belong to no school: who has the permission at all sees every one."""

    queryset: Any
    ordering_fields = ["id"]
    ordering = "-id"

    def get_queryset(self) -> Any:
        return self.queryset.none() if getattr(self, "swagger_fake_view", False) else self.queryset.all()

    def answer(self, row: Any, code: int = status.HTTP_202_ACCEPTED) -> Response:
        return Response(self.get_serializer(row).data, status=code)


def _username() -> serializers.SlugRelatedField[Any]:
    return serializers.SlugRelatedField[Any](slug_field="username", read_only=True)


class StopSerializer(serializers.ModelSerializer[KillSwitch]):
    thrown_by, first_release_by, released_by = _username(), _username(), _username()

    class Meta:
        model = KillSwitch
        fields = [
            "id",
            "reason",
            "thrown_by",
            "thrown_at",
            "first_release_by",
            "first_release_at",
            "released_by",
            "released_at",
        ]


class WriteReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500)


class StopViewSet(Municipal):
    """Stops of everything that is written to Intune. One person stops, two different ones release."""

    queryset = KillSwitch.objects.select_related("thrown_by", "first_release_by", "released_by")
    serializer_class = StopSerializer
    permission = "intune_sync.view_syncrun"

    @extend_schema(
        description=_("Stop all writing to Intune."), request=WriteReasonSerializer, responses=StopSerializer
    )
    @idempotent
    def create(self, request: Request) -> Response:
        require(self.person, "intune_sync.stop_writes")
        reason = self.said(WriteReasonSerializer)["reason"]
        return self.answer(stops.throw(self.person, reason, timezone.now()), 201)

    @extend_schema(description=_("Release it, as the first or the second."), request=None, responses=StopSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def release(self, request: Request, pk: str) -> Response:
        require(self.person, "intune_sync.stop_writes")
        released = stops.release(self.get_object(), self.person, timezone.now())
        if released.released_at:
            transaction.on_commit(tasks.wake_write)
            transaction.on_commit(tasks.wake_act)
        return self.answer(released, 200)


class OperationSerializer(serializers.ModelSerializer[Operation]):
    subject = serializers.CharField(read_only=True)
    said = serializers.CharField(read_only=True, help_text=_("Why the last call failed."))
    change_set = serializers.PrimaryKeyRelatedField[Any](read_only=True)

    class Meta:
        model = Operation
        fields = [
            "id",
            "kind",
            "subject",
            "change_set",
            "status",
            "problem",
            "said",
            "attempts",
            "waits",
            "not_before",
            "approval_since",
            "quarantined_at",
            "request_id",
            "client_request_id",
            "created_at",
            "sent_at",
            "finished_at",
        ]


class OperationFilters(django_filters.FilterSet):  # type: ignore[misc]
    kind = django_filters.ChoiceFilter(choices=Operation.Kind.choices)
    status = django_filters.ChoiceFilter(choices=Operation.Status.choices)
    set_aside = django_filters.BooleanFilter(
        field_name="quarantined_at", lookup_expr="isnull", exclude=True, help_text=_("Given up after three tries.")
    )

    class Meta:
        model = Operation
        fields = ["kind", "status"]


class OperationViewSet(Municipal):
    """The ledger of writes."""

    queryset = Operation.objects.select_related(*Operation.NAMES_OF_SUBJECT)
    serializer_class = OperationSerializer
    filterset_class = OperationFilters
    permission = "intune_sync.view_syncrun"

    @extend_schema(description=_("Try again what was set aside."), request=None, responses={202: OperationSerializer})
    @action(detail=True, methods=["post"])
    @idempotent
    def release(self, request: Request, pk: str) -> Response:
        require(self.person, "intune_sync.release_operation")
        released = release_operation(self.get_object(), self.person)
        transaction.on_commit(lambda: tasks.wake(released))
        return self.answer(released)


class ImportRowSerializer(serializers.ModelSerializer[ImportRow]):
    meaning = serializers.CharField(source="get_fault_display", read_only=True)

    class Meta:
        model = ImportRow
        fields = ["place", "serial_number", "group_tag", "status", "fault", "meaning", "error"]


class ImportSerializer(serializers.ModelSerializer[AutopilotImport]):
    requested_by = _username()
    rows = ImportRowSerializer(many=True, read_only=True)

    class Meta:
        model = AutopilotImport
        fields = ["id", "file_name", "school", "group_tag", "requested_by", "created_at", "rows"]


class AskedImportSerializer(serializers.Serializer[Any]):
    file_name = serializers.CharField(max_length=200, default="api.csv")
    csv = serializers.CharField(help_text=_("The text of the file, as Windows writes it."))
    school = serializers.PrimaryKeyRelatedField[School](
        queryset=School.objects.all(), required=False, allow_null=True, default=None
    )
    group_tag = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")


class ImportViewSet(Municipal):
    """Computers that are registered in Autopilot."""

    queryset = AutopilotImport.objects.select_related("requested_by").prefetch_related("rows")
    serializer_class = ImportSerializer
    permission = "intune_sync.import_computers"

    @extend_schema(
        description=_("Register computers."), request=AskedImportSerializer, responses={202: ImportSerializer}
    )
    @idempotent
    def create(self, request: Request) -> Response:
        require(self.person, "intune_sync.import_computers")
        said = self.said(AskedImportSerializer)
        batch = imports.start_import(imports.read_file(said.pop("csv").encode()), self.person, **said)
        transaction.on_commit(tasks.wake_write)
        return self.answer(batch)


class OrderSerializer(serializers.ModelSerializer[ActionOrder]):
    requested_by, approved_by = _username(), _username()
    devices = serializers.SlugRelatedField[Any](slug_field="serial_number", many=True, read_only=True)
    operations = OperationSerializer(many=True, read_only=True)

    class Meta:
        model = ActionOrder
        fields = [
            "id",
            "action",
            "is_destructive",
            "devices",
            "reason",
            "status",
            "requested_by",
            "created_at",
            "approved_by",
            "decided_at",
            "operations",
        ]


class AskedOrderSerializer(serializers.Serializer[Any]):
    action = serializers.ChoiceField(choices=ActionOrder.Action.choices)
    serial_numbers = serializers.ListField(child=serializers.CharField(max_length=100), allow_empty=False)
    reason = serializers.CharField(max_length=500)


class OrderViewSet(Municipal):
    """Remote actions. Destructive ones are sent once at most; two or more need a second person."""

    queryset = ActionOrder.objects.select_related("requested_by", "approved_by").prefetch_related(
        "devices", "operations__device", "operations__order"
    )
    serializer_class = OrderSerializer
    permission = "intune_sync.order_action"

    @extend_schema(description=_("Order an action."), request=AskedOrderSerializer, responses={202: OrderSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        require(self.person, "intune_sync.order_action")
        said = self.said(AskedOrderSerializer)
        devices = devices_with(said["serial_numbers"])
        order = orders.order_action(said["action"], devices, self.person, said["reason"], timezone.now())
        transaction.on_commit(tasks.wake_act)
        return self.answer(order)

    @extend_schema(description=_("Approve a colleague's order."), request=None, responses={202: OrderSerializer})
    @action(detail=True, methods=["post"])
    @idempotent
    def approve(self, request: Request, pk: str) -> Response:
        order = orders.approve_order(self.get_object(), self.person, timezone.now())
        transaction.on_commit(tasks.wake_act)
        return self.answer(order)

    @extend_schema(
        description=_("Refuse it, or take back one's own."), request=WriteReasonSerializer, responses=OrderSerializer
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def refuse(self, request: Request, pk: str) -> Response:
        reason = self.said(WriteReasonSerializer)["reason"]
        return self.answer(orders.refuse_order(self.get_object(), self.person, reason, timezone.now()), 200)


class AskedMarkSerializer(serializers.Serializer[Any]):
    device = serializers.PrimaryKeyRelatedField[Device](queryset=Device.objects.select_related("school"))
    group_tag = serializers.CharField(max_length=100, required=False, allow_blank=True, allow_null=True, default=None)
    user = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        allow_null=True,
        default=None,
        help_text=_("Sign-in name; empty takes the user away, null leaves what there is."),
    )
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class MarkViewSet(Municipal):
    """Group tags and users of Autopilot identities."""

    queryset = Operation.objects.filter(kind=Operation.Kind.IDENTITY).select_related("device")
    serializer_class = OperationSerializer
    permission = "intune_sync.mark_identity"

    @extend_schema(
        description=_("Change group tag or user."), request=AskedMarkSerializer, responses={202: OperationSerializer}
    )
    @idempotent
    def create(self, request: Request) -> Response:
        require(self.person, "intune_sync.mark_identity")
        said = self.said(AskedMarkSerializer)
        operation = mark_identity(said.pop("device"), self.person, **said)
        transaction.on_commit(tasks.wake_write)
        return self.answer(operation)
