import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.rollouts.chance import as_unequal, at_most, bounds, corrected

RATES = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda each: (min(each), max(each)))


@pytest.mark.parametrize(
    ("hits", "tries", "low", "high"),
    [
        (0, 10, 0.0, 0.30850),
        (1, 20, 0.00127, 0.24873),
        (5, 10, 0.18709, 0.81291),
        (10, 10, 0.69150, 1.0),
        (27, 100, 0.18606, 0.36802),
    ],
)
def test_bounds_are_those_of_the_tables(hits: int, tries: int, low: float, high: float) -> None:
    assert bounds(hits, tries) == pytest.approx((low, high), abs=1e-5)


def test_nothing_tried_says_nothing() -> None:
    assert bounds(0, 0) == (0.0, 1.0)


@given(RATES)
def test_bounds_hold_the_rate_and_end_where_the_tail_does(rate: tuple[int, int]) -> None:
    hits, tries = rate
    low, high = bounds(hits, tries)

    assert 0 <= low <= (hits / tries if tries else 0) <= high <= 1
    assert hits == tries or at_most(hits, tries, high) == pytest.approx(0.025, abs=1e-9)
    assert hits == 0 or 1 - at_most(hits - 1, tries, low) == pytest.approx(0.025, abs=1e-9)


@given(RATES, RATES)
def test_unequal_rates_are_as_rare_as_counting_says(one: tuple[int, int], other: tuple[int, int]) -> None:
    (hits, tries), (other_hits, other_tries) = one, other
    drawn = hits + other_hits
    ways = sum(math.comb(tries, n) * math.comb(other_tries, drawn - n) for n in range(hits, min(tries, drawn) + 1))

    expected = ways / math.comb(tries + other_tries, drawn)
    assert as_unequal(hits, tries, other_hits, other_tries) == pytest.approx(expected, rel=1e-6)


def test_many_tests_are_corrected_as_holm_does() -> None:
    assert corrected([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
