"""The follow-up for scripts: how far a decision has come, the report of a semester, and the time-saved ledger."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from deployments.models import Baseline
from deployments.proof.answers import NONE, READS, SHOWS, Scope, answers_by_school
from deployments.proof.assumptions import DEFAULTS, Known, assumptions
from deployments.proof.days import Reached, history, reached
from deployments.proof.evidence import Whose
from deployments.proof.report import report_of
from deployments.proof.saved import Line, saved_in
from deployments.services.assumptions import change_assumption
from deployments.status import DeviceStatus
from schools.converters import LARGEST_KEY
from schools.decorators import require
from schools.idempotency import idempotent
from schools.models import School, User
from schools.permissions import Permitted

SCHOOL = OpenApiParameter("school", OpenApiTypes.INT, description=str(_("Id of the school; all without it.")))


class AnswersSerializer(serializers.Serializer[Any]):
    counts = serializers.DictField(
        child=serializers.IntegerField(),
        help_text=format_lazy(
            _("By status, adding up to the total: {statuses}."), statuses=", ".join(DeviceStatus.values)
        ),
    )
    total = serializers.IntegerField()
    absent = serializers.IntegerField(
        help_text=_("Of the waiting and unknown: not seen for 30 days, missing from Intune, or retired.")
    )
    is_everywhere = serializers.BooleanField()


class SchoolAnswersSerializer(serializers.Serializer[Any]):
    school = serializers.IntegerField(allow_null=True)
    answers = AnswersSerializer()


class DayAnswersSerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    answers = AnswersSerializer()


class ProofSerializer(serializers.Serializer[Any]):
    answers = AnswersSerializer()
    settled_on = serializers.DateField(allow_null=True, help_text=_("The first day on which nothing waited."))
    everywhere_on = serializers.DateField(
        allow_null=True, help_text=_("The first day on which nothing waited and nothing had failed.")
    )
    by_school = SchoolAnswersSerializer(many=True)
    days = DayAnswersSerializer(many=True)


class ReportedDecisionSerializer(serializers.Serializer[Any]):
    decision = serializers.IntegerField(source="decision.pk")
    text = serializers.CharField(source="decision.text")
    ground = serializers.CharField()
    decided_on = serializers.DateField()
    applications = serializers.CharField()
    holds = serializers.BooleanField()
    answers = AnswersSerializer()
    settled_on = serializers.DateField(source="reached.settled_on", allow_null=True)
    everywhere_on = serializers.DateField(source="reached.everywhere_on", allow_null=True)


class ReportedFailureSerializer(serializers.Serializer[Any]):
    decision = serializers.IntegerField(source="decision.pk")
    app = serializers.CharField(source="failure.app")
    model = serializers.CharField(source="failure.model")
    error_code = serializers.CharField(source="failure.error_code")
    detail = serializers.CharField(source="failure.detail")
    computers = serializers.IntegerField(source="failure.count")


class LeftSerializer(serializers.Serializer[Any]):
    decision = serializers.IntegerField(source="decision.pk")
    cause = serializers.CharField(source="left.cause.value")
    who_acts = serializers.CharField(source="left.who")
    computers = serializers.IntegerField(source="left.count")


class AssumptionSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    value = serializers.DecimalField(max_digits=12, decimal_places=2)
    unit = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    changed_by = serializers.CharField(source="changed_by.username", allow_null=True)
    changed_at = serializers.DateTimeField(allow_null=True)


class SavedLineSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(source="kind.code")
    label = serializers.CharField(source="kind.label")  # type: ignore[assignment]
    formula = serializers.CharField(source="kind.formula")
    shown = serializers.IntegerField(help_text=_("How often, by the portal's own rows."))
    counted = serializers.IntegerField(help_text=_("How many of them count."))
    assumption = serializers.CharField(source="each.code", help_text=_("What each of them is worth."))
    at_most = serializers.CharField(
        source="at_most.code",
        default=None,
        allow_null=True,
        help_text=_("The assumption above which none count."),
    )
    evidence = serializers.SerializerMethodField(
        help_text=_("The page that lists the computers; empty for who may not see computers.")
    )
    hours = serializers.DecimalField(max_digits=12, decimal_places=2)

    def get_evidence(self, line: Line) -> str:
        if not self.context["shows"]:
            return ""
        path = reverse("deployments:evidence", args=[self.context["baseline"], line.kind.code])
        school = self.context["school"]
        return f"{settings.SITE_URL}{path}" + (f"?school={school.pk}" if school else "")


class BeforeSerializer(serializers.Serializer[Any]):
    """What a year took before the portal, by the assumptions alone."""

    collected = serializers.IntegerField()
    collecting_hours = serializers.DecimalField(max_digits=12, decimal_places=2)
    person_months = serializers.DecimalField(max_digits=12, decimal_places=2)
    reinstalls = serializers.IntegerField()
    reinstall_hours = serializers.DecimalField(max_digits=12, decimal_places=2)


class SavedSerializer(serializers.Serializer[Any]):
    lines = SavedLineSerializer(many=True)
    hours = serializers.DecimalField(max_digits=12, decimal_places=2)
    person_months = serializers.DecimalField(max_digits=12, decimal_places=2)
    before = BeforeSerializer()
    assumptions = AssumptionSerializer(many=True)


class ReportSerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    decided = ReportedDecisionSerializer(many=True)
    failures = ReportedFailureSerializer(many=True)
    left = LeftSerializer(many=True)
    saved = SavedSerializer()


class ChangedAssumptionSerializer(serializers.Serializer[Any]):
    value = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=0)
    source = serializers.CharField(max_length=300)  # type: ignore[assignment]


class DecisionProof:
    """For the decisions of the API."""

    @extend_schema(
        description=_("How far a decision has come: on all its computers, by school and day by day."),
        responses=ProofSerializer,
    )
    @action(detail=True)
    def proof(self: Any, request: Request, pk: str) -> Response:
        found = self.get_object()
        require(self.person, READS)
        scope = Scope.of(self.person, [found.pk])
        at = {school: answers for (_decision, school), answers in answers_by_school(scope, timezone.now()).items()}
        days = reached(scope).get(found.pk, Reached())
        said = {
            "answers": sum(at.values(), NONE),
            "settled_on": days.settled_on,
            "everywhere_on": days.everywhere_on,
            "by_school": [
                {"school": key, "answers": at[key]} for key in sorted(at, key=lambda key: key or LARGEST_KEY)
            ],
            "days": [{"day": day, "answers": answers} for day, answers in history(found, scope)],
        }
        return Response(ProofSerializer(said).data)


class SemesterProof:
    """For the baselines of the API."""

    @extend_schema(
        description=_("What was decided for the semester, when it was everywhere, what failed, and what is left."),
        parameters=[SCHOOL],
        responses=ReportSerializer,
    )
    @action(detail=True)
    def report(self: Any, request: Request, pk: str) -> Response:
        baseline = self.get_object()
        require(self.person, READS)
        school = _school(request, self.person)
        found = report_of(baseline, self.person, timezone.now(), school)
        fields = ("day", "decided", "failures", "left")
        said = {name: getattr(found, name) for name in fields} | {"saved": _saved(found.saved)}
        return Response(ReportSerializer(said, context=_linked(self.person, baseline, school)).data)

    @extend_schema(
        description=_("The time that the semester saved, by evidence alone, and what it is counted with."),
        parameters=[SCHOOL],
        responses=SavedSerializer,
    )
    @action(detail=True, url_path="time-saved")
    def time_saved(self: Any, request: Request, pk: str) -> Response:
        baseline = self.get_object()
        require(self.person, READS)
        school = _school(request, self.person)
        found = saved_in(baseline, Whose.of(self.person, school.pk if school else None), timezone.now())
        return Response(SavedSerializer(_saved(found), context=_linked(self.person, baseline, school)).data)


class AssumptionViewSet(viewsets.GenericViewSet[Any]):
    """What saved time is counted with, by code."""

    permission_classes = [Permitted]
    permission = READS
    serializer_class = AssumptionSerializer
    lookup_field = "code"
    lookup_value_regex = "[a-z_0-9]{1,40}"
    pagination_class = None
    filter_backends = ()

    @extend_schema(description=_("Every assumption, as it holds now."), responses=AssumptionSerializer(many=True))
    def list(self, request: Request) -> Response:
        return Response(AssumptionSerializer(list(assumptions().values()), many=True).data)

    @extend_schema(
        description=_("Give an assumption another value, with where it comes from."),
        request=ChangedAssumptionSerializer,
        responses=AssumptionSerializer,
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def change(self, request: Request, code: str) -> Response:
        person: Any = request.user
        require(person, "deployments.edit_assumption")
        if code not in DEFAULTS:
            raise Http404
        body = ChangedAssumptionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        change_assumption(code, said["value"], said["source"], by=person, now=timezone.now())
        found: Known = assumptions()[code]
        return Response(AssumptionSerializer(found).data)


def _linked(user: User, baseline: Baseline, school: School | None) -> dict[str, Any]:
    return {"baseline": baseline.pk, "school": school, "shows": user.access.reads(SHOWS)}


def _saved(saved: Any) -> dict[str, Any]:
    fields = ("lines", "hours", "person_months", "before")
    return {name: getattr(saved, name) for name in fields} | {"assumptions": list(saved.assumptions.values())}


def _school(request: Request, user: User) -> School | None:
    key = request.query_params.get("school", "")
    if not key:
        return None
    schools = School.objects.filter(user.access.schools_q(READS, "pk"))
    return get_object_or_404(schools, pk=int(key) if key.isdecimal() and int(key) <= LARGEST_KEY else 0)
