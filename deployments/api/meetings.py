"""Meetings for scripts: the agenda with votes and outcomes, and the acts of the meeting itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import django_filters
from django.db.models import Prefetch
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.functional import Promise
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

Act = Callable[[Any, dict[str, Any], User], object]
Shape = type[serializers.Serializer[Any]]
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


def on_meeting(name: str, act: Act, description: Promise, shape: Shape | None = None) -> Any:
    """`POST …/{name}/`: an act on the meeting. It is given the row, the body by the shape's fields, and who acts."""

    def run(view: MeetingViewSet, request: Request, pk: str) -> Response:
        return view.perform(act, shape)

    return _action(name, name, run, description, shape)


def on_item(name: str, act: Act, description: Promise, shape: Shape | None = None) -> Any:
    """`POST …/items/{item}/{name}/`, without the `_item` of the name: as `on_meeting`, for an item of its agenda."""

    def run(view: MeetingViewSet, request: Request, pk: str, item: str) -> Response:
        return view.perform(act, shape, item)

    return _action(name, f"{ITEM}/{name.removesuffix('_item')}", run, description, shape)


def _action(name: str, path: str, run: Callable[..., Response], description: Promise, shape: Shape | None) -> Any:
    run.__name__ = name
    described = extend_schema(description=description, request=shape)
    return described(action(detail=True, methods=["post"], url_path=path)(idempotent(run)))


def decide_or_reopen(item: AgendaItem, said: dict[str, Any], by: User) -> None:
    if said["outcome"]:
        deliberation.decide(item, said["outcome"], said["edition"], by, timezone.now())
    else:
        deliberation.reopen_item(item, said["edition"], by)


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
        require(self.person, "deployments.run_meeting")
        said = self.said(NewMeetingSerializer)
        made = meetings.call_meeting(said.pop("baseline"), **said, by=self.person, now=timezone.now())
        return self._answer(made, status.HTTP_201_CREATED)

    open = on_meeting(
        "open",
        lambda meeting, said, by: meetings.open_meeting(meeting, said["present"], by, timezone.now()),
        _("Open the meeting with these seats present."),
        PresenceSerializer,
    )
    present = on_meeting(
        "present",
        lambda meeting, said, by: meetings.mark_present(meeting, said["present"], by),
        _("Say who is present from now on."),
        PresenceSerializer,
    )
    close = on_meeting(
        "close",
        lambda meeting, said, by: minutes.close_meeting(meeting, by, timezone.now()),
        _("Close the meeting: its decisions become a decided revision, its minutes are frozen."),
    )

    @extend_schema(
        description=_("Write an item of your own onto the agenda, last; with an application it is one to look at."),
        request=NewItemSerializer,
        responses={201: MeetingSerializer},
    )
    @action(detail=True, methods=["post"], url_path="items")
    @idempotent
    def add_item(self, request: Request, pk: str) -> Response:
        meeting, said = self.command("deployments.run_meeting", NewItemSerializer)
        meetings.add_item(meeting, by=self.person, **said)
        return self._answer(meeting, status.HTTP_201_CREATED)

    change_item = on_item(
        "change_item",
        lambda item, said, by: own_items.change_item(item, **said, by=by),
        _("Change an item that somebody wrote, until the meeting begins; refused when it was outdated."),
        OwnItemSerializer,
    )
    remove_item = on_item(
        "remove_item",
        lambda item, said, by: own_items.remove_item(item, by),
        _("Take an item that somebody wrote off the agenda, until the meeting begins."),
    )
    move_item = on_item(
        "move_item",
        lambda item, said, by: meetings.move_item(item, said["to"], by),
        _("Move an item to another number on the agenda."),
        PlaceSerializer,
    )
    note = on_item(
        "note",
        lambda item, said, by: deliberation.write_note(item, said["note"], said["edition"], by),
        _("Write the discussion of an item; refused when somebody else changed it since it was read."),
        NoteSerializer,
    )
    vote = on_item(
        "vote",
        lambda item, said, by: deliberation.vote(item, said["seat"], said["choice"], by),
        _("Give a seat's vote on an item."),
        BallotSerializer,
    )
    reserve = on_item(
        "reserve",
        lambda item, said, by: deliberation.reserve(item, said["seat"], said["reservation"], by),
        _("Make a seat's reservation on an item."),
        ReservationSerializer,
    )
    outcome = on_item(
        "outcome",
        decide_or_reopen,
        _("The outcome of an item. It needs a quorum and follows the votes."),
        OutcomeSerializer,
    )

    @extend_schema(description=_("Sign exactly the minutes with this checksum."), request=SignatureSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def sign(self, request: Request, pk: str) -> Response:
        minutes.require_present(self.get_object(), self.person)
        meeting, said = self.command("deployments.view_meeting", SignatureSerializer)
        return self._answer(minutes.sign(meeting, said["minutes_hash"], self.person, timezone.now()))

    def perform(self, act: Act, shape: Shape | None, item: str | None = None) -> Response:
        """The visible meeting (and its item), then the permission, then the body, then the act."""
        meeting: Meeting = self.get_object()
        row = get_object_or_404(meeting.items, pk=item) if item else meeting
        require(self.person, "deployments.run_meeting")
        act(row, self.said(shape) if shape else {}, self.person)
        return self._answer(meeting)

    def _answer(self, meeting: Meeting, code: int = status.HTTP_200_OK) -> Response:
        """As it is now, read anew: an act may have changed items that were fetched before it."""
        fresh = self.get_queryset().get(pk=meeting.pk)
        return Response(self.get_serializer(fresh).data, status=code)
