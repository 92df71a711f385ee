"""An app version's targets while a roll-out is under way: rings that have opened have what was decided, all others what
they had before. Pure.

It fails to the safe side. Entra may take its time until a computer is in its ring's group; until then the computer
keeps what it had, and is never given something early. So what a ring's computers get is included for their group, and
what they lose is excluded from it, on top of the targets of before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from deployments.effects import Cell
from deployments.organisation import Organisation
from deployments.targets import (
    INTENT_PRECEDENCE,
    KEPT,
    Node,
    NodeKey,
    Reach,
    Target,
    fewest_targets,
    intent_for,
    reach_in,
)

Part = tuple[str, bool]
"""An intent, and whether the computers are excluded from it."""


@dataclass(frozen=True, order=True)
class StagedEntry:
    """What the list gets for some of a ring's computers once the ring opens. Ring 0 is there from the start: computers
    that keep what they had, where `base` alone would not give it to them."""

    ring: int
    intent: str
    exclude: bool
    device_ids: tuple[int, ...]


@dataclass(frozen=True)
class Staging:
    """`base` holds from the start until the last ring; with it stand the entries of the rings that have opened."""

    base: tuple[Target, ...]
    entries: tuple[StagedEntry, ...]


def staging(
    before: tuple[Target, ...],
    after: tuple[Target, ...],
    cells: Iterable[Cell],
    rings: Mapping[int, int],
    organisation: Organisation,
    *,
    foreign: tuple[Target, ...] = (),
) -> Staging:
    """How one app version gets from `before` to `after`; `rings` are the numbers by device id, of all rings but the
    last, in which `after` itself is written. What others assign (`foreign`) stands in the same list all along.

    An exclusion of before that holds computers which are to get the app would beat what their ring is given. It is
    left out then, and what is beside it is named instead: its groups, and the computers that are in none, by ring 0.
    """
    cells = list(cells)
    base = before
    if _covers_up(before, (*after, *foreign), cells, rings):
        base = _without_exclusions(before, organisation)
    devices: dict[tuple[int, Part], list[int]] = defaultdict(list)
    for cell in cells:
        reach = reach_in((*base, *foreign), cell.all_groups)
        kept = parts_of(reach, intent_for((*before, *foreign), cell.all_groups))
        for part in kept:
            devices[0, part] += cell.device_ids
        parts = parts_of(_and(reach, kept), intent_for((*after, *foreign), cell.all_groups))
        for pk in cell.device_ids:
            for part in parts if pk in rings else ():
                devices[rings[pk], part].append(pk)
    entries = (StagedEntry(ring, *part, tuple(sorted(found))) for (ring, part), found in devices.items())
    return Staging(base, tuple(sorted(entries)))


def _covers_up(
    before: tuple[Target, ...], after: tuple[Target, ...], cells: Iterable[Cell], rings: Mapping[int, int]
) -> bool:
    """Whether some ring's computers are to get an intent that they are excluded from before."""
    return any(
        intent_for(after, cell.all_groups) in reach_in(before, cell.all_groups).excluded
        and any(pk in rings for pk in cell.device_ids)
        for cell in cells
    )


def parts_of(reach: Reach, wanted: str | None) -> tuple[Part, ...]:
    """What has to be said to computers with this reach for Intune to give them `wanted`."""
    return tuple(_parts(reach, wanted))


def _parts(reach: Reach, wanted: str | None) -> Iterator[Part]:
    for intent in reach.in_force:
        if intent == wanted:
            return
        if wanted is None or INTENT_PRECEDENCE.index(intent) < INTENT_PRECEDENCE.index(wanted):
            yield intent, True
    if wanted and wanted not in reach.in_force:
        yield wanted, False


def _and(reach: Reach, parts: Iterable[Part]) -> Reach:
    included = {intent for intent, exclude in parts if not exclude}
    return Reach(reach.included | included, reach.excluded)


def _without_exclusions(targets: tuple[Target, ...], organisation: Organisation) -> tuple[Target, ...]:
    """Other targets that give nobody more than these, and exclude no group: an exclusion from another intent would
    beat what ring 0 gives to those that the groups miss."""
    named = {target.node: target for target in targets}
    trees = [_tree(root, named, targets, organisation) for root in organisation.roots]
    found = [fewest_targets(tree, INTENT_PRECEDENCE)[0] for tree in trees]
    return tuple(sorted(target for each in found for target in each))


def _tree(
    key: NodeKey, named: Mapping[NodeKey, Target], targets: tuple[Target, ...], organisation: Organisation
) -> Node:
    """What the targets give the own computers of each place. Class groups and computers that are not named follow what
    is around them."""
    place = organisation.places[key]
    return Node(
        key,
        has_group=place.group_id is not None,
        wanted=intent_for(targets, dict(place.path)),
        children=tuple(_tree(child, named, targets, organisation) for child in _below(key, named, organisation)),
    )


def _below(key: NodeKey, named: Mapping[NodeKey, Target], organisation: Organisation) -> Iterator[NodeKey]:
    for child in organisation.children.get(key, ()):
        if child[0] not in KEPT or child in named:
            yield child
        else:
            yield from _below(child, named, organisation)
