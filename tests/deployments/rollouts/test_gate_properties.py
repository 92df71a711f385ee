"""What holds of every gate, whatever the numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from deployments.rollouts.gate import MARGIN, Cell, Rules, Tally, judge, needed, read, sample
from tests.factories import NOW

SOAK = timedelta(hours=24)
SOAKED = NOW + SOAK
RANK = ("halt", "below", "pass")
RULES = st.builds(Rules, st.integers(1, 60), st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.98, 1.0]), st.just(SOAK))
TALLIES = st.builds(Tally, st.integers(0, 90), st.integers(0, 12), st.integers(0, 90))
SMALL = st.builds(Tally, st.integers(0, 12), st.integers(0, 3), st.integers(0, 8))
HISTORIES = st.builds(Tally, st.integers(0, 300), st.integers(0, 30))


@st.composite
def rings(draw: st.DrawFn) -> tuple[Tally, tuple[Cell, ...]]:
    """A ring whose computers are all that have got one or two versions, each of some models."""
    keys = draw(st.sets(st.tuples(st.integers(1, 2), st.integers(1, 4)), min_size=1, max_size=6))
    reports = st.builds(Tally, st.integers(0, 40), st.integers(0, 12))
    cells = tuple(Cell(*key, draw(reports), draw(HISTORIES)) for key in sorted(keys))
    return sum((cell.now for cell in cells), Tally(waiting=draw(st.integers(0, 60)))), cells


def verdict(tally: Tally, rules: Rules, cells: tuple[Cell, ...] = (), at=SOAKED) -> str:
    return judge(tally, cells, rules, written_at=NOW, now=at)[0]


def worse(tally: Tally) -> list[Tally]:
    """With one more failure, of a computer that was silent or had succeeded."""
    found = [replace(tally, failed=tally.failed + 1, waiting=tally.waiting - 1)] if tally.waiting else []
    return found + ([replace(tally, failed=tally.failed + 1, done=tally.done - 1)] if tally.done else [])


def better(tally: Tally) -> list[Tally]:
    found = [replace(tally, done=tally.done + 1, waiting=tally.waiting - 1)] if tally.waiting else []
    return found + ([replace(tally, done=tally.done + 1, failed=tally.failed - 1)] if tally.failed else [])


@given(TALLIES, RULES)
def test_one_more_failure_passes_nothing_that_had_enough_reports(tally: Tally, rules: Rules) -> None:
    assume(tally.reported >= sample(tally, rules) and verdict(tally, rules) != "pass")

    assert "pass" not in {verdict(each, rules) for each in worse(tally)}


@given(TALLIES, RULES)
def test_one_more_success_takes_no_pass_away(tally: Tally, rules: Rules) -> None:
    assume(verdict(tally, rules) == "pass")

    assert {verdict(each, rules) for each in better(tally)} <= {"pass"}


@given(rings(), RULES)
def test_one_more_failure_where_it_fails_takes_no_halt_away(ring: tuple[Tally, tuple[Cell, ...]], rules: Rules) -> None:
    tally, cells = ring
    halts, found = judge(tally, cells, rules, written_at=NOW, now=SOAKED)
    assume(halts == "halt")
    worst = found[0]
    there = [cell for cell in cells if cell.version == worst.version and worst.model in (None, cell.model)]

    for cell in there:
        now = replace(cell.now, failed=cell.now.failed + 1)
        rest = tuple(replace(each, now=now) if each is cell else each for each in cells)
        assert verdict(replace(tally, failed=tally.failed + 1), rules, rest) == "halt"


@given(TALLIES, RULES)
def test_nothing_passes_without_its_sample_and_its_rate(tally: Tally, rules: Rules) -> None:
    assume(verdict(tally, rules) == "pass")

    assert tally.reported >= min(rules.min_sample, math.ceil(0.6 * tally.everything)) > 0
    assert tally.done / tally.reported >= rules.least_success


@given(SMALL, RULES)
def test_nothing_passes_that_may_be_far_below(tally: Tally, rules: Rules) -> None:
    """By counting the ways in which so few of the reports fail, for every number of failures the ring may have."""
    assume(verdict(tally, rules) == "pass")
    everything, reported = tally.everything, tally.reported
    least = rules.least_success - MARGIN

    for failing in range(everything + 1):
        if (everything - failing) / everything < least - 1e-9:
            ways = sum(
                math.comb(failing, n) * math.comb(everything - failing, reported - n) for n in range(tally.failed + 1)
            )
            assert 20 * ways < math.comb(everything, reported)


@given(st.integers(0, 300), RULES, st.integers(0, 100))
def test_silence_never_passes(waiting: int, rules: Rules, days: int) -> None:
    assert verdict(Tally(waiting=waiting), rules, at=NOW + timedelta(days=days)) == "too_few"


@given(TALLIES, RULES, st.integers(0, 24 * 60 - 1))
def test_nothing_passes_before_it_was_watched(tally: Tally, rules: Rules, minutes: int) -> None:
    assert verdict(tally, rules, at=NOW + timedelta(minutes=minutes)) in ("too_few", "soaking")


@given(st.integers(1, 60) | st.integers(1, 6000), st.integers(10, 15), RULES, st.data())
def test_ring_is_not_held_up_by_fifteen_in_a_hundred_that_stay_silent(
    everything: int, percent: int, rules: Rules, data: st.DataObject
) -> None:
    silent = everything * percent // 100
    failed = data.draw(st.integers(0, int((1 - rules.least_success) * (everything - silent) + 1e-9)))

    assert verdict(Tally(everything - silent - failed, failed, silent), rules) == "pass"


@given(SMALL, RULES)
def test_reports_that_are_needed_are_as_many_as_it_takes(tally: Tally, rules: Rules) -> None:
    """If all that are still to come succeed, it passes with so many, and not with one fewer."""
    count, all_of_it = needed(tally, rules), tally.everything
    passing = [
        reports
        for reports in range(max(1, tally.failed), all_of_it + 1)
        if verdict(Tally(reports - tally.failed, tally.failed, all_of_it - reports), rules) == "pass"
    ]

    assert count == min(passing, default=max(1, all_of_it))


@given(rings(), RULES)
def test_accepted_findings_are_told_and_halt_nothing(ring: tuple[Tally, tuple[Cell, ...]], rules: Rules) -> None:
    tally, cells = ring
    before = read(tally, cells, rules, written_at=NOW, now=SOAKED)

    after = read(tally, cells, rules, written_at=NOW, now=SOAKED, accepted=[each.key for each in before.findings])

    assert after.verdict == verdict(tally, rules)
    assert after.findings == before.findings


@given(rings(), RULES, st.randoms(use_true_random=False))
def test_order_of_the_cells_does_not_matter(ring, rules: Rules, chance) -> None:
    tally, cells = ring
    shuffled = list(cells)
    chance.shuffle(shuffled)

    one, other = (read(tally, each, rules, written_at=NOW, now=SOAKED) for each in (cells, shuffled))

    assert one == other


@given(TALLIES, RULES)
def test_bounds_are_within_what_the_ring_can_come_to(tally: Tally, rules: Rules) -> None:
    """From no further failure to nothing but failures. Where few are left, the rate so far may be without them."""
    found, everything = read(tally, [], rules, written_at=NOW, now=SOAKED), max(1, tally.everything)

    least, most = tally.failed / everything, (tally.failed + tally.waiting) / everything
    assert 0 <= least <= found.low <= found.high <= 1
    assert found.high <= most or not tally.everything
