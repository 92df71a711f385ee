"""Requests for scripts: what the pages do, by the same acts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import django_filters
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from deployments.api.proposals import ProposalSerializer
from deployments.models import Application, AppRequest, RequestMessage, RequestStep
from deployments.requests.forms import schools_of, working_at
from deployments.services import requests
from deployments.services.proposals import raise_from_request
from deployments.services.requests import Wish
from fleet.filters import KeyFilter
from schools.api import Rows
from schools.decorators import require
from schools.idempotency import idempotent
from schools.models import ClassGroup, School, User


class RequestStepSerializer(serializers.ModelSerializer[RequestStep]):
    by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True, allow_null=True)

    class Meta:
        model = RequestStep
        fields = ["status", "entered_at", "left_at", "by", "reason", "due_at"]


class RequestMessageSerializer(serializers.ModelSerializer[RequestMessage]):
    author = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)

    class Meta:
        model = RequestMessage
        fields = ["id", "author", "text", "at"]
        read_only_fields = ["at"]


class AppRequestSerializer(serializers.ModelSerializer[AppRequest]):
    requested_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)
    approved_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True, allow_null=True)
    responsible_teacher = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)
    steps = RequestStepSerializer(many=True, read_only=True)

    class Meta:
        model = AppRequest
        fields = [
            "id",
            "school",
            "class_group",
            "application",
            "wanted",
            "purpose",
            "needed_by",
            "responsible_teacher",
            "licence_note",
            "status",
            "requested_by",
            "approved_by",
            "created_at",
            "due_at",
            "reason",
            "merged_into",
            "change_set",
            "steps",
        ]


class WishSerializer(serializers.Serializer[Any]):
    """A new request. What is not the caller's to name is as wrong as what does not exist."""

    school = serializers.PrimaryKeyRelatedField[School](queryset=School.objects.none())
    class_group = serializers.PrimaryKeyRelatedField[ClassGroup](
        queryset=ClassGroup.objects.none(), required=False, allow_null=True, default=None
    )
    application = serializers.PrimaryKeyRelatedField[Application](
        queryset=Application.objects.all(), required=False, allow_null=True, default=None
    )
    wanted = serializers.CharField(
        max_length=200,
        required=False,
        default="",
        allow_blank=True,
        help_text=_("Its name, when it is not in the catalogue."),
    )
    purpose = serializers.CharField(max_length=2000)
    needed_by = serializers.DateField()
    responsible_teacher = serializers.SlugRelatedField[User](
        slug_field="username", queryset=User.objects.none(), required=False, help_text=_("The caller when left out.")
    )
    licence_note = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        if (request := self.context.get("request")) is not None and isinstance(request.user, User):
            keys = [school.pk for school in schools_of(request.user)]
            fields["school"].queryset = School.objects.filter(pk__in=keys)
            fields["class_group"].queryset = ClassGroup.objects.current().filter(school__in=keys)
            fields["responsible_teacher"].queryset = working_at(keys)
        return fields


class RequestReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000)


class RequestWithdrawalSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class MessageSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=2000)


class NamedApplicationSerializer(serializers.Serializer[Any]):
    application = serializers.PrimaryKeyRelatedField[Application](queryset=Application.objects.all())


class MergeSerializer(serializers.Serializer[Any]):
    into = serializers.PrimaryKeyRelatedField[AppRequest](
        queryset=AppRequest.objects.none(), help_text=_("The request for the same that goes on.")
    )

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        if (request := self.context.get("request")) is not None and isinstance(request.user, User):
            fields["into"].queryset = AppRequest.objects.visible_to(request.user)
        return fields


class RaiseSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(
        max_length=4000,
        required=False,
        allow_blank=True,
        default="",
        help_text=_("Why all schools need it; the request's purpose when left out."),
    )


class AppRequestFilters(django_filters.FilterSet):  # type: ignore[misc]
    status = django_filters.ChoiceFilter(choices=AppRequest.Status.choices)
    school = KeyFilter(field_name="school_id")
    application = KeyFilter(field_name="application_id")

    class Meta:
        model = AppRequest
        fields = ["status", "school", "application"]


def command(
    name: str,
    act: Callable[..., AppRequest],
    permission: str,
    description: str | Promise,
    shape: type[serializers.Serializer[Any]] | None = None,
    *,
    of_school: bool = False,
) -> Any:
    """`POST …/{name}/`: one act on a visible request, by the rule `permission`; the body has the shape's fields.

    `of_school`: the rule is asked about the request's school, not about the request.
    """

    def run(view: AppRequestViewSet, request: Request, pk: str) -> Response:
        return view.perform(act, permission, shape, of_school=of_school)

    run.__name__ = name
    described = extend_schema(description=description, request=shape, responses=AppRequestSerializer)
    return described(action(detail=True, methods=["post"])(idempotent(run)))


