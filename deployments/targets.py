"""The fewest group targets that give each school's computers exactly what was decided. Pure.

Intune gives a computer an intent if some group assigned with that intent holds it and no group excluded for the same
intent does; of several intents one wins. Exclusion beats inclusion, so nothing can be added again below an excluded
group: the groups beside it have to be named instead. And a group stands in an app's list once, with one intent, so all
intents of an app version are worked out together. The groups form a tree (all computers, school form, school, class
group, computer) in which each node also has computers of its own: those in none of the groups below it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

NodeKey = tuple[str, int]
"""("school", 7): a kind of owner and its primary key."""
LEVELS = ("municipality", "school_form", "school", "class_group", "device")
EXACT = ("school", "class_group", "device")
"""Kinds whose own computers must get exactly what was decided. The computers that the wider groups have of their own
are those whose school nobody knows; when no choice of groups suits them too, they go without and that is reported."""
KEPT = ("class_group", "device")
"""Kinds whose groups the portal itself keeps: where there is none yet, it will be created."""
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
    holds them also holds computers that must not get the app), "two_intents" (a wider group gives a stronger intent
    or is left out, and one entry for their own group cannot change that) or "app_type" (Intune does not carry the
    intent).
    """

    kind: str
    key: int
    intent: str | None
    reason: str


@dataclass(frozen=True)
class Node:
    """A group, or the place where one would be. `wanted`: the intent that its own computers shall have."""

    key: NodeKey
    has_group: bool
    wanted: str | None
    children: tuple[Node, ...] = ()

    @cached_property
    def intents(self) -> frozenset[str]:
        """All that is wanted here and below."""
        own = {self.wanted} if self.wanted else set[str]()
        return frozenset(own.union(*(child.intents for child in self.children)))


@dataclass(frozen=True)
class Reach:
    """What a computer's groups say to it; in the search, those from the root down to a node."""

    included: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()

    @property
    def in_force(self) -> list[str]:
        """The strongest first."""
        return [intent for intent in INTENT_PRECEDENCE if intent in self.included - self.excluded]

    @property
    def intent(self) -> str | None:
        """What Intune gives the computers."""
        return next(iter(self.in_force), None)


@dataclass(frozen=True)
class Cover:
    """Groups to include and exclude at and below a node; `lost` are nodes whose own computers go without."""

    targets: tuple[Target, ...] = ()
    lost: tuple[tuple[NodeKey, str], ...] = ()
    cost: tuple[int, ...] = field(init=False)
    """Schools that go without weigh most, then class groups and single computers, then the computers whose school
    nobody knows, then each entry."""

    def __post_init__(self) -> None:
        lost = Counter(kind for (kind, _key), _intent in self.lost)
        exact = [lost[kind] for kind in EXACT]
        object.__setattr__(self, "cost", (*exact, len(self.lost) - sum(exact), len(self.targets)))

    def __add__(self, other: Cover) -> Cover:
        return Cover(self.targets + other.targets, self.lost + other.lost)


def fewest_targets(
    root: Node, never_excluded: Collection[str] = ()
) -> tuple[tuple[Target, ...], tuple[Unreachable, ...]]:
    """Targets of one app version, sorted, and whom they cannot reach. No group is in two of the targets.

    No group is excluded from the intents in `never_excluded`; then more groups are named, and more may go without.
    """
    cover = _Search(never_excluded).cover(root, Reach())
    if cover is None:
        raise AssertionError("naming no group at all is always possible")
    groupless = _without_group(root)
    lost = [Unreachable(*key, intent, _why(key, key in groupless)) for key, intent in cover.lost]
    return tuple(sorted(cover.targets)), tuple(sorted(lost))


class _Search:
    """Looks through the ways to do right by a tree, each part of it once for each reach from above."""

    def __init__(self, never_excluded: Collection[str] = ()) -> None:
        self._never_excluded = never_excluded
        self._found: dict[tuple[NodeKey, Reach], Cover | None] = {}

    def cover(self, node: Node, reach: Reach) -> Cover | None:
        """The cheapest way at and below `node`; None when its computers would get what nobody decided.

        Of equally cheap ways the widest group is taken: a school that opens next year is then in it from its first
        day.
        """
        if (node.key, reach) not in self._found:
            choices = [each for each in _choices(node, reach) if not self._is_forbidden(each)]
            ways = [self._way(node, target, reach) for target in choices]
            right = (way for way in ways if way is not None)
            self._found[node.key, reach] = min(right, key=lambda way: way.cost, default=None)
        return self._found[node.key, reach]

    def _is_forbidden(self, target: Target | None) -> bool:
        return target is not None and target.exclude and target.intent in self._never_excluded

    def _way(self, node: Node, target: Target | None, reach: Reach) -> Cover | None:
        after = _after(reach, target)
        start = _own(node, target, after)
        for child in node.children if start else ():
            below = self.cover(child, after)
            if start is None or below is None:
                return None
            start = start + below
        return start


def _choices(node: Node, reach: Reach) -> list[Target | None]:
    """Intune takes one entry for a group: an exclusion, an inclusion, or none."""
    if not node.has_group:
        return [None]
    new = [intent for intent in INTENT_PRECEDENCE if intent in node.intents - reach.included]
    excluding = [Target(*node.key, intent, exclude=True) for intent in reach.in_force]
    return [*excluding, *(Target(*node.key, intent, exclude=False) for intent in new), None]


def _after(reach: Reach, target: Target | None) -> Reach:
    if target is None:
        return reach
    if target.exclude:
        return Reach(reach.included, reach.excluded | {target.intent})
    return Reach(reach.included | {target.intent}, reach.excluded)


def _own(node: Node, target: Target | None, reach: Reach) -> Cover | None:
    """What `target` means for the node's own computers: right, without, or (None) something nobody decided."""
    targets = (target,) if target else ()
    if reach.intent == node.wanted:
        return Cover(targets)
    if reach.intent is None and node.wanted:
        return Cover(targets, ((node.key, node.wanted),))
    return None


def _why(key: NodeKey, is_groupless: bool) -> str:
    if is_groupless:
        return "no_group"
    return "two_intents" if key[0] in EXACT else "unknown_school"


def _without_group(node: Node) -> set[NodeKey]:
    below = {key for child in node.children for key in _without_group(child)}
    return below if node.has_group else below | {node.key}


Groups = Mapping[str, int | Collection[int] | None]
"""The groups that a computer is in, by kind: one key or none; of a roll-out's rings several."""


def intent_for(targets: Iterable[Target], groups: Groups) -> str | None:
    """What Intune gives a computer that is in these groups; None: nothing."""
    return reach_in(targets, groups).intent


def reach_in(targets: Iterable[Target], groups: Groups) -> Reach:
    """All that these targets say to a computer that is in these groups."""
    hit = [target for target in targets if _is_in(target, groups.get(target.kind))]
    return Reach(
        frozenset(target.intent for target in hit if not target.exclude),
        frozenset(target.intent for target in hit if target.exclude),
    )


def _is_in(target: Target, keys: int | Collection[int] | None) -> bool:
    return target.key in keys if isinstance(keys, Collection) else target.key == keys
