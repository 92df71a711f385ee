import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.rollouts.chance import as_unequal, at_most, bounds, corrected

RATES = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda each: (min(each), max(each)))


@pytest.mark.parametrize(
    ("hits", "tries", "everything", "low", "high"),
    [
        (0, 20, 110, 0.0, 13 / 110),
        (5, 110, 110, 5 / 110, 5 / 110),
        (0, 3, 5, 0.0, 2 / 5),
        (0, 19, 20, 0.0, 1 / 20),  # that the one left out is the only hit has a chance of exactly one in twenty
        (0, 0, 7, 0.0, 1.0),
        (0, 0, 0, 0.0, 1.0),
    ],
)
def test_bounds_are_those_of_a_whole_that_has_an_end(
    hits: int, tries: int, everything: int, low: float, high: float
) -> None:
    assert bounds(hits, tries, everything) == (low, high)


@given(
    st.integers(0, 24)
    .flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))
    .flatmap(lambda each: st.tuples(st.just(each[0]), st.just(each[1]), st.integers(0, each[1])))
)
def test_bounds_are_those_that_counting_gives(of: tuple[int, int, int]) -> None:
    """By every number of hits that the whole may have, in whole numbers."""
    everything, tries, hits = of

    low, high = bounds(hits, tries, everything)

    assert 0 <= low <= high <= 1
    if everything:
        ways = math.comb(everything, tries)
        so_few = [n for n in range(everything + 1) if 20 * _ways(n, everything, tries, 0, hits) >= ways]
        so_many = [n for n in range(everything + 1) if 20 * _ways(n, everything, tries, hits, tries) >= ways]
        assert (low, high) == (min(so_many) / everything, max(so_few) / everything)


def _ways(hits: int, everything: int, tries: int, least: int, most: int) -> int:
    """In how many ways the tries hold between `least` and `most` of all hits."""
    return sum(math.comb(hits, n) * math.comb(everything - hits, tries - n) for n in range(least, most + 1))


@given(RATES, st.integers(0, 20))
def test_so_many_or_fewer_are_as_rare_as_counting_says(rate: tuple[int, int], twentieths: int) -> None:
    hits, tries = rate
    ways = sum(math.comb(tries, n) * twentieths**n * (20 - twentieths) ** (tries - n) for n in range(hits + 1))

    assert at_most(hits, tries, twentieths / 20) == pytest.approx(ways / 20**tries, rel=1e-6)


@given(RATES, RATES)
def test_unequal_rates_are_as_rare_as_counting_says(one: tuple[int, int], other: tuple[int, int]) -> None:
    (hits, tries), (other_hits, other_tries) = one, other
    drawn = hits + other_hits
    ways = sum(math.comb(tries, n) * math.comb(other_tries, drawn - n) for n in range(hits, min(tries, drawn) + 1))

    expected = ways / math.comb(tries + other_tries, drawn)
    assert as_unequal(hits, tries, other_hits, other_tries) == pytest.approx(expected, rel=1e-6)


def test_many_tests_are_corrected_as_holm_does() -> None:
    assert corrected([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
