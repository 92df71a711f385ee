from collections.abc import Iterator
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from deployments.targets import (
    EXACT,
    INTENT_PRECEDENCE,
    Node,
    NodeKey,
    Target,
    Unreachable,
    fewest_targets,
    intent_for,
)

KINDS = ("municipality", "school_form", "school", "class_group", "device")
EVERY_GROUP_EXISTS = st.just(True)
ONE_INTENT = st.sampled_from([None, "required"])
ANY_INTENT = st.sampled_from([None, *INTENT_PRECEDENCE])


@st.composite
def trees(
    draw: st.DrawFn,
    groups: st.SearchStrategy[bool] = EVERY_GROUP_EXISTS,
    wanted: st.SearchStrategy[str | None] = ONE_INTENT,
    most: int = 3,
    deepest: int = 3,
) -> Node:
    """A municipality with forms, schools and class groups; each node's own computers with what they shall have."""
    numbers = iter(range(1, 100))

    def node(level: int) -> Node:
        below = draw(st.integers(0, most)) if level < deepest else 0
        children = tuple(node(level + 1) for _ in range(below))
        return Node((KINDS[level], next(numbers)), draw(groups), draw(wanted), children)

    return node(0)


def paths(node: Node, above: tuple[Node, ...] = ()) -> Iterator[tuple[Node, dict[str, int | None]]]:
    """Each node with the groups that its own computers are in."""
    path = (*above, node)
    yield node, {step.key[0]: step.key[1] for step in path if step.has_group}
    for child in node.children:
        yield from paths(child, path)


def lost(missed: tuple[Unreachable, ...]) -> set[NodeKey]:
    return {(each.kind, each.key) for each in missed}


def follow_wider(node: Node, wanted: str | None = None) -> Node:
    """As the loader of rules prepares a tree: what has no group and is no wider than a school says nothing itself."""
    own = node.wanted if node.has_group or node.key[0] != "school" or wanted is None else wanted
    children = [child for child in node.children if child.has_group or child.key[0] != "class_group"]
    return Node(node.key, node.has_group, own, tuple(follow_wider(child, own) for child in children))


@given(trees())
def test_schools_get_exactly_what_was_decided(tree: Node) -> None:
    targets, missed = fewest_targets(tree)

    for node, groups in paths(tree):
        assert intent_for(targets, groups) == (None if node.key in lost(missed) else node.wanted)
        if node.key in lost(missed):
            assert node.wanted
            assert node.key[0] not in EXACT


@given(trees(groups=st.booleans()).map(follow_wider))
def test_nobody_gets_an_app_undecided_when_groups_are_missing(tree: Node) -> None:
    targets, missed = fewest_targets(tree)

    for node, groups in paths(tree):
        assert intent_for(targets, groups) == (None if node.key in lost(missed) else node.wanted)


@given(trees(most=2, deepest=2))
def test_no_choice_of_groups_is_smaller(tree: Node) -> None:
    targets, missed = fewest_targets(tree)

    found = list(paths(tree))
    meant = [node.wanted is not None and node.key not in lost(missed) for node, _ in found]
    for choice in product((None, False, True), repeat=len(found)):
        other = [
            Target(*node.key, "required", exclude)
            for (node, _), exclude in zip(found, choice, strict=True)
            if exclude is not None
        ]
        if [intent_for(other, groups) == "required" for _, groups in found] == meant:
            assert len(other) >= len(targets)


@given(trees())
def test_same_tree_gives_the_same_sorted_targets(tree: Node) -> None:
    targets, _ = fewest_targets(tree)

    assert targets == tuple(sorted(targets)) == fewest_targets(tree)[0]


@given(trees())
def test_no_target_can_be_left_out(tree: Node) -> None:
    targets, _ = fewest_targets(tree)

    everywhere = [intent_for(targets, groups) for _, groups in paths(tree)]
    for target in targets:
        fewer = [each for each in targets if each != target]
        assert [intent_for(fewer, groups) for _, groups in paths(tree)] != everywhere


@given(trees(wanted=ANY_INTENT))
def test_several_intents_together_give_each_school_its_own(tree: Node) -> None:
    """However the intents are mixed, no group is named twice, and nobody gets what was not decided."""
    targets, missed = fewest_targets(tree)

    assert len({target.node for target in targets}) == len(targets)
    for node, groups in paths(tree):
        assert intent_for(targets, groups) == (None if node.key in lost(missed) else node.wanted)
    assert all(each.reason == "two_intents" for each in missed if each.kind in EXACT)


