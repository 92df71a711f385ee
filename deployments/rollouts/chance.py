"""How far numbers may be trusted: exact bounds of a rate, and exact tests of one rate against another. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from math import exp, lgamma, log, log1p

UNLIKELY = 0.05
"""What would come about more rarely than this is ruled out: a bound holds with 95 per cent certainty."""
ROUNDING = 1e-9
"""Far more than what is lost in a sum, and far less than what is told apart."""


def bounds(hits: int, tries: int, everything: int) -> tuple[float, float]:
    """Of the rate among all of so many, when these hits were found in some of them; each bound certain for itself.

    Exact for a whole that has an end (hypergeometric): the rate itself when all were tried, (0, 1) when none was.
    """
    if not everything:
        return 0.0, 1.0
    others = everything - tries
    return (everything - most(tries - hits, tries, others)) / everything, most(hits, tries, others) / everything


def most(hits: int, tries: int, others: int) -> int:
    """How many hits there may be among the tries and the others together."""
    return hits + bisect_left(range(1, others + 1), True, key=lambda more: not may_be(more, others, hits, tries))


def may_be(more: int, others: int, hits: int, tries: int) -> bool:
    """Whether so many of the others may be hits too: if they were, chance would leave the tries so few of all hits at
    least once in twenty times."""
    return more <= 0 or (more <= others and as_unequal(more, others, hits, tries) >= UNLIKELY - ROUNDING)


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
