"""The fewest group targets that give each school's computers exactly what was decided. Pure.

Intune gives a computer an intent if some group assigned with that intent holds it and no group excluded for the same
intent does. Exclusion beats inclusion, so nothing can be added again below an excluded group: the groups beside it
have to be named instead. The groups form a tree (all computers, school form, school, class group) in which each node
also has computers of its own: those in none of the groups below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

NodeKey = tuple[str, int]
"""("school", 7): a kind of owner and its primary key."""
LEVELS = ("municipality", "school_form", "school", "class_group", "device")
EXACT = ("school", "class_group", "device")
"""Kinds whose own computers must get exactly what was decided. The computers that the wider groups have of their own
are those whose school nobody knows; when no choice of groups suits them too, they go without and that is reported."""
INTENT_PRECEDENCE = ("required", "uninstall", "available")
"""Which intent Intune follows when a computer has several.
https://learn.microsoft.com/intune/intune-service/apps/apps-deploy#how-conflicts-between-app-intents-are-resolved"""


@dataclass(frozen=True, order=True)
class Target:
    """A group to assign, or to exclude from, an app version. `key` is the primary key of the group's owner."""

    kind: str
    key: int
    intent: str
    exclude: bool

    @property
    def node(self) -> NodeKey:
        return self.kind, self.key


@dataclass(frozen=True, order=True)
class Unreachable:
    """Computers that a decision means but no Entra group reaches: those `kind` and `key` have of their own.

    `reason`: "no_group" (the container has none), "unknown_school" (their school is not known, and the group that
    holds them also holds computers that must not get the app) or "app_type" (Intune does not carry the intent).
    """

    kind: str
    key: int
    intent: str | None
    reason: str


@dataclass(frozen=True)
class Node:
    """A group, or the place where one would be. `wanted`: its own computers shall have the intent."""

    key: NodeKey
    has_group: bool
    wanted: bool
    children: tuple[Node, ...] = ()

    @cached_property
    def nothing_wanted(self) -> bool:
        return not self.wanted and all(child.nothing_wanted for child in self.children)

    @property
    def may_go_without(self) -> bool:
        return not self.has_group or self.key[0] not in EXACT


@dataclass(frozen=True)
class Cover:
    """Groups to include and exclude below a node; `lost` are nodes whose own computers go without."""

    included: tuple[NodeKey, ...] = ()
    excluded: tuple[NodeKey, ...] = ()
    lost: tuple[NodeKey, ...] = ()
    cost: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cost", (len(self.lost), len(self.included) + len(self.excluded)))

    def __add__(self, other: Cover) -> Cover:
        return Cover(self.included + other.included, self.excluded + other.excluded, self.lost + other.lost)


def fewest_targets(root: Node, intent: str) -> tuple[tuple[Target, ...], tuple[Unreachable, ...]]:
    """Targets of one intent of one app version, sorted, and whom they cannot reach."""
    cover = _cover(root, covered=False)
    if cover is None:
        raise AssertionError("naming each school's own group is always possible")
    targets = [Target(*key, intent, exclude=False) for key in cover.included]
    targets += [Target(*key, intent, exclude=True) for key in cover.excluded]
    groupless = _without_group(root)
    lost = [Unreachable(*key, intent, "no_group" if key in groupless else "unknown_school") for key in cover.lost]
    return tuple(sorted(targets)), tuple(sorted(lost))


def _cover(node: Node, *, covered: bool) -> Cover | None:
    """The cheapest way to do right below `node`, or None. `covered`: a wider group is already included.

    Of equally cheap ways the widest group is taken: a school that opens next year is then in it from its first day.
    """
    ways = [_excluding(node, covered), _including(node, covered), _leaving(node, covered)]
    return min((way for way in ways if way is not None), key=lambda way: way.cost, default=None)


def _excluding(node: Node, covered: bool) -> Cover | None:
    return Cover(excluded=(node.key,)) if covered and node.has_group and node.nothing_wanted else None


def _including(node: Node, covered: bool) -> Cover | None:
    if covered or not node.has_group or not node.wanted:
        return None
    return _children(node, Cover(included=(node.key,)), covered=True)


def _leaving(node: Node, covered: bool) -> Cover | None:
    if node.wanted == covered:
        return _children(node, Cover(), covered=covered)
    if covered or not node.may_go_without:
        return None
    return _children(node, Cover(lost=(node.key,)), covered=False)


def _children(node: Node, start: Cover, *, covered: bool) -> Cover | None:
    for child in node.children:
        cover = _cover(child, covered=covered)
        if cover is None:
            return None
        start = start + cover
    return start


def _without_group(node: Node) -> set[NodeKey]:
    below = {key for child in node.children for key in _without_group(child)}
    return below if node.has_group else below | {node.key}


def intent_for(targets: Iterable[Target], groups: Mapping[str, int | None]) -> str | None:
    """What Intune gives a computer that is in these groups, one key (or None) per kind; None: nothing."""
    included: set[str] = set()
    excluded: set[str] = set()
    for target in targets:
        if groups.get(target.kind) == target.key:
            (excluded if target.exclude else included).add(target.intent)
    return next((intent for intent in INTENT_PRECEDENCE if intent in included - excluded), None)