@given(trees(wanted=ANY_INTENT, most=2, deepest=4))
def test_single_computers_too_get_what_was_decided_or_are_told_of(tree: Node) -> None:
    """A school is never told of: only what is within it may have to go without."""
    targets, missed = fewest_targets(tree)

    assert "school" not in {each.kind for each in missed}
    for node, groups in paths(tree):
        assert intent_for(targets, groups) == (None if node.key in lost(missed) else node.wanted)


@given(trees(groups=st.booleans(), wanted=ANY_INTENT).map(follow_wider))
def test_several_intents_and_missing_groups_give_nobody_anything_undecided(tree: Node) -> None:
    targets, missed = fewest_targets(tree)

    assert len({target.node for target in targets}) == len(targets)
    for node, groups in paths(tree):
        assert intent_for(targets, groups) == (None if node.key in lost(missed) else node.wanted)


def school(key: int, wanted: str | None, *children: Node, has_group: bool = True) -> Node:
    return Node(("school", key), has_group, wanted, children)


def form(key: int, wanted: str | None, *schools: Node, has_group: bool = True) -> Node:
    return Node(("school_form", key), has_group, wanted, schools)


def municipality(wanted: str | None, *forms: Node, has_group: bool = True) -> Node:
    return Node(("municipality", 1), has_group, wanted, forms)


def test_one_target_when_everybody_gets_it() -> None:
    tree = municipality(
        "required", form(1, "required", school(1, "required")), form(2, "required", school(2, "required"))
    )

    assert fewest_targets(tree) == ((Target("municipality", 1, "required", False),), ())


def test_removal_at_a_school_is_an_exclusion_with_the_same_intent() -> None:
    tree = municipality("available", form(1, "available", school(1, "available"), school(2, None)))

    assert fewest_targets(tree)[0] == (
        Target("municipality", 1, "available", False),
        Target("school", 2, "available", True),
    )


def test_school_added_again_below_an_excluded_form_is_named_itself() -> None:
    """Excluding the form would beat including the school, so the wide group cannot be used at all."""
    tree = municipality(
        "required", form(1, "required", school(1, "required")), form(2, None, school(2, "required"), school(3, None))
    )

    targets, missed = fewest_targets(tree)

    assert targets == (Target("school", 2, "required", False), Target("school_form", 1, "required", False))
    assert missed == (Unreachable("municipality", 1, "required", "unknown_school"),)


def test_group_that_does_not_exist_is_reached_through_the_groups_below() -> None:
    tree = municipality("required", form(1, "required", school(1, "required")), form(2, "required"), has_group=False)

    targets, missed = fewest_targets(tree)

    assert [target.node for target in targets] == [("school_form", 1), ("school_form", 2)]
    assert missed == (Unreachable("municipality", 1, "required", "no_group"),)


def test_group_out_for_one_intent_and_in_for_another_gives_way_to_the_groups_beside_it() -> None:
    """Where one school of a required form may choose, it would need both an exclusion and an entry."""
    tree = municipality(None, form(1, "required", school(1, "required"), school(2, "available")))

    targets, missed = fewest_targets(tree)

    assert targets == (Target("school", 1, "required", False), Target("school", 2, "available", False))
    assert missed == (Unreachable("school_form", 1, "required", "unknown_school"),)


def test_class_group_that_may_choose_in_a_school_that_must_is_told_of() -> None:
    tree = school(1, "required", Node(("class_group", 2), True, "available"))

    targets, missed = fewest_targets(tree)

    assert targets == (Target("class_group", 2, "required", True), Target("school", 1, "required", False))
    assert missed == (Unreachable("class_group", 2, "available", "two_intents"),)


def test_stronger_intent_needs_no_exclusion_of_the_weaker() -> None:
    tree = municipality(None, form(1, "available", school(1, "available"), school(2, "required")))

    assert fewest_targets(tree)[0] == (
        Target("school", 2, "required", False),
        Target("school_form", 1, "available", False),
    )


def test_required_beats_uninstall_beats_available() -> None:
    groups = {"municipality": 1}
    targets = [Target("municipality", 1, intent, False) for intent in ("available", "uninstall", "required")]

    assert intent_for(targets, groups) == "required"
    assert intent_for(targets[:2], groups) == "uninstall"
