"""How computers live in a simulation: when they ask for their apps, how long an installation takes, and when one that
failed is tried again. Pure.

How often computers check in and how long they stay away is read from the fleet itself, as it is: in a fleet that goes
on as it has, of the computers silent for two days those are missing that came back before the third.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, inf, log
from random import Random

CHECK_IN_HOURS = 8.0
"""Between two check-ins of a computer that is on, as Intune has it; where the fleet itself says too little."""
SOONEST_HOURS = 1 / 60
ASKS_WITHIN_HOURS = 3300 / 3600
"""Computers that are on are told of new apps, and ask for them within this time, most of them soon."""
INSTALL_SECONDS = (80.0, 270.0)
SECONDS_PER_MB = 0.15
RETRY_AFTER_HOURS = 6.0
MOST_ATTEMPTS = 4
RECOVERS = 0.15
"""The chance that a further attempt succeeds where the first one failed."""
JITTER = (0.75, 1.25)
FEWEST = 20
"""Computers that it takes to say how often a fleet checks in."""
DAY = 24.0
STEPS = (1, 2, 3, 5, 8, 15, 30, 60, 120)
"""Days of silence between which computers are counted."""
FEWEST_PER_DAY = 0.05
"""A span without any computer says that most have come back before it, not that all have."""
COMES_BACK_WITHIN = 30
"""Of computers silent for more days nobody says when they return; they do not count as away for a while."""


@dataclass(frozen=True)
class Rhythm:
    """`every`: hours between check-ins. `leaves`: the chance for each check-in that the computer then stays away.
    `returns`: the chance per hour to come back, for silence from each of `STEPS` on. `away_hours`: how long absences
    are on the average."""

    every: float
    leaves: float
    returns: tuple[float, ...]
    away_hours: float

    def is_away(self, silent: float | None) -> bool:
        """A computer that missed its check-in."""
        return silent is None or silent > 1.5 * self.every

    def absence(self, silent: float | None, chance: Random) -> float:
        """For how many more hours a computer stays away that has been silent so long; `inf`: nobody expects it."""
        if silent is None:
            return inf
        left, at, waited = chance.expovariate(1.0), silent, 0.0
        for ends, rate in zip((*(DAY * day for day in STEPS[1:]), inf), self.returns, strict=True):
            if at >= ends:
                continue
            if rate and left <= rate * (ends - at):
                return waited + left / rate
            left -= rate * (ends - at) if rate else 0.0
            waited, at = waited + ends - at, ends
        return inf

    def is_gone_after(self, hours: float, chance: Random) -> bool:
        """Whether a computer that is here now is away so many hours later."""
        goes, comes = self.leaves / self.every, 1 / self.away_hours
        return chance.random() < goes / (goes + comes) * (1 - exp(-hours * (goes + comes)))


def rhythm_of(silences: Sequence[float | None]) -> Rhythm:
    """From how many hours each computer of the fleet has been silent; None: it has never been heard from."""
    known = [each for each in silences if each is not None]
    here = [each for each in known if each < DAY]
    every = CHECK_IN_HOURS
    if len(here) >= FEWEST:
        every = min(DAY, max(1.0, 2 * sum(here) / len(here)))
    per_day = _per_day(known)
    stays = sum(
        count * (end - begin) for count, (begin, end) in zip(per_day, _spans(), strict=True) if end <= COMES_BACK_WITHIN
    )
    away_days = 1 + stays / per_day[0] if per_day[0] else 1.0
    leaves = per_day[0] * every / DAY / len(here) if here else 0.0
    return Rhythm(every, min(0.5, leaves), _returns(per_day), DAY * away_days)


def _spans() -> list[tuple[int, int]]:
    return list(pairwise(STEPS))


def _per_day(known: Sequence[float]) -> list[float]:
    """Computers for each day of silence, by the spans between `STEPS`; never more than for fewer days."""
    counts = [sum(begin <= each / DAY < end for each in known) / (end - begin) for begin, end in _spans()]
    for place in range(len(counts) - 2, -1, -1):
        counts[place] = max(counts[place], counts[place + 1])
    return counts


def _returns(per_day: Sequence[float]) -> tuple[float, ...]:
    """By `STEPS`; from the last span on nobody returns."""
    rates = []
    for place, (begin, end) in enumerate(_spans()[:-1]):
        here, later = per_day[place], per_day[place + 1]
        middle = (end + _spans()[place + 1][1]) / 2 - (begin + end) / 2
        is_known = begin < COMES_BACK_WITHIN and here > 0
        rates.append(log(here / min(here, max(later, FEWEST_PER_DAY))) / middle / DAY if is_known else 0.0)
    return (*rates, 0.0, 0.0)


def asks_after(chance: Random) -> float:
    """Hours from when Intune has it until a computer that is on asks."""
    return float(SOONEST_HOURS + ASKS_WITHIN_HOURS * chance.random() ** 1.5)


def installs_in(size: int, chance: Random) -> float:
    """Hours that an installer of so many bytes takes once it is on the computer."""
    return (chance.uniform(*INSTALL_SECONDS) + SECONDS_PER_MB * size / 1_000_000) / 3600


def tries_again_after(rhythm: Rhythm, chance: Random) -> float:
    """Hours from a failure to the next attempt, absences with them."""
    wait = max(RETRY_AFTER_HOURS, rhythm.every) * chance.uniform(*JITTER)
    return wait + (rhythm.absence(DAY, chance) if chance.random() < rhythm.leaves else 0.0)
