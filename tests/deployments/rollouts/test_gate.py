"""Verdicts from numbers, and how rarely a roll-out halts for nothing: seeded simulations."""

import random
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

import pytest

from deployments.rollouts.drawing import draw
from deployments.rollouts.gate import MARGIN, Cell, Finding, Reading, Rules, Tally, findings, needed, read
from tests.deployments.rollouts.test_drawing import municipality
from tests.factories import NOW

RULES = Rules(min_sample=20, least_success=0.95, soak=timedelta(hours=24))
NEXT_DAY = NOW + timedelta(hours=24)


def verdict(tally: Tally, now=NEXT_DAY) -> str:
    return read(tally, [Cell(1, 1, tally)], RULES, written_at=NOW, now=now).verdict


def test_too_few_reports_never_pass() -> None:
    assert verdict(Tally(done=19, waiting=91)) == "too_few"
    assert verdict(Tally()) == "too_few"  # no computer that could report: somebody has to let it through


def test_ring_is_watched_for_its_time() -> None:
    assert verdict(Tally(done=100, waiting=10), NEXT_DAY - timedelta(seconds=1)) == "soaking"
    assert verdict(Tally(done=100, waiting=10), NEXT_DAY) == "pass"


def test_too_few_successes_do_not_pass() -> None:
    assert verdict(Tally(done=94, failed=6)) == "below"
    assert verdict(Tally(done=95, failed=5)) == "pass"


def test_small_ring_does_not_wait_for_its_last_silent_computer() -> None:
    assert verdict(Tally(done=2, waiting=3)) == "too_few"
    assert verdict(Tally(done=3, waiting=2)) == "too_few"  # two of five may fail, and one of the five does by chance
    assert verdict(Tally(done=4, waiting=1)) == "pass"


def test_rate_that_is_reached_does_not_pass_before_it_is_certain_of_the_ring() -> None:
    """One of twenty failed, so that one of five may in the whole ring."""
    assert verdict(Tally(done=19, failed=1, waiting=980)) == "too_few"
    assert verdict(Tally(done=20, failed=1, waiting=979)) == "too_few"
    assert verdict(Tally(done=21, failed=1, waiting=978)) == "pass"
    assert needed(Tally(done=19, failed=1, waiting=980), RULES) == 22


def test_bounds_are_those_that_the_verdict_rests_on() -> None:
    tally = Tally(done=20, waiting=90)

    found = read(tally, [], RULES, written_at=NOW, now=NEXT_DAY)

    assert (found.low, found.high) == (0.0, 13 / 110)
    assert found.high <= 1 - RULES.least_success + MARGIN
    assert found.verdict == "pass"


def test_ring_of_which_intune_was_told_nothing_is_not_watched_yet() -> None:
    assert read(Tally(done=110), [], RULES, written_at=None, now=NEXT_DAY).verdict == "soaking"


def test_silence_is_no_failure() -> None:
    found = read(Tally(done=30, waiting=80), [Cell(1, 1, Tally(30, 0, 80))], RULES, written_at=NOW, now=NEXT_DAY)

    assert (found.verdict, found.low) == ("pass", 0.0)


def test_model_that_fails_is_named_and_the_others_are_not() -> None:
    cells = [Cell(7, model, Tally(done=9), Tally(done=900, failed=9)) for model in range(1, 12)]
    cells.append(Cell(7, 12, Tally(done=0, failed=5), Tally(done=900, failed=9)))

    (found,) = findings(cells, RULES)

    assert (found.code, found.version, found.model, found.failed, found.reported) == ("model_fails", 7, 12, 5, 5)


def test_version_that_fails_everywhere_is_named_without_a_model() -> None:
    cells = [Cell(7, model, Tally(done=5, failed=5), Tally(done=95, failed=5)) for model in range(1, 5)]

    assert [(each.code, each.model) for each in findings(cells, RULES)] == [("app_fails", None)]


def test_model_is_named_although_only_the_version_is_certain() -> None:
    """Six of six against none of six might be chance once in a thousand; that six of twelve fail is none."""
    (found,) = findings([Cell(7, 1, Tally(done=6)), Cell(7, 2, Tally(failed=6))], RULES)

    assert (found.code, found.model) == ("model_fails", 2)


