"""How an app's list differs from what is decided of it, and whether two rules mean the same. Pure.

Only what an assignment aims at counts: target, group, intent and filter. Ids, order, sources and settings do not; Graph
fills them in by itself, and they come and go without anybody having done anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import asdict, dataclass
from typing import Any

from intune_sync.payloads import assignment_key
from intune_sync.payloads.aims import FILTER_TYPE, Raw, filter_of, group_of, has_filter, intent_of, place_of
from intune_sync.payloads.assignments import target_type

FOREIGN, INTENT, MISSING, NARROWED = "foreign", "intent", "missing", "narrowed"
_QUOTED = re.compile(r'("[^"]*"|\'[^\']*\')')
_SPACE = re.compile(r"\s+")
_BESIDE = re.compile(r"\s*([()\[\],])\s*")


@dataclass(frozen=True)
class Entry:
    """An assignment in normal form. `group_id` is None for all devices and all users."""

    target: str
    group_id: str | None
    intent: str
    filter_id: str | None = None
    filter_type: str | None = None

    @property
    def place(self) -> str:
        return self.group_id or self.target.lower()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Differing:
    """`before` is what is decided at the place, `after` what Intune has there."""

    kind: str
    before: Entry | None
    after: Entry | None
    is_decided: bool = False

    @property
    def place(self) -> str:
        entry = self.after or self.before
        if entry is None:
            raise ValueError("neither decided nor in Intune")
        return entry.place


def entry_of(raw: Raw) -> Entry:
    """Raw as Graph sends it."""
    narrowed_by = filter_of(raw)
    kind = str(raw["target"].get(FILTER_TYPE)) if narrowed_by else None
    return Entry(target_type(raw), group_of(raw), intent_of(raw), narrowed_by, kind)


def entry_with(key: str) -> Entry:
    """What an assignment key says; without a filter."""
    target, group_id, intent = key.split(":", 2)
    return Entry(target, group_id or None, intent)


def compare(observed: Sequence[Raw], owned: Set[str], decided: Set[str]) -> list[Differing]:
    """By place, each place once. `owned` are keys that the portal wrote, `decided` those that shall be there.

    What is decided and was never written is no difference: it is on its way, or waits for a change.
    """
    theirs = {place_of(raw): raw for raw in observed if assignment_key(raw) not in owned}
    there = {assignment_key(raw) for raw in observed}
    found: dict[str, Differing] = {}
    for key in sorted((owned & decided) - there):
        before = entry_with(key)
        instead = theirs.pop(before.place, None)
        after = entry_of(instead) if instead else None
        found[before.place] = Differing(INTENT if after else MISSING, before, after)
    for place, raw in theirs.items():
        is_decided = assignment_key(raw) in decided and not has_filter(raw)
        found[place] = Differing(FOREIGN, None, entry_of(raw), is_decided)
    for raw in observed:
        key = assignment_key(raw)
        if key in owned and has_filter(raw):
            found[place_of(raw)] = Differing(NARROWED, entry_with(key), entry_of(raw))
    return [found[place] for place in sorted(found)]


def same_rule(one: str, other: str) -> bool:
    return normal_rule(one) == normal_rule(other)


def normal_rule(rule: str) -> str:
    """Blanks and the case of words mean nothing outside quotes."""
    parts = _QUOTED.split(rule.strip())
    return "".join(part if at % 2 else _plain(part) for at, part in enumerate(parts)).strip()


def _plain(text: str) -> str:
    return _BESIDE.sub(r"\1", _SPACE.sub(" ", text)).lower()
