"""Proposals for scripts: read, make, support, comment on, withdraw."""

from __future__ import annotations

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from deployments.forms import KINDS
from deployments.models import Application, AppVersion, Baseline, Intent, Proposal, Seat, Stance
from deployments.models.profiles import OWNER_OF_LEVEL
from deployments.models.proposals import CONTAINERS
from deployments.services import proposals
from deployments.services.profiles import Owner, profile_of
from deployments.services.stances import take_stance
from fleet.filters import KeyFilter
from schools.api import Rows
from schools.decorators import require
from schools.idempotency import idempotent


class StanceSerializer(serializers.ModelSerializer[Stance]):
    class Meta:
        model = Stance
        fields = ["seat", "choice", "text"]


class ProposalSerializer(serializers.ModelSerializer[Proposal]):
    level = serializers.ChoiceField(choices=list(OWNER_OF_LEVEL.values()), source="profile.kind", read_only=True)
    container = serializers.CharField(source="profile.__str__", read_only=True)
    proposed_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)
    application_name = serializers.CharField(source="application.name", read_only=True)
    moved_from = serializers.SerializerMethodField()
    stances = serializers.SerializerMethodField(help_text=_("Of the seats, before the meeting; for the committee."))

    class Meta:
        model = Proposal
        fields = [
            "id",
            "baseline",
            "kind",
            "application",
            "application_name",
            "replaces",
            "level",
            "container",
            "moved_from",
            "intent",
            "version",
            "reason",
            "status",
            "proposed_by",
            "created_at",
            "raised_from",
            "stances",
        ]

    def get_moved_from(self, proposal: Proposal) -> str | None:
        return str(proposal.moved_from) if proposal.moved_from else None

    @extend_schema_field(StanceSerializer(many=True))
    def get_stances(self, proposal: Proposal) -> list[dict[str, Any]]:
        user = self.context["request"].user
        seen = proposal.stances.all() if user.access.reads("deployments.view_meeting") else ()
        return list(StanceSerializer(seen, many=True).data)


class NewProposalSerializer(serializers.Serializer[Any]):
    """`level` and `container` name the container: a school's key at level *school*, and so on. `from_level` and
    `from_container` do so for the one whose rule moves, for kind *profile*."""

    baseline = serializers.PrimaryKeyRelatedField[Baseline](queryset=Baseline.objects.select_related("semester"))
    kind = serializers.ChoiceField(choices=Proposal.Kind.choices)
    application = serializers.PrimaryKeyRelatedField[Application](queryset=Application.objects.all())
    replaces = serializers.PrimaryKeyRelatedField[Application](
        queryset=Application.objects.all(), required=False, allow_null=True, default=None
    )
    level = serializers.ChoiceField(choices=list(KINDS))
    container = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text=_("Key of the container's owner."))
    from_level = serializers.ChoiceField(choices=list(KINDS), required=False, allow_null=True, default=None)
    from_container = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, allow_null=True, default=None
    )
    intent = serializers.ChoiceField(
        choices=[(Intent.REQUIRED, Intent.REQUIRED.label), (Intent.AVAILABLE, Intent.AVAILABLE.label)],
        required=False,
        default=Intent.REQUIRED,
    )
    version = serializers.PrimaryKeyRelatedField[AppVersion](
        queryset=AppVersion.objects.all(), required=False, allow_null=True, default=None
    )
    reason = serializers.CharField(max_length=4000)

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        said["owner"] = self._owner("container", said.pop("level"), said.pop("container"))
        level, key = said.pop("from_level"), said.pop("from_container")
        said["former_owner"] = self._owner("from_container", level, key) if level or key else None
        return said

    def _owner(self, field: str, level: str | None, key: int | None) -> Owner:
        owner = KINDS[level].objects.filter(pk=key or 0).first() if level else None
        if owner is None:
            raise serializers.ValidationError({field: [_("There is no such container.")]})
        return owner


class CommentSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=2000)


class NewStanceSerializer(serializers.Serializer[Any]):
    seat = serializers.PrimaryKeyRelatedField[Seat](queryset=Seat.objects.all())
    choice = serializers.ChoiceField(
        choices=Stance.Choice.choices, allow_blank=True, help_text=_("Blank: take it back.")
    )
    text = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class WithdrawalSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class ProposalFilters(django_filters.FilterSet):  # type: ignore[misc]
    status = django_filters.ChoiceFilter(choices=Proposal.Status.choices)
    baseline = KeyFilter(field_name="baseline_id")
    application = KeyFilter(field_name="application_id")

    class Meta:
        model = Proposal
        fields = ["status", "baseline", "application"]


class ProposalViewSet(Rows):
    queryset = Proposal.objects.select_related("application", "proposed_by", "profile", *CONTAINERS).prefetch_related(
        "stances"
    )
    serializer_class = ProposalSerializer
    filterset_class = ProposalFilters
    permission = "deployments.view_proposal"
    ordering_fields = ["id", "created_at"]
    ordering = "-id"

    @extend_schema(
        description=_("Make a proposal while the semester takes them."),
        request=NewProposalSerializer,
        responses={201: ProposalSerializer},
    )
    @idempotent
    def create(self, request: Request) -> Response:
        require(self.person, "deployments.make_proposal")
        said = self.said(NewProposalSerializer)
        former = said.pop("former_owner")
        said["moved_from"] = profile_of(former) if former else None
        made = proposals.propose(said.pop("baseline"), profile=profile_of(said.pop("owner")), by=self.person, **said)
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(description=_("Support a proposal of somebody else."), request=None)
    @action(detail=True, methods=["post"])
    @idempotent
    def support(self, request: Request, pk: str) -> Response:
        proposal, _said = self.command("deployments.discuss_proposal")
        proposals.support(proposal, self.person)
        return Response(self.get_serializer(proposal).data)

    @extend_schema(description=_("Say something about a proposal."), request=CommentSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def comment(self, request: Request, pk: str) -> Response:
        proposal, said = self.command("deployments.discuss_proposal", CommentSerializer)
        proposals.comment(proposal, said["text"], self.person)
        return Response(self.get_serializer(proposal).data)

    @extend_schema(
        description=_("Note what a seat of one's own leans towards before the meeting. It is no vote."),
        request=NewStanceSerializer,
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def stance(self, request: Request, pk: str) -> Response:
        proposal, said = self.command("deployments.take_stance", NewStanceSerializer)
        take_stance(proposal, said["seat"], said["choice"], said["text"], self.person)
        return Response(self.get_serializer(self.get_queryset().get(pk=proposal.pk)).data)

    @extend_schema(description=_("Withdraw a proposal of one's own."), request=WithdrawalSerializer)
    @action(detail=True, methods=["post"])
    @idempotent
    def withdraw(self, request: Request, pk: str) -> Response:
        proposal, said = self.command("deployments.make_proposal", WithdrawalSerializer)
        done = proposals.withdraw(proposal, self.person, said["reason"])
        return Response(self.get_serializer(done).data)
