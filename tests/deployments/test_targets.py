from collections.abc import Iterator
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from deployments.targets import EXACT, Node, NodeKey, Target, Unreachable, fewest_targets, intent_for

KINDS = ("municipality", "school_form", "school", "class_group")
EVERY_GROUP_EXISTS = st.just(True)


@st.composite
def trees(
    draw: st.DrawFn, groups: st.SearchStrategy[bool] = EVERY_GROUP_EXISTS, most: int = 3, deepest: int = 3
) -> Node:
    """A municipality with forms, schools and class groups; each node's own computers wanted or not."""
    numbers = iter(range(1, 100))

    def node(level: int) -> Node:
        below = draw(st.integers(0, most)) if level < deepest else 0
        children = tuple(node(level + 1) for _ in range(below))
        return Node((KINDS[level], next(numbers)), draw(groups), draw(st.booleans()), children)

    return node(0)


def paths(node: Node, above: tuple[Node, ...] = ()) -> Iterator[tuple[Node, dict[str, int | None]]]:
    """Each node with the groups that its own computers are in."""
    path = (*above, node)
    yield node, {step.key[0]: step.key[1] for step in path if step.has_group}
    for child in node.children:
        yield from paths(child, path)


def lost(missed: tuple[Unreachable, ...]) -> set[NodeKey]:
    return {(each.kind, each.key) for each in missed}


def follow_wider(node: Node, wanted: bool | None = None) -> Node:
    """As the loader of rules prepares a tree: what has no group and is no wider than a school says nothing itself."""
    own = node.wanted if node.has_group or node.key[0] != "school" or wanted is None else wanted
    children = [child for child in node.children if child.has_group or child.key[0] != "class_group"]
    return Node(node.key, node.has_group, own, tuple(follow_wider(child, own) for child in children))


@given(trees())
def test_schools_get_exactly_what_was_decided(tree: Node) -> None:
    targets, missed = fewest_targets(tree, "required")

    for node, groups in paths(tree):
        got = intent_for(targets, groups) == "required"
        assert got == (node.wanted and node.key not in lost(missed))
        if node.key in lost(missed):
            assert node.wanted
            assert node.key[0] not in EXACT


@given(trees(groups=st.booleans()).map(follow_wider))
def test_nobody_gets_an_app_undecided_when_groups_are_missing(tree: Node) -> None:
    targets, missed = fewest_targets(tree, "required")

    for node, groups in paths(tree):
        got = intent_for(targets, groups) == "required"
        assert got == (node.wanted and node.key not in lost(missed))


@given(trees(most=2, deepest=2))
def test_no_choice_of_groups_is_smaller(tree: Node) -> None:
    targets, missed = fewest_targets(tree, "required")

    found = list(paths(tree))
    meant = [node.wanted and node.key not in lost(missed) for node, _ in found]
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
    targets, _ = fewest_targets(tree, "required")

    assert targets == tuple(sorted(targets)) == fewest_targets(tree, "required")[0]


@given(trees())
def test_no_target_can_be_left_out(tree: Node) -> None:
    targets, _ = fewest_targets(tree, "required")

    everywhere = [intent_for(targets, groups) for _, groups in paths(tree)]
    for target in targets:
        fewer = [each for each in targets if each != target]
        assert [intent_for(fewer, groups) for _, groups in paths(tree)] != everywhere


def school(key: int, wanted: bool, *children: Node, has_group: bool = True) -> Node:
    return Node(("school", key), has_group, wanted, children)


def form(key: int, wanted: bool, *schools: Node, has_group: bool = True) -> Node:
    return Node(("school_form", key), has_group, wanted, schools)


def municipality(wanted: bool, *forms: Node, has_group: bool = True) -> Node:
    return Node(("municipality", 1), has_group, wanted, forms)


def test_one_target_when_everybody_gets_it() -> None:
    tree = municipality(True, form(1, True, school(1, True)), form(2, True, school(2, True)))

    assert fewest_targets(tree, "required") == ((Target("municipality", 1, "required", False),), ())


def test_removal_at_a_school_is_an_exclusion_with_the_same_intent() -> None:
    tree = municipality(True, form(1, True, school(1, True), school(2, False)))

    assert fewest_targets(tree, "available")[0] == (
        Target("municipality", 1, "available", False),
        Target("school", 2, "available", True),
    )


def test_school_added_again_below_an_excluded_form_is_named_itself() -> None:
    """Excluding the form would beat including the school, so the wide group cannot be used at all."""
    tree = municipality(True, form(1, True, school(1, True)), form(2, False, school(2, True), school(3, False)))

    targets, missed = fewest_targets(tree, "required")

    assert targets == (Target("school", 2, "required", False), Target("school_form", 1, "required", False))
    assert missed == (Unreachable("municipality", 1, "required", "unknown_school"),)


def test_group_that_does_not_exist_is_reached_through_the_groups_below() -> None:
    tree = municipality(True, form(1, True, school(1, True)), form(2, True), has_group=False)

    targets, missed = fewest_targets(tree, "required")

    assert [target.node for target in targets] == [("school_form", 1), ("school_form", 2)]
    assert missed == (Unreachable("municipality", 1, "required", "no_group"),)


def test_required_beats_uninstall_beats_available() -> None:
    groups = {"municipality": 1}
    targets = [Target("municipality", 1, intent, False) for intent in ("available", "uninstall", "required")]

    assert intent_for(targets, groups) == "required"
    assert intent_for(targets[:2], groups) == "uninstall"
