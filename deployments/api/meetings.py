"""Meetings for scripts: the agenda with votes and outcomes, and the acts of the meeting itself."""

from __future__ import annotations

from typing import Any, cast

import django_filters
from django.db.models import Prefetch
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from deployments.models import AgendaItem, Application, Baseline, Meeting, Seat, Vote
from deployments.services import deliberation, meetings, minutes, own_items
from fleet.filters import KeyFilter
from schools.api import Rows
from schools.converters import KEY_PATTERN
from schools.decorators import require
from schools.idempotency import idempotent
from schools.models import User

ITEM = rf"items/(?P<item>{KEY_PATTERN})"


class VoteSerializer(serializers.ModelSerializer[Vote]):
    class Meta:
        model = Vote
        fields = ["seat", "choice", "reservation"]


class ItemSerializer(serializers.ModelSerializer[AgendaItem]):
    votes = VoteSerializer(many=True, read_only=True)

    class Meta:
        model = AgendaItem
        fields = [
            "id",
            "number",
            "kind",
            "title",
            "text",
            "proposal",
            "request",
            "application",
            "note",
            "outcome",
            "decided_at",
            "edition",
            "votes",
        ]


class MeetingSerializer(serializers.ModelSerializer[Meeting]):
    chair = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)
    secretary = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)
    items = ItemSerializer(many=True, read_only=True)
    signed_by = serializers.SerializerMethodField()

    class Meta:
        model = Meeting
        fields = [
            "id",
            "baseline",
            "starts_at",
            "place",
            "status",
            "chair",
            "secretary",
            "registration_number",
            "secrecy",
            "opened_at",
            "closed_at",
            "present",
            "revision",
            "minutes",
            "minutes_hash",
            "signed_by",
            "items",
        ]

    def get_signed_by(self, meeting: Meeting) -> list[str]:
        return [each.user.username for each in meeting.sign_offs.all()]


class NewMeetingSerializer(serializers.Serializer[Any]):
    baseline = serializers.PrimaryKeyRelatedField[Baseline](queryset=Baseline.objects.select_related("semester"))
    starts_at = serializers.DateTimeField()
    place = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    chair = serializers.SlugRelatedField[User](slug_field="username", queryset=User.objects.filter(is_active=True))
    secretary = serializers.SlugRelatedField[User](slug_field="username", queryset=User.objects.filter(is_active=True))


class PresenceSerializer(serializers.Serializer[Any]):
    present = serializers.PrimaryKeyRelatedField[Seat](queryset=Seat.objects.all(), many=True)


class NewItemSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=200)
    text = serializers.CharField(max_length=10000, required=False, allow_blank=True, default="")
    application = serializers.PrimaryKeyRelatedField[Application](
        queryset=Application.objects.all(), required=False, allow_null=True, default=None
    )


class OwnItemSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=200)
    text = serializers.CharField(max_length=10000, allow_blank=True)
    edition = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, help_text=_("The item's edition that was read.")
    )


class PlaceSerializer(serializers.Serializer[Any]):
    to = serializers.IntegerField(min_value=1, max_value=9999, help_text=_("The number that the item gets."))


class NoteSerializer(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=10000, allow_blank=True)
    edition = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, help_text=_("The item's edition that was read.")
    )


class BallotSerializer(serializers.Serializer[Any]):
    seat = serializers.PrimaryKeyRelatedField[Seat](queryset=Seat.objects.all())
    choice = serializers.ChoiceField(choices=Vote.Choice.choices, allow_blank=True, help_text=_("Blank: take it back."))


class ReservationSerializer(serializers.Serializer[Any]):
    seat = serializers.PrimaryKeyRelatedField[Seat](queryset=Seat.objects.all())
    reservation = serializers.CharField(max_length=2000, allow_blank=True)


class OutcomeSerializer(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(
        choices=AgendaItem.Outcome.choices, allow_blank=True, help_text=_("Blank: take the item up again.")
    )
    edition = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, help_text=_("The item's edition that was read.")
    )