class AppRequestViewSet(Rows):
    queryset = AppRequest.objects.select_related(
        "school", "class_group", "application", "requested_by", "approved_by", "responsible_teacher"
    ).prefetch_related("steps__by")
    serializer_class = AppRequestSerializer
    filterset_class = AppRequestFilters
    permission = "deployments.view_apprequest"
    ordering_fields = ["id", "needed_by", "due_at"]
    ordering = "-id"

    @extend_schema(
        description=_("Write a request as a draft; nobody else sees it before it is submitted."),
        request=WishSerializer,
        responses={201: AppRequestSerializer},
    )
    @idempotent
    def create(self, request: Request) -> Response:
        require(self.person, "deployments.make_apprequest")
        wish = Wish(**{"responsible_teacher": self.person, **self.said(WishSerializer)})
        made = requests.draft(wish, self.person)
        return self._answer(made, status.HTTP_201_CREATED)

    submit = command(
        "submit",
        requests.submit,
        "deployments.make_apprequest",
        _("Send a draft of your own to the school's approver."),
        of_school=True,
    )
    approve = command(
        "approve",
        requests.approve,
        "deployments.decide_apprequest",
        _("The school's yes, or IT's. What is vetted and licensed goes straight to the computers; else IT reviews it."),
    )
    refuse = command(
        "refuse",
        requests.refuse,
        "deployments.decide_apprequest",
        _("Say no, with the reason."),
        RequestReasonSerializer,
    )
    withdraw = command(
        "withdraw",
        requests.withdraw,
        "deployments.withdraw_apprequest",
        _("Take the request back; its entries are taken out of the baseline again."),
        RequestWithdrawalSerializer,
    )
    works = command(
        "works",
        requests.pilot_works,
        "deployments.follow_apprequest",
        _("It works on the first computers, so the rest follow."),
    )
    skip = command(
        "skip",
        requests.skip_pilot,
        "deployments.follow_apprequest",
        _("Let the rest follow without trying first, with the reason."),
        RequestReasonSerializer,
    )
    committee = command(
        "committee",
        requests.to_committee,
        "deployments.review_apprequest",
        _("Ask the committee for an answer for the whole municipality, with the reason."),
        RequestReasonSerializer,
    )

    application = command(
        "application",
        lambda row, by, application: requests.name_application(row, application, by),
        "deployments.review_apprequest",
        _("Say which application of the catalogue the school meant by its own words."),
        NamedApplicationSerializer,
    )
    merge = command(
        "merge",
        lambda row, by, into: requests.merge(row, into, by),
        "deployments.review_apprequest",
        _("Make this request part of another for the same, which the school then follows."),
        MergeSerializer,
    )

    @extend_schema(
        description=_("Propose for the whole municipality what the school asks for, to the next semester."),
        request=RaiseSerializer,
        responses={201: ProposalSerializer},
    )
    @action(detail=True, methods=["post"], url_path="raise")
    @idempotent
    def raise_proposal(self, request: Request, pk: str) -> Response:
        found, said = self.command("deployments.make_proposal", RaiseSerializer)
        made = raise_from_request(found, self.person, **said)
        shown = ProposalSerializer(made, context=self.get_serializer_context())
        return Response(shown.data, status=status.HTTP_201_CREATED)

    @extend_schema(methods=["get"], description=_("The thread."), responses=RequestMessageSerializer(many=True))
    @extend_schema(
        methods=["post"],
        description=_("A question or an answer; the other side is told."),
        request=MessageSerializer,
        responses={201: RequestMessageSerializer},
    )
    @action(detail=True, methods=["get", "post"], pagination_class=None, filterset_class=None)
    def messages(self, request: Request, pk: str) -> Response:
        if request.method == "POST":
            return self._say(request, pk)
        thread = self.get_object().thread.select_related("author")
        return Response(RequestMessageSerializer(thread, many=True).data)

    @idempotent
    def _say(self, request: Request, pk: str) -> Response:
        found: AppRequest = self.get_object()
        require(self.person, "deployments.write_apprequest", found)
        message = requests.say(found, self.person, self.said(MessageSerializer)["text"])
        return Response(RequestMessageSerializer(message).data, status=status.HTTP_201_CREATED)

    def perform(
        self,
        act: Callable[..., AppRequest],
        permission: str,
        shape: type[serializers.Serializer[Any]] | None,
        *,
        of_school: bool,
    ) -> Response:
        """The visible request, then the rule, then the body, then the act."""
        found: AppRequest = self.get_object()
        require(self.person, permission, found.school if of_school else found)
        said = self.said(shape) if shape else {}
        with transaction.atomic():
            return self._answer(act(found, self.person, **said))

    def _answer(self, row: AppRequest, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=row.pk)).data, status=code)
