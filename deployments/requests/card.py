"""What an approver should have before their eyes: cost, licences, personal data, computers, others' experience."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Q, Sum

from deployments.catalogue.vetting import Vetting, card_of, vetting
from deployments.models import Application, AppRequest, InstallStatus, LicencePool, VettingCard
from deployments.requests.readiness import Facts, facts, obstacles
from schools.models import School

State = InstallStatus.State


@dataclass(frozen=True)
class Card:
    """`obstacles` say why IT has to see to it after the school's yes; installs are counted in all schools."""

    known: Facts
    obstacles: list[str]
    vetting: Vetting
    vetting_card: VettingCard | None = None
    cost_per_year: Decimal | None = None
    installed: int = 0
    failed: int = 0

    @property
    def success(self) -> int | None:
        """Per cent of the attempts anywhere that ended."""
        ended = self.installed + self.failed
        return round(100 * self.installed / ended) if ended else None

    @property
    def download_bytes(self) -> int:
        return (self.known.size_bytes or 0) * self.known.without


def card(request: AppRequest, on: date) -> Card:
    """Five queries; more only when licences are counted."""
    known, application = facts(request, on), request.application
    missing = obstacles(request, on, known)
    if application is None:
        return Card(known, missing, Vetting.INCOMPLETE)
    found = card_of(application)
    installs = InstallStatus.objects.filter(app_version__application=application).aggregate(
        installed=Count("pk", filter=Q(state=State.INSTALLED)), failed=Count("pk", filter=Q(state=State.FAILED))
    )
    return Card(
        known=known,
        obstacles=missing,
        vetting=vetting(found, on),
        vetting_card=found,
        cost_per_year=_cost(application, request.school, on),
        **installs,
    )


def _cost(application: Application, school: School, on: date) -> Decimal | None:
    pools = LicencePool.objects.valid(on).filter(Q(school=None) | Q(school=school), application=application)
    cost: Decimal | None = pools.aggregate(cost=Sum("cost_per_year"))["cost"]
    return cost


def others_for_the_same(request: AppRequest) -> Iterable[AppRequest]:
    """Undecided requests that IT may merge this one into: for the same application, or named alike."""
    same = Q(application=request.application) if request.application else Q(wanted__iexact=request.wanted)
    open_ones = AppRequest.objects.filter(same, status__in=["school", "review", "committee"]).exclude(pk=request.pk)
    return open_ones.select_related("school", "class_group", "application").order_by("pk")
