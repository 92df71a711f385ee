"""From the rules of a chain of containers to effective software. Pure: no database, no clock, no order of input."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

GENTLEST_FIRST = ("remove", "available", "required", "uninstall")
"""Which of two rules on one level wins: the one that does least to the computer, then the latest version before a
pinned one, then the older pinned version, then the older entry."""


@dataclass(frozen=True, order=True)
class Rule:
    """A container's word on an application. `level` 0 is the widest; `intent` is "" and `version_id` None for a
    removal; `version_id` None otherwise means the latest version."""

    level: int
    profile_id: int
    entry_id: int
    application_id: int
    action: str
    intent: str
    version_id: int | None

    @property
    def says(self) -> tuple[str, str, int | None]:
        return self.action, self.intent, self.version_id


@dataclass(frozen=True)
class Outcome:
    """What holds for an application, and why. `intent` None: a container took the application away."""

    application_id: int
    intent: str | None
    version_id: int | None
    rule: Rule
    overruled: tuple[Rule, ...]


@dataclass(frozen=True)
class Conflict:
    """Rules of one level that say different things of one application; `winner` was followed, `losers` were not."""

    application_id: int
    level: int
    winner: Rule
    losers: tuple[Rule, ...]


@dataclass(frozen=True)
class Effective:
    outcomes: Mapping[int, Outcome]
    conflicts: tuple[Conflict, ...]


def effective_software(rules: Iterable[Rule]) -> Effective:
    """The nearest level wins for each application. Every rule ends as a winner, as overruled, or in a conflict."""
    by_application: dict[int, list[Rule]] = defaultdict(list)
    for rule in rules:
        by_application[rule.application_id].append(rule)
    outcomes: dict[int, Outcome] = {}
    conflicts: list[Conflict] = []
    for application_id in sorted(by_application):
        outcome, conflict = _decide(application_id, by_application[application_id])
        outcomes[application_id] = outcome
        if conflict:
            conflicts.append(conflict)
    return Effective(outcomes, tuple(conflicts))


def _decide(application_id: int, rules: list[Rule]) -> tuple[Outcome, Conflict | None]:
    winner, *others = sorted(rules, key=_precedence)
    losers = tuple(rule for rule in others if rule.level == winner.level and rule.says != winner.says)
    overruled = tuple(rule for rule in others if rule not in losers)
    intent = winner.intent if winner.action == "add" else None
    outcome = Outcome(application_id, intent, winner.version_id, winner, overruled)
    conflict = Conflict(application_id, winner.level, winner, losers) if losers else None
    return outcome, conflict


def _precedence(rule: Rule) -> tuple[int, int, int, int, int]:
    gentleness = GENTLEST_FIRST.index(rule.intent or "remove")
    return -rule.level, gentleness, rule.version_id or 0, rule.entry_id, rule.profile_id
