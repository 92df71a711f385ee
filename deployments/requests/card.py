"""What an approver should have before their eyes: cost, licences, personal data, computers, others' experience."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Max, Q, Sum

from deployments.catalogue.licences import seats_of
from deployments.catalogue.vetting import Vetting, card_of, vetting
from deployments.models import Application, AppRequest, AppVersion, InstallStatus, LicencePool, VettingCard
from deployments.requests.readiness import obstacles
from deployments.requests.scope import computers
from schools.models import School

State = InstallStatus.State


@dataclass(frozen=True)
class Card:
    """`seats_left` None: no licence is counted. `obstacles` say why IT has to see to it after the school's yes."""

    computers: int
    obstacles: list[str]
    vetting: Vetting
    vetting_card: VettingCard | None = None
    cost_per_year: Decimal | None = None
    seats_left: int | None = None
    download_bytes: int | None = None
    schools: int = 0
    installed: int = 0
    failed: int = 0

    @property
    def success(self) -> int | None:
        """Per cent of the attempts anywhere that ended."""
        ended = self.installed + self.failed
        return round(100 * self.installed / ended) if ended else None


def card(request: AppRequest, on: date) -> Card:
    application = request.application
    concerned, missing = computers(request).count(), obstacles(request, on)
    if application is None:
        return Card(concerned, missing, Vetting.INCOMPLETE)
    found = card_of(application)
    installs = InstallStatus.objects.filter(app_version__application=application).aggregate(
        installed=Count("pk", filter=Q(state=State.INSTALLED)), failed=Count("pk", filter=Q(state=State.FAILED))
    )
    size = AppVersion.objects.filter(application=application).aggregate(size=Max("size_bytes"))["size"]
    return Card(
        computers=concerned,
        obstacles=missing,
        vetting=vetting(found, on),
        vetting_card=found,
        cost_per_year=_cost(application, request.school, on),
        seats_left=_seats(application, request.school, on),
        download_bytes=size * concerned if size else None,
        schools=_schools(application, request),
        **installs,
    )


def _cost(application: Application, school: School, on: date) -> Decimal | None:
    pools = LicencePool.objects.valid(on).filter(Q(school=None) | Q(school=school), application=application)
    return pools.aggregate(cost=Sum("cost_per_year"))["cost"]


def _seats(application: Application, school: School, on: date) -> int | None:
    seats = seats_of([application.pk], on).get(application.pk)
    return seats.left_at(school.pk) if seats else None


def _schools(application: Application, request: AppRequest) -> int:
    granted = AppRequest.objects.filter(application=application, status__in=AppRequest.GRANTED)
    return granted.exclude(school=request.school).values("school").distinct().count()


def others_for_the_same(request: AppRequest) -> Iterable[AppRequest]:
    """Undecided requests that IT may merge this one into: for the same application, or named alike."""
    same = Q(application=request.application) if request.application else Q(wanted__iexact=request.wanted)
    open_ones = AppRequest.objects.filter(same, status__in=["school", "review", "committee"]).exclude(pk=request.pk)
    return open_ones.select_related("school", "class_group", "application").order_by("pk")
