"""How many computers get an application, counted from what a revision says: the base of licences and parity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from deployments.effects import Cell, load_cells
from deployments.models import BaselineRevision, Intent
from deployments.resolver import Outcome, Rule, effective_software
from deployments.rulebook import rules_by_application
from deployments.targets import NodeKey
from deployments.versions import Versions

Use = Mapping[int, Mapping[int | None, int]]
"""Computers by application id and school id; the school is None where nobody knows it."""


@dataclass(frozen=True)
class Share:
    """Computers of one cell that fare alike for an application; `outcome` None: nothing is said of it."""

    cell: Cell
    outcome: Outcome | None
    computers: int


def required_computers(
    revision: BaselineRevision | None, applications: Iterable[int] | None = None
) -> dict[int, Counter[int | None]]:
    """The computers on which a revision requires each application and that it has a version for. Three queries."""
    return computers_required(rules_by_application(revision), applications)


def computers_required(
    rules: Mapping[int, Mapping[NodeKey, Rule]], applications: Iterable[int] | None = None
) -> dict[int, Counter[int | None]]:
    """As `required_computers`, when the rules are loaded. Two queries; none when no rule is about the applications."""
    wanted = set(rules) if applications is None else set(applications) & rules.keys()
    cells, versions = (load_cells(), Versions.load(wanted)) if wanted else ([], None)
    counted: dict[int, Counter[int | None]] = {}
    for application_id in wanted:
        counted[application_id] = Counter()
        for share in shares(cells, rules[application_id]):
            outcome = share.outcome
            if outcome is None or outcome.intent != Intent.REQUIRED or versions is None:
                continue
            if versions.pick(application_id, outcome.version_id, share.cell.platform):
                counted[application_id][share.cell.groups["school"]] += share.computers
    return counted


def shares(cells: Iterable[Cell], rules: Mapping[NodeKey, Rule]) -> Iterator[Share]:
    """What one application's rules mean for all computers; a computer with a rule of its own is a share by itself."""
    alone = {key: rule for (kind, key), rule in rules.items() if kind == "device"}
    for cell in cells:
        chain = [rules[node] for node in _nodes(cell) if node in rules]
        special = [device for device in cell.device_ids if device in alone] if alone else []
        if len(cell.device_ids) > len(special):
            yield Share(cell, _outcome(chain), len(cell.device_ids) - len(special))
        for device in special:
            yield Share(cell, _outcome([*chain, alone[device]]), 1)


def _nodes(cell: Cell) -> list[NodeKey]:
    return [(kind, key) for kind, key in cell.groups.items() if key is not None and kind != "device"]


def _outcome(chain: list[Rule]) -> Outcome | None:
    return next(iter(effective_software(chain).outcomes.values()), None)
