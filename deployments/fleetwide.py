"""The effective software of all computers in one pass: those that are in the same groups fare alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deployments.effects import Cell, load_cells
from deployments.models import BaselineRevision
from deployments.resolver import Outcome, Rule, effective_software
from deployments.rulebook import rules_by_application
from deployments.targets import NodeKey


@dataclass(frozen=True)
class Alike:
    """Computers with the same software; `outcomes` by application id, of those that some container speaks of."""

    cell: Cell
    outcomes: Mapping[int, Outcome]


def effective_everywhere(revision: BaselineRevision | None) -> list[Alike]:
    """Every computer that Autopilot or Intune has, once. Three queries, whatever the number of computers."""
    rules = rules_by_application(revision)
    return [Alike(cell, dict(_outcomes(cell, rules))) for cell in load_cells()]


def _outcomes(cell: Cell, rules: Mapping[int, Mapping[NodeKey, Rule]]) -> Iterator[tuple[int, Outcome]]:
    for application_id, by_container in rules.items():
        outcome = outcome_in(cell, by_container)
        if outcome:
            yield application_id, outcome


def outcome_in(cell: Cell, rules: Mapping[NodeKey, Rule]) -> Outcome | None:
    """What one application's rules mean for the computers of a cell; None when no container speaks of it."""
    chain = [rules[kind, key] for kind, key in cell.groups.items() if key is not None and (kind, key) in rules]
    return next(iter(effective_software(chain).outcomes.values()), None)
