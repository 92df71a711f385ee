"""What the portal already knows of an application while somebody writes a request for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Q, QuerySet

from deployments.catalogue.licences import seats_of
from deployments.models import Application, AppRequest
from deployments.software import effective_for_school
from schools.models import School

Status = AppRequest.Status
SHORTEST_SEARCH = 2
MOST = 3


@dataclass(frozen=True)
class Answer:
    """Of one application. `seats_left` None: any number. `asking` counts other schools, those that support included."""

    application: Application
    is_here: bool = False
    own: AppRequest | None = None
    approved_at: int = 0
    refused_on: datetime | None = None
    refused_because: str = ""
    seats_left: int | None = None
    asking: int = 0

    @property
    def makes_one_stop(self) -> bool:
        """Whether asking again would very likely be of no use."""
        return self.is_here or self.own is not None

    @property
    def says_anything(self) -> bool:
        return bool(
            self.makes_one_stop or self.approved_at or self.asking or self.refused_on or self.seats_left is not None
        )


def matching(text: str) -> list[Application]:
    """The few applications whose name is meant by what somebody has typed so far: the same name, or a part of it."""
    words = text.strip()
    if len(words) < SHORTEST_SEARCH:
        return []
    found = Application.objects.filter(name__icontains=words)
    same = [application for application in found[: MOST * 4] if application.name.casefold() == words.casefold()]
    return same or list(found[:MOST])


def named(text: str) -> Application | None:
    return Application.objects.filter(name__iexact=text.strip()).first()


def answers(applications: Iterable[Application], school: School, on: date) -> list[Answer]:
    """For one school; a handful of queries whatever the number of applications."""
    applications = list(applications)
    if not applications:
        return []
    keys = [application.pk for application in applications]
    here = {each.application.pk for each in effective_for_school(school) if each.intent in ("required", "available")}
    requests = AppRequest.objects.filter(application__in=keys)
    own = {each.application_id: each for each in requests.open().exclude(status="draft").filter(school=school)}
    refusals = {each.application_id: each for each in _refusals(requests)}
    counted, seats = _counted(requests, school), seats_of(keys, on)
    return [
        Answer(
            application=application,
            is_here=application.pk in here,
            own=own.get(application.pk),
            approved_at=counted.get(application.pk, {}).get("approved", 0),
            asking=counted.get(application.pk, {}).get("asking", 0),
            refused_on=_when(refusals.get(application.pk)),
            refused_because=refusals[application.pk].reason if application.pk in refusals else "",
            seats_left=seats[application.pk].left_at(school.pk) if application.pk in seats else None,
        )
        for application in applications
    ]


def _refusals(requests: QuerySet[AppRequest]) -> QuerySet[AppRequest]:
    """The oldest first, so that the latest is what a dictionary keeps."""
    return requests.filter(status=Status.REFUSED).prefetch_related("steps").order_by("pk")


def _when(refused: AppRequest | None) -> datetime | None:
    steps = list(refused.steps.all()) if refused else []
    return steps[-1].entered_at if steps else None


def _counted(requests: QuerySet[AppRequest], school: School) -> Mapping[int, Mapping[str, int]]:
    """Other schools by application id: those that got it, and those that ask or support a request that is open."""
    elsewhere = ~Q(school=school)
    is_open = Q(status__in=[Status.SCHOOL, Status.REVIEW, Status.COMMITTEE])
    rows = (
        requests.order_by()
        .values("application")
        .annotate(
            approved=Count("school", distinct=True, filter=elsewhere & Q(status__in=AppRequest.GRANTED)),
            asking=Count("school", distinct=True, filter=elsewhere & is_open),
            supporting=Count("supporters__school", distinct=True, filter=is_open & ~Q(supporters__school=school)),
        )
    )
    return {
        row["application"]: {"approved": row["approved"], "asking": row["asking"] + row["supporting"]} for row in rows
    }