class SignatureSerializer(serializers.Serializer[Any]):
    minutes_hash = serializers.CharField(max_length=64, help_text=_("The checksum of the minutes that were read."))


class MeetingFilters(django_filters.FilterSet):  # type: ignore[misc]
    status = django_filters.ChoiceFilter(choices=Meeting.Status.choices)
    baseline = KeyFilter(field_name="baseline_id")

    class Meta:
        model = Meeting
        fields = ["status", "baseline"]


class MeetingViewSet(Rows):
    queryset = Meeting.objects.select_related("chair", "secretary", "baseline__semester").prefetch_related(
        "present", "sign_offs__user", Prefetch("items", AgendaItem.objects.prefetch_related("votes"))
    )
    serializer_class = MeetingSerializer
    filterset_class = MeetingFilters
    permission = "deployments.view_meeting"
    ordering_fields = ["id", "starts_at"]
    ordering = "-id"

    @extend_schema(
        description=_("Call a meeting; its agenda builds itself."),
        request=NewMeetingSerializer,
        responses={201: MeetingSerializer},
    )
    @idempotent
    def create(self, request: Request) -> Response:
        require(self._person, "deployments.run_meeting")
        said = self._said(request, NewMeetingSerializer)
        made = meetings.call_meeting(said.pop("baseline"), **said, by=self._person, now=timezone.now())
        return self._answer(made, status.HTTP_201_CREATED)

    @extend_schema(description=_("Open the meeting with these seats present."), request=PresenceSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def open(self, request: Request, pk: str) -> Response:
        meeting, said = self._command(request, PresenceSerializer)
        return self._answer(meetings.open_meeting(meeting, said["present"], self._person, timezone.now()))

    @extend_schema(description=_("Say who is present from now on."), request=PresenceSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def present(self, request: Request, pk: str) -> Response:
        meeting, said = self._command(request, PresenceSerializer)
        return self._answer(meetings.mark_present(meeting, said["present"], self._person))

    @extend_schema(
        description=_("Write an item of your own onto the agenda, last; with an application it is one to look at."),
        request=NewItemSerializer,
        responses={201: MeetingSerializer},
    )
    @action(detail=True, methods=["post"], url_path="items")
    @idempotent
    def add_item(self, request: Request, pk: str) -> Response:
        meeting, said = self._command(request, NewItemSerializer)
        meetings.add_item(meeting, by=self._person, **said)
        return self._answer(meeting, status.HTTP_201_CREATED)

    @extend_schema(
        description=_("Change an item that somebody wrote, until the meeting begins; refused when it was outdated."),
        request=OwnItemSerializer,
    )
    @action(detail=True, methods=["post"], url_path=f"{ITEM}/change")
    @idempotent
    def change_item(self, request: Request, pk: str, item: str) -> Response:
        row, said = self._item(request, item, OwnItemSerializer)
        own_items.change_item(row, **said, by=self._person)
        return self._answer(row.meeting)

    @extend_schema(
        description=_("Take an item that somebody wrote off the agenda, until the meeting begins."), request=None
    )
    @action(detail=True, methods=["post"], url_path=f"{ITEM}/remove")
    @idempotent
    def remove_item(self, request: Request, pk: str, item: str) -> Response:
        row, _said = self._item(request, item, None)
        own_items.remove_item(row, self._person)
        return self._answer(row.meeting)

    @extend_schema(description=_("Move an item to another number on the agenda."), request=PlaceSerializer)
    @action(detail=True, methods=["post"], url_path=f"{ITEM}/move")
    @idempotent
    def move_item(self, request: Request, pk: str, item: str) -> Response:
        row, said = self._item(request, item, PlaceSerializer)
        meetings.move_item(row, said["to"], self._person)
        return self._answer(row.meeting)

    @extend_schema(
        description=_("Write the discussion of an item; refused when somebody else changed it since it was read."),
        request=NoteSerializer,
    )
    @action(detail=True, methods=["post"], url_path=f"{ITEM}/note")
    @idempotent
    def note(self, request: Request, pk: str, item: str) -> Response:
        row, said = self._item(request, item, NoteSerializer)
        deliberation.write_note(row, said["note"], said["edition"], self._person)
        return self._answer(row.meeting)

    @extend_schema(description=_("Give a seat's vote on an item."), request=BallotSerializer)
    @action(detail=True, methods=["post"], url_path=f"{ITEM}/vote")
    @idempotent
    def vote(self, request: Request, pk: str, item: str) -> Response:
        row, said = self._item(request, item, BallotSerializer)
        deliberation.vote(row, said["seat"], said["choice"], self._person)
        return self._answer(row.meeting)

    @extend_schema(description=_("Make a seat's reservation on an item."), request=ReservationSerializer)
    @action(detail=True, methods=["post"], url_path=f"{ITEM}/reserve")
    @idempotent
    def reserve(self, request: Request, pk: str, item: str) -> Response:
        row, said = self._item(request, item, ReservationSerializer)
        deliberation.reserve(row, said["seat"], said["reservation"], self._person)
        return self._answer(row.meeting)

    @extend_schema(
        description=_("The outcome of an item. It needs a quorum and follows the votes."), request=OutcomeSerializer
    )
    @action(detail=True, methods=["post"], url_path=f"{ITEM}/outcome")
    @idempotent
    def outcome(self, request: Request, pk: str, item: str) -> Response:
        row, said = self._item(request, item, OutcomeSerializer)
        if said["outcome"]:
            deliberation.decide(row, said["outcome"], said["edition"], self._person, timezone.now())
        else:
            deliberation.reopen_item(row, said["edition"], self._person)
        return self._answer(row.meeting)

    @extend_schema(
        description=_("Close the meeting: its decisions become a decided revision, its minutes are frozen."),
        request=None,
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def close(self, request: Request, pk: str) -> Response:
        meeting, _said = self._command(request, None)
        return self._answer(minutes.close_meeting(meeting, self._person, timezone.now()))

    @extend_schema(description=_("Sign exactly the minutes with this checksum."), request=SignatureSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def sign(self, request: Request, pk: str) -> Response:
        minutes.require_present(self.get_object(), self._person)
        meeting, said = self._command(request, SignatureSerializer, "deployments.view_meeting")
        return self._answer(minutes.sign(meeting, said["minutes_hash"], self._person, timezone.now()))

    @property
    def _person(self) -> User:
        return cast(User, self.request.user)

    def _command(
        self,
        request: Request,
        shape: type[serializers.Serializer[Any]] | None,
        permission: str = "deployments.run_meeting",
    ) -> tuple[Meeting, dict[str, Any]]:
        """The visible meeting and the checked body; the permission is asked between the two."""
        meeting: Meeting = self.get_object()
        require(self._person, permission)
        return meeting, self._said(request, shape) if shape else {}

    def _item(
        self, request: Request, item: str, shape: type[serializers.Serializer[Any]] | None
    ) -> tuple[AgendaItem, dict[str, Any]]:
        meeting: Meeting = self.get_object()
        row = get_object_or_404(AgendaItem, pk=item, meeting=meeting)
        require(self._person, "deployments.run_meeting")
        row.meeting = meeting
        return row, self._said(request, shape) if shape else {}

    def _said(self, request: Request, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        said = shape(data=request.data)
        said.is_valid(raise_exception=True)
        return dict(said.validated_data)

    def _answer(self, meeting: Meeting, code: int = status.HTTP_200_OK) -> Response:
        """As it is now, read anew: an act may have changed items that were fetched before it."""
        fresh = self.get_queryset().get(pk=meeting.pk)
        return Response(self.get_serializer(fresh).data, status=code)
