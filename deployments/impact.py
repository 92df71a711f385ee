"""What a change of the baseline would mean for the fleet as it is now, before anybody decides it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from django.utils import timezone

from deployments.catalogue.licences import Shortfall, shortfalls_of
from deployments.effects import EFFECT_OF_INTENT, Cell, load_cells
from deployments.fleetwide import outcome_in
from deployments.impact_limits import (
    FailureRate,
    ModelLack,
    Obstacle,
    contrary,
    failure_rates,
    models_lacking,
    unreachable,
)
from deployments.models import Application, AppVersion, BaselineRevision, ChangeTarget, Intent
from deployments.resolver import Outcome, Rule
from deployments.rulebook import rules_by_application
from deployments.services.amendments import EntrySpec
from deployments.targets import NodeKey
from deployments.versions import Versions
from fleet.models import Platform
from schools.models import School

Rules = Mapping[int, Mapping[NodeKey, Rule]]
"""By application id and container."""


@dataclass(frozen=True)
class SchoolImpact:
    """`school_id` None: computers whose school nobody knows. `download_bytes`: installer size times installations."""

    school_id: int | None
    name: str
    computers: int
    download_bytes: int


@dataclass(frozen=True)
class AppImpact:
    """Computers that come to have (or be offered) the application, and those that no longer shall have it."""

    application: Application
    gains: int
    losses: int
    other: int
    """Computers for which only the version or the intent becomes another."""


@dataclass(frozen=True)
class Impact:
    """A computer counts once in `computers` and in `by_school`, however many applications change on it."""

    applications: tuple[AppImpact, ...] = ()
    by_school: tuple[SchoolImpact, ...] = ()
    licences_short: tuple[Shortfall, ...] = ()
    models_lacking: tuple[ModelLack, ...] = ()
    failure_rates: tuple[FailureRate, ...] = ()
    unreachable: tuple[Obstacle, ...] = ()
    conflicts: tuple[Obstacle, ...] = ()

    @cached_property
    def computers(self) -> int:
        return sum(school.computers for school in self.by_school)

    @cached_property
    def download_bytes(self) -> int:
        return sum(school.download_bytes for school in self.by_school)

    @property
    def warns(self) -> bool:
        return bool(self.licences_short or self.models_lacking or self.unreachable or self.conflicts)


@dataclass
class _Tally:
    """`installs` are computers by version id; `required` computers by application id and school id, afterwards."""

    touched: dict[int | None, set[int]] = field(default_factory=lambda: defaultdict(set))
    gains: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    losses: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    other: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    installs: dict[int, dict[int | None, set[int]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )
    required: dict[int, Counter[int | None]] = field(default_factory=lambda: defaultdict(Counter))
    overruling: set[tuple[int, int]] = field(default_factory=set)
    not_carried: set[tuple[int, str, str]] = field(default_factory=set)


def impact_of(base_revision: BaselineRevision | None, specs: Iterable[EntrySpec]) -> Impact:
    """What the entries would change on top of a revision. About twelve queries, whatever the number of computers."""
    before = rules_by_application(base_revision)
    after = {application: dict(rules) for application, rules in before.items()}
    for spec in specs:
        after.setdefault(spec.application.pk, {})[place_of(spec)] = rule_of_spec(spec)
    return impact_between(before, after)


def impact_of_revision(revision: BaselineRevision) -> Impact:
    """What a revision changes on top of the one it is based on."""
    return impact_between(rules_by_application(revision.based_on), rules_by_application(revision))


def place_of(spec: EntrySpec) -> NodeKey:
    kind = spec.profile.kind
    return kind, getattr(spec.profile, f"{kind}_id")


def rule_of_spec(spec: EntrySpec) -> Rule:
    removes = spec.action == "remove"
    return Rule(
        level=spec.profile.level,
        profile_id=spec.profile.pk or 0,
        entry_id=0,
        application_id=spec.application.pk,
        action=spec.action,
        intent="" if removes else spec.intent,
        version_id=None if removes or spec.version is None else spec.version.pk,
    )


def effects_of(specs: Iterable[EntrySpec]) -> dict[int, dict[int, ChangeTarget.Effect]]:
    """What the entries would do on top of what is in force, by app version and computer. About six queries."""
    before = rules_by_application(BaselineRevision.objects.active().first())
    after = {application: dict(rules) for application, rules in before.items()}
    for spec in specs:
        after.setdefault(spec.application.pk, {})[place_of(spec)] = rule_of_spec(spec)
    versions, cells = Versions.load(list(after)), load_cells()
    effects: dict[int, dict[int, ChangeTarget.Effect]] = defaultdict(dict)
    for key in sorted(key for key in after if _says(before.get(key, {})) != _says(after[key])):
        for cell in cells:
            was, now = (_given(outcome_in(cell, rules.get(key, {})), cell, versions) for rules in (before, after))
            if was != now and (said := now or was):
                effects[said[0]].update(dict.fromkeys(cell.device_ids, EFFECT_OF_INTENT[now and now[1]]))
    return dict(effects)


def impact_between(before: Rules, after: Rules) -> Impact:
    changed = sorted(key for key in {*before, *after} if _says(before.get(key, {})) != _says(after.get(key, {})))
    if not changed:
        return Impact()
    versions, cells, tally = Versions.load(changed), load_cells(), _Tally()
    changes = [_Change(key, before.get(key, {}), after.get(key, {})) for key in changed]
    for change in changes:
        for cell in cells:
            _count(tally, change, cell, versions)
    installed = AppVersion.objects.select_related("application").in_bulk(list(tally.installs))
    applications = Application.objects.in_bulk(changed)
    return Impact(
        applications=tuple(
            AppImpact(applications[key], len(tally.gains[key]), len(tally.losses[key]), len(tally.other[key]))
            for key in sorted(changed, key=lambda key: applications[key].name.casefold())
        ),
        by_school=_by_school(tally, installed),
        licences_short=tuple(shortfalls_of(_more_than_before(tally), timezone.localdate())),
        models_lacking=models_lacking(
            installed, {pk: set().union(*by_school.values()) for pk, by_school in tally.installs.items()}
        ),
        failure_rates=failure_rates(installed),
        unreachable=(
            *unreachable({change.application_id: set(change.new) for change in changes}, applications),
            *(Obstacle(applications[key], platform, why) for key, platform, why in sorted(tally.not_carried)),
        ),
        conflicts=contrary(tally.overruling, applications),
    )


def _says(rules: Mapping[NodeKey, Rule]) -> dict[NodeKey, tuple[str, str, int | None]]:
    return {key: rule.says for key, rule in rules.items()}


@dataclass(frozen=True)
class _Change:
    """One application's rules by container, before and after."""

    application_id: int
    before: Mapping[NodeKey, Rule]
    after: Mapping[NodeKey, Rule]

    @cached_property
    def new(self) -> dict[NodeKey, Rule]:
        was = self.before
        return {key: rule for key, rule in self.after.items() if key not in was or was[key].says != rule.says}


