"""What has to be written to Intune so that it says what a revision means. Pure: no database, network or clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field
from typing import Any

from intune_sync.payloads import assign_body, assignment_key
from intune_sync.payloads.aims import assign_call, group_of, intent_of, is_exclusion
from intune_sync.push.merge import Clash, MergedList, Raw, digest, list_digest, merge, same_list

MANY_FROM, MANY_SHARE = 10, 0.3
"""From this many assignments of ours on, taking away a larger share is pointed out before anybody approves."""


@dataclass(frozen=True)
class AppState:
    """One app object in Intune beside what we want of it."""

    app_id: str
    version_id: int
    name: str
    observed: Sequence[Raw] | None
    """None: Intune has no such app any more."""
    owned_keys: Set[str]
    desired: Sequence[Raw]
    published: bool = True
    is_concerned: bool = True
    """The revision says something new of the app. Of others only what blocks or changes them is told."""
    effects: Mapping[int, str] = field(default_factory=dict)
    """What changes for which computer, by its primary key."""


@dataclass(frozen=True)
class AppChange:
    """An app whose list is to be replaced. `added` and `removed` are our entries; `kept` counts the foreign ones."""

    app_id: str
    version_id: int
    name: str
    added: list[str]
    removed: list[str]
    kept: int
    body: dict[str, list[Raw]]
    desired: list[Raw]

    @property
    def call(self) -> dict[str, Any]:
        method, url = assign_call(self.app_id)
        return {"method": method, "url": url, "body": self.body}


@dataclass(frozen=True)
class Notice:
    """Something to know before approving. `blocking`: the app is left as it is. Worded in `intune_sync.words`."""

    code: str
    app: str = ""
    group_id: str | None = None
    intent: str = ""
    other_intent: str = ""
    place: str = ""
    count: int = 0
    of: int = 0
    blocking: bool = False


@dataclass(frozen=True)
class NewGroup:
    """A group of the portal's own that does not exist yet; `members` counts its computers."""

    nickname: str
    name: str
    profile_id: int
    members: int


@dataclass(frozen=True)
class RuleChange:
    """A dynamic group that gets back its rule; `before` is what Entra has now, `computers` counts its container's."""

    group_id: str
    name: str
    before: str
    after: str
    computers: int


@dataclass(frozen=True)
class Plan:
    """`hash` covers everything an approval is about: calls, computers, and the state they were worked out from."""

    changes: list[AppChange]
    notices: list[Notice]
    snapshot: dict[str, Any]
    groups: list[NewGroup] = field(default_factory=list)
    """To be created before the apps are assigned to them."""
    rules: list[RuleChange] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """As `ChangeSet.plan` keeps it."""
        names = ("app_id", "version_id", "name", "added", "removed", "kept", "desired")
        return {
            "snapshot": self.snapshot,
            "changes": [{name: getattr(change, name) for name in names} for change in self.changes],
            "groups": [asdict(group) for group in self.groups],
            "calls": [change.call for change in self.changes],
            "warnings": [asdict(notice) for notice in self.notices],
            **({"rules": [asdict(rule) for rule in self.rules]} if self.rules else {}),
        }

    @property
    def hash(self) -> str:
        groups = {"groups": [group.nickname for group in self.groups]} if self.groups else {}
        rules = {"rules": [[rule.group_id, rule.before, rule.after] for rule in self.rules]} if self.rules else {}
        calls = [change.call for change in self.changes]
        return digest({"snapshot": self.snapshot, "calls": calls, **groups, **rules})


def plan(states: Sequence[AppState], *, snapshot: Mapping[str, Any], notices: Iterable[Notice] = ()) -> Plan:
    """The lists to write, in the order of the app ids. `snapshot` names what `states` were read from."""
    changes: list[AppChange] = []
    said = list(notices)
    lists: dict[str, str] = {}
    devices: dict[str, str] = {}
    for state in sorted(states, key=lambda each: each.app_id):
        change, about = _one_app(state)
        if not (change or state.is_concerned):
            about = [notice for notice in about if notice.blocking]
        said += about
        if change or about:
            lists[state.app_id] = list_digest(state.observed or [])
        if change:
            changes.append(change)
            devices[state.app_id] = digest(sorted(state.effects.items()))
    said += _many_removals(states, changes)
    return Plan(changes, said, {**snapshot, "lists": lists, "devices": devices})


def _one_app(state: AppState) -> tuple[AppChange | None, list[Notice]]:
    if state.observed is None:
        gone = [Notice("app_gone", state.name, blocking=True)] if state.desired else []
        return None, gone
    merged = merge(state.observed, state.owned_keys, state.desired)
    if merged.conflicts:
        return None, [_conflict(state.name, clash) for clash in merged.conflicts]
    about = [_notice("covered", state.name, raw) for raw in merged.covered] + _limits(state.name, merged)
    if same_list(merged.write, state.observed):
        return None, about
    if not state.published:
        return None, [Notice("not_published", state.name, blocking=True)]
    return _change(state, merged), about


def _change(state: AppState, merged: MergedList) -> AppChange:
    before = {assignment_key(raw) for raw in state.observed or []} & state.owned_keys
    return AppChange(
        app_id=state.app_id,
        version_id=state.version_id,
        name=state.name,
        added=sorted(merged.our_keys - before),
        removed=sorted(before - merged.our_keys),
        kept=len(merged.foreign),
        body=assign_body(merged.write),
        desired=sorted(state.desired, key=assignment_key),
    )


def _conflict(app: str, clash: Clash) -> Notice:
    return Notice(
        clash.kind.value,
        app,
        group_id=group_of(clash.theirs),
        intent=intent_of(clash.ours or clash.theirs),
        other_intent=intent_of(clash.theirs),
        blocking=True,
    )


def _limits(app: str, merged: MergedList) -> list[Notice]:
    """Foreign exclusions that keep computers from what we give them: not wrong, but to be known."""
    given = {intent_of(raw) for raw in merged.ours if not is_exclusion(raw)}
    cuts = [raw for raw in merged.foreign if is_exclusion(raw) and intent_of(raw) in given]
    return [_notice("foreign_exclusion", app, raw) for raw in cuts]


def _notice(code: str, app: str, raw: Raw) -> Notice:
    return Notice(code, app, group_id=group_of(raw), intent=intent_of(raw))


def _many_removals(states: Sequence[AppState], changes: Sequence[AppChange]) -> list[Notice]:
    ours = sum(len({assignment_key(raw) for raw in state.observed or []} & state.owned_keys) for state in states)
    removed = sum(len(change.removed) for change in changes)
    if ours < MANY_FROM or removed <= MANY_SHARE * ours:
        return []
    return [Notice("many_removals", count=removed, of=ours)]
