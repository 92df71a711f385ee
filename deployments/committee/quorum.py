"""Whether enough seats are present to decide: of each administration more than half of the filled ones. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from deployments.models import Seat


@dataclass(frozen=True)
class Share:
    """One administration's seats that somebody holds, and how many of those people are here."""

    administration: str
    filled: int
    present: int

    @property
    def holds(self) -> bool:
        return self.present > 0 and 2 * self.present > self.filled

    @property
    def needed(self) -> int:
        return self.filled // 2 + 1


@dataclass(frozen=True)
class Quorum:
    shares: tuple[Share, ...]

    @property
    def holds(self) -> bool:
        return bool(self.shares) and all(share.holds for share in self.shares)


def quorum(seats: Iterable[Seat], present: Collection[int]) -> Quorum:
    """`seats` with their administration loaded; `present` are ids of seats. Seats of no administration do not count,
    and an administration none of whose seats is filled leaves the meeting without a quorum."""
    filled: dict[str, int] = {}
    here: dict[str, int] = {}
    for seat in seats:
        if seat.administration is None:
            continue
        name = seat.administration.name
        filled[name] = filled.get(name, 0) + (seat.holder_id is not None)
        here[name] = here.get(name, 0) + (seat.holder_id is not None and seat.pk in present)
    return Quorum(tuple(Share(name, filled[name], here[name]) for name in sorted(filled)))
