"""From rules to targets and back, on generated trees from the municipality down to single computers."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployments.desired import application_targets
from deployments.effects import Cell
from deployments.fleetwide import effective_everywhere, outcome_in
from deployments.models import AppVersion
from deployments.organisation import Organisation, Place
from deployments.resolver import Rule
from deployments.software import effective_for_device
from deployments.targets import KEPT, LEVELS, NodeKey, intent_for
from deployments.versions import Versions
from fleet.models import Device
from tests import factories as make
from tests.factories import uuid

OLD, NEW = (
    AppVersion(pk=pk, application_id=1, platform="windows", version=str(pk), app_type="win32LobApp") for pk in (1, 2)
)
VERSIONS = Versions({1: OLD, 2: NEW}, {(1, "windows"): NEW})
SAYS = st.sampled_from(["", "required", "available", "uninstall"])


@st.composite
def organisations(draw: st.DrawFn) -> Organisation:
    """Up to three of everything; schools may lack their group, class groups and computers get one when needed."""
    places: dict[NodeKey, Place] = {}
    children: dict[NodeKey, list[NodeKey]] = {}
    numbers = iter(range(1, 1000))

    def add(level: int, above: tuple[NodeKey, ...]) -> None:
        key = LEVELS[level], next(numbers)
        group_id = uuid(key[1]) if level < 2 or draw(st.booleans()) else None
        places[key] = Place(key, str(key), group_id, (*above, key))
        if above:
            children.setdefault(above[-1], []).append(key)
        for _ in range(draw(st.integers(0, 2)) if level < 4 else 0):
            add(level + 1, (*above, key))

    add(0, ())
    return Organisation(places, {key: tuple(keys) for key, keys in children.items()})


@st.composite
def decided(draw: st.DrawFn) -> tuple[Organisation, dict[NodeKey, Rule]]:
    """An organisation, and what its containers say of one application."""
    organisation = draw(organisations())
    return organisation, draw(rules_of(organisation))


@st.composite
def rules_of(draw: st.DrawFn, organisation: Organisation) -> dict[NodeKey, Rule]:
    keys = draw(st.lists(st.sampled_from(list(organisation.places)), unique=True, max_size=8))
    rules = {}
    for number, key in enumerate(keys, start=1):
        intent = draw(SAYS)
        version = draw(st.sampled_from([None, OLD.pk])) if intent else None
        rules[key] = Rule(LEVELS.index(key[0]), number, number, 1, "add" if intent else "remove", intent, version)
    return rules


def cell_of(place: Place) -> Cell:
    """The own computers of a place."""
    keys = dict(place.path)
    return Cell("windows", {kind: keys.get(kind) for kind in LEVELS}, (1,))


def told_of(place: Place, rules: dict[NodeKey, Rule]) -> NodeKey:
    """The place that a report names: class groups and computers without a rule of their own follow what holds them."""
    return next(key for key in reversed(place.path) if key[0] not in KEPT or key in rules)


@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(decided())
def test_targets_give_every_computer_exactly_its_effective_software(
    case: tuple[Organisation, dict[NodeKey, Rule]],
) -> None:
    organisation, rules = case

    targets, missed = application_targets(1, rules, organisation, VERSIONS)

    unheard = {(each.kind, each.key) for each in missed if each.reason == "no_group"}
    heard = {key: rule for key, rule in rules.items() if key not in unheard}
    without = {(each.kind, each.key) for each in missed}
    for place in organisation.places.values():
        outcome = outcome_in(cell_of(place), heard)
        groups = {kind: key for kind, key in place.path if organisation.places[kind, key].has_group}
        got = {pk: intent_for(found, groups) for pk, found in targets.items()}
        given_here = {pk: intent for pk, intent in got.items() if intent}
        meant = {}
        if outcome and outcome.intent:
            meant = {(outcome.version_id or NEW.pk): outcome.intent}
        assert given_here == meant or (told_of(place, heard) in without and not given_here)


@settings(max_examples=500, deadline=None)
@given(decided())
def test_no_group_stands_twice_in_the_list_of_a_version(case: tuple[Organisation, dict[NodeKey, Rule]]) -> None:
    organisation, rules = case

    for found in application_targets(1, rules, organisation, VERSIONS)[0].values():
        assert len({target.node for target in found}) == len(found)


@settings(max_examples=1000, deadline=None)
@given(decided(), SAYS)
def test_nearest_container_decides(case: tuple[Organisation, dict[NodeKey, Rule]], intent: str) -> None:
    """A rule put into a container holds for its own computers, whatever the others say."""
    organisation, rules = case

    for place in organisation.places.values():
        rule = Rule(LEVELS.index(place.key[0]), 99, 99, 1, "add" if intent else "remove", intent, None)
        outcome = outcome_in(cell_of(place), {**rules, place.key: rule})
        assert outcome is not None
        assert (outcome.rule, outcome.intent) == (rule, intent or None)


@pytest.mark.django_db
def test_one_pass_over_all_computers_agrees_with_each_computers_page(django_assert_max_num_queries) -> None:
    revision, school = make.revision("active"), make.school()
    group = make.class_group(school)
    devices = [make.device(school), make.device(school, class_group=group), make.device(), make.device(make.school())]
    for owner in (make.municipality(), school, group, devices[1]):
        make.entry(revision, owner, make.app_version().application)
        make.entry(revision, owner, make.app_version().application, "available")

    with django_assert_max_num_queries(3):
        alike = effective_everywhere(revision)

    by_device = {pk: each.outcomes for each in alike for pk in each.cell.device_ids}
    assert len(by_device) == len(devices)
    for device in Device.objects.select_related("school__school_form"):
        expected = {app.application.pk: app.intent for app in effective_for_device(device, revision)}
        assert {pk: outcome.intent for pk, outcome in by_device[device.pk].items()} == expected
