"""What a revision means for Intune: the targets of each app version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deployments.models import BaselineRevision
from deployments.organisation import Organisation, load_organisation
from deployments.resolver import Outcome, Rule, effective_software
from deployments.rulebook import rules_by_application
from deployments.targets import EXACT, KEPT, Node, NodeKey, Target, Unreachable, fewest_targets
from deployments.versions import Versions


@dataclass(frozen=True)
class DesiredState:
    """`targets` by app version id, only for versions that have some; `unreachable` by application id."""

    targets: Mapping[int, tuple[Target, ...]]
    unreachable: Mapping[int, tuple[Unreachable, ...]]


def desired_targets(revision: BaselineRevision | None) -> dict[int, tuple[Target, ...]]:
    """The targets of each app version that shall have any, sorted. An app version that is not a key shall have none."""
    return dict(desired_state(revision).targets)


def desired_state(
    revision: BaselineRevision | None,
    organisation: Organisation | None = None,
    versions: Versions | None = None,
) -> DesiredState:
    """Seven queries, of which one when the rest is given. Nothing that cannot be reached is dropped silently."""
    organisation = organisation or load_organisation()
    versions = versions or Versions.load()
    targets: dict[int, tuple[Target, ...]] = {}
    unreachable: dict[int, tuple[Unreachable, ...]] = {}
    for application_id, rules in sorted(rules_by_application(revision).items()):
        found, missed = application_targets(application_id, rules, organisation, versions)
        targets.update(found)
        if missed:
            unreachable[application_id] = tuple(sorted(missed, key=_order))
    return DesiredState(targets, unreachable)


def application_targets(
    application_id: int, rules: Mapping[NodeKey, Rule], organisation: Organisation, versions: Versions
) -> tuple[dict[int, tuple[Target, ...]], set[Unreachable]]:
    """Targets by version id of one application with these rules, and whom they cannot reach. Pure."""
    reachable = {key: rule for key, rule in rules.items() if _can_be_aimed_at(key, organisation)}
    missed = {Unreachable(*key, rule.intent or None, "no_group") for key, rule in rules.items() if key not in reachable}
    wanted: dict[int, dict[NodeKey, str]] = defaultdict(dict)
    for key, outcome in _outcomes(reachable, organisation):
        for platform in versions.platforms(application_id):
            version = versions.pick(application_id, outcome.version_id, platform)
            if outcome.intent and version and version.allows(outcome.intent):
                wanted[version.pk][key] = outcome.intent
            elif outcome.intent and key in reachable:
                missed.add(Unreachable(*key, outcome.intent, "app_type"))
    targets: dict[int, tuple[Target, ...]] = {}
    for version_id, intents in sorted(wanted.items()):
        for root in organisation.roots:
            found, lost = fewest_targets(_tree(root, intents, reachable, organisation))
            targets[version_id] = tuple(sorted((*targets.get(version_id, ()), *found)))
            missed.update(lost)
    return {version_id: found for version_id, found in targets.items() if found}, missed


def _can_be_aimed_at(key: NodeKey, organisation: Organisation) -> bool:
    """A school, class group or computer needs a group of its own; wider containers can be reached through narrower."""
    place = organisation.places.get(key)
    return place is not None and (key[0] not in EXACT or place.has_group)


def _outcomes(rules: Mapping[NodeKey, Rule], organisation: Organisation) -> Iterator[tuple[NodeKey, Outcome]]:
    """What holds for the own computers of each place, for one application; places without any rule are left out."""
    for key, place in organisation.places.items():
        chain = [rules[step] for step in place.path if step in rules]
        for outcome in effective_software(chain).outcomes.values():
            yield key, outcome


def _tree(
    key: NodeKey, wanted: Mapping[NodeKey, str], rules: Mapping[NodeKey, Rule], organisation: Organisation
) -> Node:
    return Node(
        key,
        has_group=organisation.places[key].has_group,
        wanted=wanted.get(key),
        children=tuple(_tree(child, wanted, rules, organisation) for child in _below(key, rules, organisation)),
    )


def _below(key: NodeKey, rules: Mapping[NodeKey, Rule], organisation: Organisation) -> Iterator[NodeKey]:
    """Class groups and computers without a rule of their own follow what is around them and stay out of the tree; a
    computer with one is then told of beside its class group's neighbours."""
    for child in organisation.children.get(key, ()):
        if child[0] not in KEPT or child in rules:
            yield child
        else:
            yield from _below(child, rules, organisation)


def _order(missed: Unreachable) -> tuple[str, int, str, str]:
    return missed.kind, missed.key, missed.intent or "", missed.reason