def _count(tally: _Tally, change: _Change, cell: Cell, versions: Versions) -> None:
    school, ids, application_id = cell.groups["school"], cell.device_ids, change.application_id
    outcome = outcome_in(cell, change.after)
    was = _given(outcome_in(cell, change.before), cell, versions)
    now = _given(outcome, cell, versions)
    _note_obstacles(tally, change, outcome, cell, versions)
    if now and now[1] == Intent.REQUIRED:
        tally.required[application_id][school] += len(ids)
    if was == now:
        return
    tally.touched[school].update(ids)
    had, has = (each is not None and each[1] != Intent.UNINSTALL for each in (was, now))
    kind = tally.other if had == has else tally.gains if has else tally.losses
    kind[application_id].update(ids)
    if now and now[1] == Intent.REQUIRED:
        tally.installs[now[0]][school].update(ids)


def _note_obstacles(tally: _Tally, change: _Change, outcome: Outcome | None, cell: Cell, versions: Versions) -> None:
    """Why a new rule does not come to hold for the computers of a cell."""
    if outcome is None:
        return
    new = set(change.new.values())
    if any(rule in new and rule.says != outcome.rule.says for rule in outcome.overruled) and outcome.rule not in new:
        tally.overruling.add((change.application_id, outcome.rule.profile_id))
    if outcome.intent and outcome.rule in new:
        version = versions.pick(outcome.application_id, outcome.version_id, cell.platform)
        platform = str(Platform(cell.platform).label)
        if version is None:
            tally.not_carried.add((change.application_id, platform, "no_version"))
        elif not version.allows(outcome.intent):
            tally.not_carried.add((change.application_id, platform, "app_type"))


def _given(outcome: Outcome | None, cell: Cell, versions: Versions) -> tuple[int, str] | None:
    """Version id and intent; None when Intune gives the computers nothing."""
    if outcome is None or outcome.intent is None:
        return None
    version = versions.pick(outcome.application_id, outcome.version_id, cell.platform)
    return (version.pk, outcome.intent) if version and version.allows(outcome.intent) else None


def _by_school(tally: _Tally, installed: Mapping[int, AppVersion]) -> tuple[SchoolImpact, ...]:
    names = dict(School.objects.filter(pk__in=[key for key in tally.touched if key]).values_list("pk", "name"))
    sizes: Counter[int | None] = Counter()
    for pk, by_school in tally.installs.items():
        for school, computers in by_school.items():
            sizes[school] += len(computers) * (installed[pk].size_bytes or 0)
    rows = [
        SchoolImpact(key, names.get(key or 0, ""), len(computers), sizes[key])
        for key, computers in tally.touched.items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.school_id is None, row.name)))


def _more_than_before(tally: _Tally) -> dict[int, Counter[int | None]]:
    """Licences can only run short where somebody gets the application now."""
    return {key: used for key, used in tally.required.items() if tally.gains[key] or tally.other[key]}
