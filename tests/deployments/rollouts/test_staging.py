"""While rings open one after another, each computer has either what it had or what was decided, and never a third."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployments.desired import application_targets
from deployments.effects import Cell
from deployments.organisation import Organisation, Place
from deployments.rollouts.staging import StagedEntry, Staging, staging
from deployments.targets import LEVELS, Target, intent_for
from tests.deployments.test_whole_trees import OLD, VERSIONS, organisations, rules_of
from tests.factories import uuid


def cells_of(organisation: Organisation) -> list[Cell]:
    """Three computers of its own in each place, and the groups that hold them."""
    return [
        Cell("windows", _groups(place, organisation), tuple(range(number * 3, number * 3 + 3)))
        for number, place in enumerate(organisation.places.values())
    ]


def _groups(place: Place, organisation: Organisation) -> dict[str, int | None]:
    held = {kind: key for kind, key in place.path if organisation.places[kind, key].has_group}
    return {kind: held.get(kind) for kind in LEVELS}


def at_stage(made: Staging, cell: Cell, device: int, opened: int) -> str | None:
    """What Intune gives one computer when so many rings are open."""
    entries = [each for each in made.entries if each.ring <= opened]
    targets = [Target("ring", number, each.intent, each.exclude) for number, each in enumerate(entries)]
    mine = {number for number, each in enumerate(entries) if device in each.device_ids}
    return intent_for((*made.base, *targets), {**cell.groups, "ring": mine})


@st.composite
def changes(draw: st.DrawFn) -> tuple[Organisation, tuple[Target, ...], tuple[Target, ...], dict[int, int]]:
    """Two states of one app version in the same organisation, and computers drawn into three rings and the last."""
    organisation = draw(organisations())
    before, after = (
        application_targets(1, draw(rules_of(organisation)), organisation, VERSIONS)[0].get(OLD.pk, ())
        for _ in range(2)
    )
    devices = [pk for cell in cells_of(organisation) for pk in cell.device_ids]
    numbers = draw(st.lists(st.integers(1, 4), min_size=len(devices), max_size=len(devices)))
    return organisation, before, after, {pk: ring for pk, ring in zip(devices, numbers, strict=True) if ring < 4}


@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes())
def test_opened_rings_have_what_was_decided_and_all_others_what_they_had(
    case: tuple[Organisation, tuple[Target, ...], tuple[Target, ...], dict[int, int]],
) -> None:
    organisation, before, after, rings = case
    cells = cells_of(organisation)

    made = staging(before, after, cells, rings, organisation)

    for opened in range(4):
        for cell in cells:
            had, gets = intent_for(before, cell.groups), intent_for(after, cell.groups)
            for device in cell.device_ids:
                got = at_stage(made, cell, device, opened)
                is_open = device in rings and rings[device] <= opened
                assert got == (gets if is_open else had)


def tree(*keys: tuple[str, int]) -> Organisation:
    """Places one below the other, all with groups."""
    places = {key: Place(key, str(key), uuid(key[1]), keys[: depth + 1]) for depth, key in enumerate(keys)}
    return Organisation(places, {keys[depth]: (keys[depth + 1],) for depth in range(len(keys) - 1)})


ALL, FORM, SCHOOL, CLASS = ("municipality", 1), ("school_form", 2), ("school", 3), ("class_group", 4)
PUPILS = Cell("windows", {"municipality": 1, "school_form": 2, "school": 3, "class_group": None}, (1, 2, 3, 4))
IN_CLASS = Cell("windows", {"municipality": 1, "school_form": 2, "school": 3, "class_group": 4}, (7, 8))
REQUIRED = Target(*SCHOOL, "required", exclude=False)
AVAILABLE = Target(*SCHOOL, "available", exclude=False)


def test_a_new_app_is_included_ring_by_ring() -> None:
    made = staging((), (REQUIRED,), [PUPILS], {1: 1, 2: 2, 3: 2}, tree(ALL, FORM, SCHOOL))

    assert made.base == ()
    assert made.entries == (StagedEntry(1, "required", False, (1,)), StagedEntry(2, "required", False, (2, 3)))


def test_the_old_version_stays_assigned_to_all_but_the_rings() -> None:
    made = staging((REQUIRED,), (), [PUPILS], {1: 1}, tree(ALL, FORM, SCHOOL))

    assert made == Staging((REQUIRED,), (StagedEntry(1, "required", True, (1,)),))


def test_a_weaker_intent_takes_the_stronger_one_away_first() -> None:
    made = staging((REQUIRED,), (AVAILABLE,), [PUPILS], {1: 1}, tree(ALL, FORM, SCHOOL))

    assert made.entries == (StagedEntry(1, "available", False, (1,)), StagedEntry(1, "required", True, (1,)))


def test_a_stronger_intent_needs_one_entry() -> None:
    made = staging((AVAILABLE,), (REQUIRED,), [PUPILS], {1: 1}, tree(ALL, FORM, SCHOOL))

    assert made.entries == (StagedEntry(1, "required", False, (1,)),)


def test_an_exclusion_that_would_beat_the_ring_is_left_out_and_what_is_beside_it_named() -> None:
    before = (Target(*CLASS, "required", exclude=True), REQUIRED)

    made = staging(before, (REQUIRED,), [PUPILS, IN_CLASS], {7: 1}, tree(ALL, FORM, SCHOOL, CLASS))

    assert made.base == ()
    assert made.entries == (StagedEntry(0, "required", False, (1, 2, 3, 4)), StagedEntry(1, "required", False, (7,)))


def test_what_takes_its_place_excludes_from_no_other_intent_either() -> None:
    before = (
        Target(*CLASS, "required", exclude=True),
        Target(*ALL, "available", exclude=False),
        Target(*SCHOOL, "available", exclude=True),
        Target(*FORM, "required", exclude=False),
    )
    after = (Target(*ALL, "available", exclude=False),)

    made = staging(before, after, [PUPILS, IN_CLASS], {7: 1}, tree(ALL, FORM, SCHOOL, CLASS))

    assert not any(target.exclude for target in made.base)
    assert [at_stage(made, PUPILS, 1, opened) for opened in (0, 1)] == ["required", "required"]
    assert [at_stage(made, IN_CLASS, 7, opened) for opened in (0, 1)] == [None, "available"]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes(), st.data())
def test_what_others_assign_counts_for_what_a_computer_has_and_gets(
    case: tuple[Organisation, tuple[Target, ...], tuple[Target, ...], dict[int, int]], data: st.DataObject
) -> None:
    """With inclusions of others beside ours; what was excluded by us before must stay so until its ring."""
    organisation, before, after, rings = case
    taken = {target.node for target in (*before, *after)}
    free = [key for key, place in organisation.places.items() if place.has_group and key not in taken]
    chosen = data.draw(st.lists(st.sampled_from(free), unique=True, max_size=2) if free else st.just([]))
    foreign = tuple(Target(*key, "available", exclude=False) for key in chosen)

    made = staging(before, after, cells_of(organisation), rings, organisation, foreign=foreign)

    shown = Staging((*made.base, *foreign), made.entries)
    for opened in range(4):
        for cell in cells_of(organisation):
            had, gets = intent_for((*before, *foreign), cell.groups), intent_for((*after, *foreign), cell.groups)
            for device in cell.device_ids:
                is_open = device in rings and rings[device] <= opened
                assert at_stage(made=shown, cell=cell, device=device, opened=opened) in (
                    {gets, had} if is_open else {had}
                )
