"""Roll-outs that are only played: determinism, conservation, the limits of the lines, and where they stop."""

import random
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from deployments.rollouts.drawing import Candidate, draw
from deployments.rollouts.gate import Rules, Tally
from deployments.rollouts.simulated_life import Rhythm, rhythm_of
from deployments.rollouts.simulation import STATES, Computer, Program, play
from deployments.rollouts.simulation_result import simulate

MODELS, SCHOOLS = range(1, 13), range(1, 11)
GIGABIT = 1_000_000_000 / 8 * 3600
STEADY = Rhythm(every=8.0, leaves=0.0, returns=(0.0,) * 9, away_hours=24.0)


def fleet(count: int = 600, **columns: Any) -> tuple[Computer, ...]:
    made = {"silent": 2.0, "installs": (1,), **columns}
    return tuple(Computer(pk, pk % 12 + 1, pk % 10 + 1, **made) for pk in range(1, count + 1))


def program(computers: tuple[Computer, ...], **columns: Any) -> Program:
    candidates = [Candidate(each.device_id, each.model, each.school) for each in computers]
    rings = {pk: number for number, ring in enumerate(draw(candidates, seed=1), 1) for pk in ring.device_ids}
    said = {
        "rings": rings,
        "sizes": {1: 200_000_000},
        "before": {(1, model): Tally(500, 2) for model in MODELS},
        "usual": {1: 0.004},
        "lines": dict.fromkeys(SCHOOLS, GIGABIT),
        "rhythm": STEADY,
        "rules": Rules(),
        "opens": lambda school, hour: hour,
    }
    return Program(computers, **{**said, **columns})


def test_same_seed_gives_the_same_answer_whatever_the_order_of_the_computers() -> None:
    computers = fleet()
    shuffled = list(computers)
    random.Random(7).shuffle(shuffled)

    first, again = simulate(program(computers), 3, runs=4), simulate(program(tuple(shuffled)), 3, runs=4)

    assert first == again
    assert simulate(program(computers), 4, runs=4) != first


@pytest.mark.parametrize("seed", range(5))
def test_every_computer_is_in_exactly_one_state_each_hour(seed: int) -> None:
    chance = random.Random(seed)
    computers = tuple(
        Computer(
            pk,
            pk % 12 + 1,
            chance.choice([0, *SCHOOLS]),
            chance.choice([None, 1.0, 40.0, 3000.0]),
            installs=chance.choice([(), (1,), (1, 2)]),
            removes=chance.choice([(), (3,)]),
            has=chance.choice([(), (1,)]),
            fits=chance.random() > 0.1,
        )
        for pk in range(1, 401)
    )
    rhythm = Rhythm(every=8.0, leaves=0.02, returns=(0.02,) * 8 + (0.0,), away_hours=50.0)

    played = play(program(computers, rhythm=rhythm, usual={1: 0.1, 2: 0.1}), seed)

    hours = len(played.hours["done"])
    assert hours > 24
    assert {sum(played.hours[state][hour] for state in STATES) for hour in range(hours)} == {400}
    assert min(min(played.hours[state]) for state in STATES) >= 0


def test_line_never_carries_more_than_it_can_and_all_of_it_arrives() -> None:
    narrow = 5_000_000 / 8 * 3600

    played = play(program(fleet(), lines=dict.fromkeys(SCHOOLS, narrow)), 1)

    assert max(played.carried.values()) <= narrow * 1.000001
    assert max(played.carried.values()) > narrow * 0.99
    assert max(played.asked.values()) > narrow
    assert sum(played.carried.values()) == pytest.approx(600 * 200_000_000)


def test_narrow_line_makes_its_own_school_late_and_no_other() -> None:
    lines = {**dict.fromkeys(SCHOOLS, GIGABIT), 4: 2_000_000 / 8 * 3600}

    played = play(program(fleet(), lines=lines), 1)

    waits = {school: wait > 1 for school, wait in played.waits.items()}
    assert waits == {school: school == 4 for school in SCHOOLS}


def test_roll_out_halts_for_the_model_with_a_bad_history_and_names_it() -> None:
    before = {(1, model): Tally(500, 2) for model in MODELS} | {(1, 5): Tally(1, 14)}

    found = simulate(program(fleet(2400), before=before), 1, runs=10)

    causes = [cause for ring in found["rings"] for cause in ring["causes"]]
    assert found["stopped"] == 10
    assert {(cause["code"], cause["model"]) for cause in causes} == {("model_fails", 5)}
    assert found["reached"]["90"]["middle"] is None


