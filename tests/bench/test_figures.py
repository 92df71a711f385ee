"""What is held to a limit, and how it is written down."""

from __future__ import annotations

from bench.figures import Count, Ratio


def test_ratio_over_its_limit_is_missed() -> None:
    figure = Ratio("first mirror", 1.6, "floor", 1.0, 1.5)

    assert not figure.is_met
    assert figure.cells()[-3:] == ("1.60", "≤ 1.50", "**missed**")


def test_ratio_that_must_reach_its_limit_is_missed_below_it() -> None:
    assert not Ratio("rows per second", 5, "110,000", 10, 0.6, at_least=True).is_met
    assert Ratio("rows per second", 6, "110,000", 10, 0.6, at_least=True).is_met


def test_ratio_without_a_limit_is_told_without_a_verdict() -> None:
    figure = Ratio("all reports read again", 9.0, "first", 1.0)

    assert figure.is_met
    assert figure.cells()[-3:] == ("9.00", "", "")


def test_count_may_be_fewer_unless_it_must_be_exact() -> None:
    assert Count("requests", 11, 14).is_met
    assert not Count("rows written", 1, 0, exactly=True).is_met
    assert not Count("confirmed", 2_999, 3_000, exactly=True).is_met
