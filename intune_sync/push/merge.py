"""An app's whole assignment list as `assign` needs it: what others wrote, untouched, and what is ours. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from intune_sync.payloads import assignment_key
from intune_sync.payloads.aims import has_filter, intent_of, is_exclusion, place_of, without_filter

Raw = dict[str, Any]
"""An assignment exactly as beta Graph sends it, with fields we may never have heard of."""


class ClashKind(StrEnum):
    """Why a list cannot be written as wanted: Intune takes one entry per group, and what is not ours stays as it is."""

    OTHER_INTENT = "other_intent"
    INCLUDED = "included"
    EXCLUDED = "excluded"
    FILTERED = "filtered"
    LONELY_EXCLUSION = "lonely_exclusion"
    TWICE = "twice"


@dataclass(frozen=True)
class Clash:
    """`theirs` stands where `ours` would go; for a lonely exclusion, `theirs` is what would have no inclusion left; for
    twice, both are ours."""

    kind: ClashKind
    theirs: Raw
    ours: Raw | None = None


@dataclass(frozen=True)
class MergedList:
    """What to write. With conflicts it must not be written."""

    write: list[Raw]
    foreign: list[Raw]
    ours: list[Raw]
    covered: list[Raw]
    """Wanted entries that a foreign entry already gives, so that we add none."""
    conflicts: list[Clash]

    @property
    def our_keys(self) -> set[str]:
        return {assignment_key(raw) for raw in self.ours}

    def is_settled(self, observed: Sequence[Raw]) -> bool:
        """Whether writing would change nothing; the order of a list means nothing in Intune."""
        return not self.conflicts and same_list(self.write, observed)


def merge(observed: Sequence[Raw], owned_keys: Set[str], desired: Sequence[Raw]) -> MergedList:
    """Keep every foreign entry as it is, replace ours by `desired`; entries keep their order, new ones come last.

    Foreign entries are sent back with everything Graph sent, ids and sources too: the contract lets them be posted, and
    an entry that a policy set made would become a direct one without its source. An entry of ours that is there
    already keeps its settings; a filter that somebody put on it is taken off, because it makes computers drop out.
    """
    foreign = [raw for raw in observed if assignment_key(raw) not in owned_keys]
    ours_now = {assignment_key(raw): raw for raw in observed if assignment_key(raw) in owned_keys}
    taken = {place_of(raw): raw for raw in foreign}

    ours: dict[str, Raw] = {}
    covered: list[Raw] = []
    conflicts: list[Clash] = _twice(desired)
    for raw in sorted(desired, key=assignment_key):
        key, theirs = assignment_key(raw), taken.get(place_of(raw))
        if theirs is None:
            ours[key] = without_filter(ours_now.get(key, raw))
        elif kind := _clash(raw, theirs):
            conflicts.append(Clash(kind, theirs, raw))
        else:
            covered.append(raw)

    kept = [ours.get(assignment_key(raw)) if assignment_key(raw) in owned_keys else raw for raw in observed]
    new = [raw for key, raw in ours.items() if key not in ours_now]
    write = [raw for raw in kept if raw is not None] + new
    return MergedList(write, foreign, list(ours.values()), covered, conflicts + _lonely_exclusions(write, foreign))


def put_back(current: Sequence[Raw], before: Sequence[Raw], replaced: Sequence[Raw]) -> list[Raw]:
    """`current` as it would be if our write had not undone what somebody did between our reading (`before`) and it.

    `replaced` is the list that our write took the place of.
    """
    came = [raw for raw in replaced if raw not in before and raw not in current]
    went = [raw for raw in before if raw not in replaced]
    return [raw for raw in current if raw not in went] + came


def same_list(one: Sequence[Raw], other: Sequence[Raw]) -> bool:
    return Counter(map(canonical, one)) == Counter(map(canonical, other))


def canonical(value: Any) -> str:
    """One text per JSON value, whatever the order of its keys."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(value: Any) -> str:
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def list_digest(observed: Sequence[Raw]) -> str:
    """SHA-256 of a list in which order means nothing."""
    return digest(sorted(map(canonical, observed)))


def _clash(ours: Raw, theirs: Raw) -> ClashKind | None:
    """How a foreign entry on the same group means something else than ours would; None if it means the same."""
    if is_exclusion(theirs) != is_exclusion(ours):
        return ClashKind.EXCLUDED if is_exclusion(theirs) else ClashKind.INCLUDED
    if intent_of(theirs) != intent_of(ours):
        return ClashKind.OTHER_INTENT
    return ClashKind.FILTERED if has_filter(theirs) else None


def _twice(desired: Sequence[Raw]) -> list[Clash]:
    """Wanted entries that share a group: of such a list Intune refuses all, or ignores one."""
    first: dict[str, Raw] = {}
    ordered = sorted(desired, key=assignment_key)
    return [
        Clash(ClashKind.TWICE, first[place_of(raw)], raw)
        for raw in ordered
        if first.setdefault(place_of(raw), raw) is not raw
    ]


def _lonely_exclusions(write: Sequence[Raw], foreign: Sequence[Raw]) -> list[Clash]:
    """Foreign exclusions that would be left without an inclusion of their intent: Intune refuses such a list."""
    included = {intent_of(raw) for raw in write if not is_exclusion(raw)}
    lonely = [raw for raw in foreign if is_exclusion(raw) and intent_of(raw) not in included]
    return [Clash(ClashKind.LONELY_EXCLUSION, raw) for raw in lonely]