def test_nothing_halts_where_every_model_has_a_good_history() -> None:
    found = simulate(program(fleet(2400)), 1, runs=10)

    assert found["stopped"] == 0
    assert [cause for ring in found["rings"] for cause in ring["causes"]] == []
    assert found["reached"]["90"]["in_runs"] == 10


def test_rings_open_one_after_the_other_after_they_were_watched() -> None:
    rings = play(program(fleet()), 1).rings

    assert [ring.ended for ring in rings.values()] == ["passed", "passed", "passed", "last"]
    opened = [ring.opened or 0.0 for ring in rings.values()]
    assert all(later - sooner >= 24 for sooner, later in pairwise(opened))


@pytest.mark.parametrize("rate", [0.004, 0.03])
def test_no_ring_waits_for_ever_when_fifteen_in_a_hundred_are_off(rate: float) -> None:
    """The usual rings and the usual gate on 11,000 computers, of which nobody knew which would stay silent."""
    chance = random.Random(1)
    computers = tuple(replace(each, silent=None if chance.random() < 0.15 else 2.0) for each in fleet(11_000))
    before = {(1, model): Tally(round(1000 * (1 - rate)), round(1000 * rate)) for model in MODELS}

    plays = [play(program(computers, before=before, usual={1: rate}), seed) for seed in range(3)]

    ended = [[ring.ended for ring in each.rings.values()] for each in plays]
    stuck = {"too_few", "soaking"}
    assert not stuck & {each for rings in ended for each in rings}, ended
    assert rate > 0.01 or ended == [["passed", "passed", "passed", "last"]] * 3


def test_ring_is_watched_from_when_the_latest_of_its_computers_was_told() -> None:
    """School 3 is let in ten hours later than the others."""
    played = play(program(fleet(), opens=lambda school, hour: max(hour, 10.0) if school == 3 else hour), 1)

    assert played.rings[1].passed == 34.0


def test_school_in_a_freeze_begins_when_it_is_over() -> None:
    """School 3 may begin after a week."""
    played = play(program(fleet(), opens=lambda school, hour: max(hour, 168.0) if school == 3 else hour), 1)

    first_at_3 = min(hour for school, hour in played.asked if school == 3)
    assert first_at_3 >= 168
    assert min(hour for school, hour in played.asked if school != 3) < 2


def test_silent_computers_wait_and_are_not_taken_for_failures() -> None:
    computers = tuple(
        Computer(each.device_id, each.model, each.school, None if each.device_id % 5 == 0 else 2.0, installs=(1,))
        for each in fleet()
    )

    found = simulate(program(computers), 1, runs=4)

    assert found["at_end"]["waiting"] == 120
    assert found["reached"]["50"]["middle"] is not None
    assert found["reached"]["90"]["middle"] is None


def test_what_is_there_already_is_not_downloaded_again() -> None:
    played = play(program(fleet(has=(1,))), 1)

    assert played.carried == {}
    assert played.hours["done"][-1] == 600


def test_computer_that_is_too_small_counts_as_such() -> None:
    played = play(program(fleet(60, installs=(), fits=False)), 1)

    assert Counter({state: hours[-1] for state, hours in played.hours.items()})["not_applicable"] > 0
    assert played.hours["failed"][-1] == played.hours["done"][-1] == 0


def test_rhythm_is_read_from_the_computers_themselves() -> None:
    chance = random.Random(1)
    here = [chance.uniform(0, 4) for _ in range(1000)]

    rhythm = rhythm_of([*here, *(chance.uniform(24, 96) for _ in range(60)), None])

    assert rhythm.every == pytest.approx(4, abs=0.4)
    assert 0 < rhythm.leaves < 0.02
    assert rhythm.is_away(None)
    assert not rhythm.is_away(3.0)


def test_computer_silent_for_months_is_not_expected_back() -> None:
    rhythm = rhythm_of([*(float(hour % 8) for hour in range(500)), *[2000.0] * 20, *[50.0] * 20])
    chance = random.Random(1)

    assert rhythm.absence(2000.0, chance) == rhythm.absence(None, chance) == float("inf")
    assert rhythm.absence(50.0, chance) < float("inf")
