import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.rollouts.drawing import DEFAULT_SHARES, Candidate, DrawnRing, draw

MODELS, SCHOOLS = st.integers(1, 5), st.integers(0, 6)
FLEETS = st.lists(st.tuples(MODELS, SCHOOLS, st.booleans()), max_size=120).map(
    lambda rows: [Candidate(n, *row) for n, row in enumerate(rows, 1)]
)
SHARES = st.lists(st.integers(1, 99), max_size=4, unique=True).map(lambda each: (*sorted(each), 100))
SEEDS, LEAST = st.integers(0, 2**31 - 1), st.integers(0, 6)


def models_by_ring(fleet: list[Candidate], rings: list[DrawnRing]) -> list[Counter[int]]:
    model_of = {each.device_id: each.model for each in fleet}
    return [Counter(model_of[device] for device in ring.device_ids) for ring in rings]


@given(FLEETS, SEEDS, SHARES, LEAST, st.one_of(st.none(), SCHOOLS))
def test_every_computer_is_in_exactly_one_ring(fleet, seed, shares, least, pilot) -> None:
    rings = draw(fleet, seed=seed, shares=shares, least_per_model=least, pilot_school=pilot)

    assert sorted(device for ring in rings for device in ring.device_ids) == [each.device_id for each in fleet]
    assert rings[-1].share == 100
    assert all(ring.device_ids for ring in rings) or len(rings) == 1


@given(FLEETS, SEEDS, SHARES, LEAST, st.randoms(use_true_random=False))
def test_order_of_the_input_does_not_matter(fleet, seed, shares, least, shuffler) -> None:
    shuffled = shuffler.sample(fleet, len(fleet))

    assert draw(fleet, seed=seed, shares=shares, least_per_model=least) == draw(
        shuffled, seed=seed, shares=shares, least_per_model=least
    )


@given(FLEETS, SEEDS, SHARES, LEAST)
def test_each_ring_has_the_least_of_every_model_while_there_are_any(fleet, seed, shares, least) -> None:
    rings = draw(fleet, seed=seed, shares=shares, least_per_model=least)

    left = Counter(each.model for each in fleet)
    for drawn in models_by_ring(fleet, rings):
        assert all(drawn[model] >= min(least, left[model]) for model in left)
        left -= drawn


@given(FLEETS, SEEDS, SHARES, LEAST)
def test_shares_are_exceeded_only_by_the_least_of_the_models(fleet, seed, shares, least) -> None:
    rings = draw(fleet, seed=seed, shares=shares, least_per_model=least)

    left, drawn = Counter(each.model for each in fleet), 0
    for ring, models in zip(rings[:-1], models_by_ring(fleet, rings), strict=False):
        floor = drawn + sum(min(least, left[model]) for model in left)
        drawn += len(ring.device_ids)
        assert drawn == max(-(-len(fleet) * ring.share // 100), floor)
        left -= models


@given(FLEETS, SEEDS, SHARES, LEAST)
def test_silent_computers_come_after_all_others_of_their_model(fleet, seed, shares, least) -> None:
    rings = draw(fleet, seed=seed, shares=shares, least_per_model=least)

    ring_of = {device: number for number, ring in enumerate(rings) for device in ring.device_ids}
    for model in {each.model for each in fleet}:
        of_model = [each for each in fleet if each.model == model]
        seen = [ring_of[each.device_id] for each in of_model if not each.is_silent]
        silent = [ring_of[each.device_id] for each in of_model if each.is_silent]
        assert not seen or not silent or max(seen) <= min(silent)


@given(st.lists(SCHOOLS, min_size=1, max_size=120), SEEDS, SHARES)
def test_schools_are_drawn_from_in_step(schools, seed, shares) -> None:
    fleet = [Candidate(n, 1, school) for n, school in enumerate(schools)]
    size, drawn = Counter(schools), Counter[int]()

    for ring in draw(fleet, seed=seed, shares=shares):
        drawn += Counter(fleet[device].school for device in ring.device_ids)
        parts = [(drawn[school] / size[school], (drawn[school] - 1) / size[school]) for school in size]
        behind = min(part for part, _before in parts)
        assert all(before <= behind for _part, before in parts)


@given(FLEETS, SEEDS, SHARES, SCHOOLS)
def test_pilot_school_is_first_and_alone(fleet, seed, shares, pilot) -> None:
    mine = [each.device_id for each in fleet if each.school == pilot]

    rings = draw(fleet, seed=seed, shares=shares, pilot_school=pilot)

    assert not mine or list(rings[0].device_ids) == mine


@given(FLEETS, SEEDS)
def test_all_at_once_is_one_ring(fleet, seed) -> None:
    assert len(draw(fleet, seed=seed, shares=(100,))) == 1


def test_another_seed_draws_others() -> None:
    fleet = [Candidate(n, n % 3, n % 10) for n in range(500)]

    assert draw(fleet, seed=1)[0] != draw(fleet, seed=2)[0]


@pytest.mark.parametrize("shares", [(), (10,), (50, 10, 100), (10, 10, 100), (0, 100)])
def test_shares_rise_to_a_hundred(shares) -> None:
    with pytest.raises(ValueError, match="rise to 100"):
        draw([], seed=1, shares=shares)


def municipality(size: int = 11_000) -> list[Candidate]:
    """Twelve models, from common to rare, in sixty schools; one computer in seven silent."""
    chance = random.Random(2027)
    models = chance.choices(range(1, 13), weights=range(13, 1, -1), k=size)
    return [Candidate(n, model, chance.randrange(1, 61), n % 7 == 0) for n, model in enumerate(models)]


def test_default_rings_of_a_municipality() -> None:
    fleet = municipality()

    rings = draw(fleet, seed=1)

    assert [ring.share for ring in rings] == list(DEFAULT_SHARES)
    assert [len(ring.device_ids) for ring in rings] == [110, 990, 4400, 5500]
    assert all(min(models.values()) >= 5 and len(models) == 12 for models in models_by_ring(fleet, rings))
    assert len({fleet[device].school for device in rings[0].device_ids}) == 60
