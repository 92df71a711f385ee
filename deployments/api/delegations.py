"""Delegations for scripts: who may decide between the meetings, and deciding by one's own."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from deployments.api.decisions import DecisionSerializer
from deployments.models import Delegation, Proposal
from deployments.services.delegations import decide_by_delegation
from schools.api import Rows
from schools.idempotency import idempotent
from schools.models import User


class DelegationSerializer(serializers.ModelSerializer[Delegation]):
    user = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)

    class Meta:
        model = Delegation
        fields = ["id", "user", "administration", "text", "starts_on", "ends_on"]
        extra_kwargs = {"administration": {"help_text": gettext_lazy("Null: for all schools.")}}


class DelegatedDecisionSerializer(serializers.Serializer[Any]):
    proposal = serializers.PrimaryKeyRelatedField[Proposal](queryset=Proposal.objects.none())
    reason = serializers.CharField(max_length=2000, help_text=gettext_lazy("Why it cannot wait for the meeting."))

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        if (request := self.context.get("request")) is not None and isinstance(request.user, User):
            fields["proposal"].queryset = Proposal.objects.visible_to(request.user)
        return fields


class DelegationViewSet(Rows):
    queryset = Delegation.objects.select_related("user")
    serializer_class = DelegationSerializer
    permission = "deployments.view_delegation"
    ordering_fields = ["id", "ends_on"]
    ordering = "-id"

    @extend_schema(
        description=gettext_lazy(
            "Grant a proposal of somebody else at once, by a delegation of your own. It carries itself out, and the "
            "next agenda names it."
        ),
        request=DelegatedDecisionSerializer,
        responses={201: DecisionSerializer},
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def decide(self, request: Request, pk: str) -> Response:
        found: Delegation = self.get_object()
        if found.user_id != self.person.pk:
            raise PermissionDenied(_("The delegation is somebody else's."))
        said = self.said(DelegatedDecisionSerializer)
        made = decide_by_delegation(found, **said, by=self.person, now=timezone.now())
        return Response(DecisionSerializer(made).data, status=status.HTTP_201_CREATED)