def test_what_is_normal_for_the_app_halts_nothing() -> None:
    """One in five fails, and always did."""
    cells = [Cell(7, model, Tally(done=80, failed=20), Tally(done=800, failed=200)) for model in range(1, 5)]

    assert findings(cells, RULES) == []


def test_model_that_always_failed_is_no_new_pattern() -> None:
    cells = [Cell(7, 1, Tally(done=100), Tally(done=1000)), Cell(7, 2, Tally(6, 14), Tally(30, 70))]

    assert findings(cells, RULES) == []


def test_two_failures_are_no_pattern() -> None:
    cells = [Cell(7, 1, Tally(done=5000), Tally(done=5000)), Cell(7, 2, Tally(failed=2), Tally(done=5000))]

    assert findings(cells, RULES) == []


def test_accepted_finding_is_told_and_halts_no_more() -> None:
    cells = [Cell(7, 1, Tally(done=100)), Cell(7, 2, Tally(failed=9))]
    (found,) = findings(cells, RULES)

    again = read(Tally(200, 2), cells, RULES, written_at=NOW, now=NEXT_DAY, accepted=[found.key])

    assert (again.verdict, again.findings) == ("pass", (found,))


def test_chance_has_no_part_in_what_a_finding_is() -> None:
    assert Finding("app_fails", 1, None, 3, 4, 0.1, 0.5) == Finding("app_fails", 1, None, 3, 4, 0.1, 0.1)


FLEET = municipality()
MODEL_OF = {each.device_id: each.model for each in FLEET}
RINGS = draw(FLEET, seed=1)
LOOKS = 8
"""How often each ring is looked at while its reports come in."""
USUAL = {model: 0.01 + 0.005 * model for model in range(1, 13)}
"""What fails anyway, from 1.5 % to 7 % by model."""


def rollout(chance: random.Random, rates: Mapping[int, float], rings: int = 4) -> tuple[int, Reading] | None:
    """The ring (1…) and reading at which it halts; None when it never does. 15 % of the computers stay silent."""
    history = {m: Tally(*_split(chance, rate, 300)) for m, rate in USUAL.items()}
    now: dict[int, Counter[str]] = {model: Counter() for model in rates}
    for number, ring in enumerate(RINGS[:rings], 1):
        heard = [device for device in ring.device_ids if chance.random() > 0.15]
        chance.shuffle(heard)
        of_ring = Counter[str]()
        for look in range(LOOKS):
            for device in heard[look::LOOKS]:
                model = MODEL_OF[device]
                said = "failed" if chance.random() < rates[model] else "done"
                now[model][said] += 1
                of_ring[said] += 1
            cells = [Cell(7, m, Tally(now[m]["done"], now[m]["failed"]), history[m]) for m in rates]
            tally = Tally(of_ring["done"], of_ring["failed"], len(ring.device_ids) - of_ring.total())
            found = read(tally, cells, Rules(20, 0.9, timedelta()), written_at=NOW, now=NOW)
            if found.verdict == "halt":
                return number, found
    return None


def _split(chance: random.Random, rate: float, tries: int) -> tuple[int, int]:
    failed = sum(chance.random() < rate for _try in range(tries))
    return tries - failed, failed


def test_good_version_hardly_ever_halts() -> None:
    """At most one of a hundred whole roll-outs, although each is looked at 32 times on twelve models."""
    halted = [seed for seed in range(100) if rollout(random.Random(seed), USUAL)]

    assert len(halted) <= 1, halted


@pytest.mark.parametrize("bad", range(1, 13))
def test_version_that_fails_on_one_of_twelve_models_halts_in_ring_one_or_two(bad: int) -> None:
    for seed in range(10):
        stopped = rollout(random.Random(seed), {**USUAL, bad: 0.9}, rings=2)

        assert stopped is not None
        assert stopped[1].findings[0].model == bad


def test_even_one_that_fails_half_the_time_halts_by_ring_two() -> None:
    stopped = [rollout(random.Random(seed), {**USUAL, 4: 0.5}, rings=2) for seed in range(20)]

    assert all(found and {each.model for each in found[1].findings} == {4} for found in stopped)
