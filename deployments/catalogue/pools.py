"""The licences of one application, as its page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy

from deployments.catalogue.licences import Seats, seats_of
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
class SeatsUsed:
    seats: Seats

    @property
    def lacking(self) -> int:
        """Computers without a seat."""
        left = self.seats.shared_left
        return max(0, -left) if left is not None else 0


def seats_used(application: Application, on: date) -> SeatsUsed | None:
    """How far the seats go, over the whole fleet; None without any pool."""
    seats = seats_of([application.pk], on).get(application.pk)
    return SeatsUsed(seats) if seats else None


def licences(application: Application, user: User, on: date) -> list[PoolLine]:
    """The pools that this person may see; one query."""
    pools = LicencePool.objects.visible_to(user).filter(application=application).select_related("school")
    return [PoolLine(pool, _state(pool, on)) for pool in pools]


def _state(pool: LicencePool, on: date) -> str:
    if not pool.holds(on):
        return "licence_ended"
    return "licence_ending" if pool.ends_on and pool.ends_on <= on + ENDS_SOON else "licence_held"
