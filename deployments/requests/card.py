"""What an approver should have before their eyes: cost, licences, personal data, computers, others' experience."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q

from deployments.catalogue.vetting import Vetting, card_of, vetting
from deployments.models import AppRequest, LicencePool, VettingCard
from deployments.requests.readiness import Facts, facts, obstacles


@dataclass(frozen=True)
class Card:
    """`obstacles` say why IT has to see to it after the school's yes."""

    known: Facts
    obstacles: list[str]
    vetting: Vetting
    vetting_card: VettingCard | None = None
    cost_per_year: Decimal | None = None

    @property
    def success(self) -> int | None:
        """Per cent of the attempts anywhere that ended."""
        ended = self.known.installed + self.known.failed
        return round(100 * self.known.installed / ended) if ended else None

    @property
    def download_bytes(self) -> int:
        return (self.known.size_bytes or 0) * self.known.without


def card(request: AppRequest, on: date) -> Card:
    """The queries of `facts`."""
    known, application = facts(request, on), request.application
    missing = obstacles(request, on, known)
    if application is None:
        return Card(known, missing, Vetting.INCOMPLETE)
    found = card_of(application)
    return Card(
        known=known,
        obstacles=missing,
        vetting=vetting(found, on),
        vetting_card=found,
        cost_per_year=_cost(known.pools, request.school_id, on),
    )


def _cost(pools: Iterable[LicencePool], school: int, on: date) -> Decimal | None:
    """What the municipality's pools and the school's cost together; None when no cost is known."""
    mine = (pool for pool in pools if pool.holds(on) and pool.school_id in (None, school))
    costs = [pool.cost_per_year for pool in mine if pool.cost_per_year is not None]
    return sum(costs, Decimal(0)) if costs else None


def others_for_the_same(request: AppRequest) -> Iterable[AppRequest]:
    """Undecided requests that IT may merge this one into: for the same application, or named alike."""
    same = Q(application=request.application) if request.application else Q(wanted__iexact=request.wanted)
    open_ones = AppRequest.objects.filter(same, status__in=["school", "review", "committee"]).exclude(pk=request.pk)
    return open_ones.select_related("school", "class_group", "application").order_by("pk")
