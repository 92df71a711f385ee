"""The licences of one application, as its page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext_lazy

from deployments.catalogue.licences import Seats, seats_in
from deployments.catalogue.vetting import ENDS_SOON
from deployments.models import Application, LicencePool
from schools.models import User

LABELS = {
    "licence_held": gettext_lazy("Holds"),
    "licence_ending": gettext_lazy("Ends soon"),
    "licence_ended": gettext_lazy("Has ended"),
}


@dataclass(frozen=True)
class PoolLine:
    """One pool with its state that day, as `schools.status` knows it."""

    pool: LicencePool
    state: str

    @property
    def label(self) -> str:
        return str(LABELS[self.state])


@dataclass(frozen=True)
class Licences:
    """`seats` None: no pool at all, or the person sees only one school's."""

    lines: list[PoolLine]
    seats: Seats | None

    @property
    def lacking(self) -> int:
        """Computers without a seat."""
        left = self.seats.shared_left if self.seats else None
        return max(0, -left) if left is not None else 0

    @property
    def cost_per_year(self) -> Decimal | None:
        costs = [
            line.pool.cost_per_year for line in self.lines if line.state != "licence_ended" and line.pool.cost_per_year
        ]
        return sum(costs, Decimal(0)) if costs else None


def licences(application: Application, user: User, on: date) -> Licences:
    """The pools that this person may see; the sums only for those who see them all."""
    pools = list(LicencePool.objects.visible_to(user).filter(application=application).select_related("school"))
    lines = [PoolLine(pool, _state(pool, on)) for pool in pools]
    sees_all = bool(lines) and user.access.reads_all("deployments.view_licence")
    return Licences(lines, seats_in(pools, on).get(application.pk) if sees_all else None)


def _state(pool: LicencePool, on: date) -> str:
    if not pool.holds(on):
        return "licence_ended"
    return "licence_ending" if pool.ends_on and pool.ends_on <= on + ENDS_SOON else "licence_held"
