"""How far numbers may be trusted: exact bounds of a rate, and exact tests of one rate against another. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, lgamma, log, log1p

STEPS = 50
"""Halvings of an interval: far below what is shown."""


def bounds(hits: int, tries: int, confidence: float = 0.95) -> tuple[float, float]:
    """Clopper and Pearson's interval of the rate; (0, 1) without any tries."""
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else _where(lambda rate: 1 - at_most(hits - 1, tries, rate) >= tail)
    high = 1.0 if hits == tries else _where(lambda rate: at_most(hits, tries, rate) <= tail)
    return low, high


def _where(holds: Callable[[float], bool]) -> float:
    """The rate from which on `holds` is true."""
    below, above = 0.0, 1.0
    for _step in range(STEPS):
        middle = (below + above) / 2
        below, above = (below, middle) if holds(middle) else (middle, above)
    return above


def at_most(hits: int, tries: int, rate: float) -> float:
    """The chance of so many hits or fewer (binomial)."""
    if hits >= tries or rate <= 0:
        return 1.0
    if rate >= 1:
        return 0.0
    return min(1.0, sum(exp(_ways(tries, n) + n * log(rate) + (tries - n) * log1p(-rate)) for n in range(hits + 1)))


def as_unequal(hits: int, tries: int, other_hits: int, other_tries: int) -> float:
    """The chance that so many of the hits, or more, fall among these tries, when both have the same rate (Fisher's
    exact test, one-sided)."""
    all_hits, everything = hits + other_hits, tries + other_tries
    whole = _ways(everything, all_hits)
    found = (
        exp(_ways(tries, n) + _ways(other_tries, all_hits - n) - whole)
        for n in range(max(hits, all_hits - other_tries), min(tries, all_hits) + 1)
    )
    return min(1.0, sum(found))


def corrected(chances: Sequence[float]) -> list[float]:
    """Holm's correction for many tests, in the order given: what may be compared with one limit for all of them."""
    order = sorted(range(len(chances)), key=lambda place: chances[place])
    found, least = [1.0] * len(chances), 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, (len(chances) - rank) * chances[place]))
        found[place] = least
    return found


def _ways(n: int, k: int) -> float:
    """The logarithm of "n choose k"."""
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
