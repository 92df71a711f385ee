"""The rules of a revision, as the resolver takes them."""

from __future__ import annotations

from collections.abc import Iterable

from deployments.models import BaselineEntry, BaselineRevision
from deployments.resolver import Rule
from deployments.targets import NodeKey


def rule_of(entry: BaselineEntry) -> Rule:
    """`entry.profile` must be loaded."""
    return Rule(
        level=entry.profile.level,
        profile_id=entry.profile_id,
        entry_id=entry.pk,
        application_id=entry.application_id,
        action=entry.action,
        intent=entry.intent,
        version_id=entry.version_id,
    )


def owner_of(entry: BaselineEntry) -> NodeKey:
    """The container that the entry stands in."""
    kind = entry.profile.kind
    return kind, getattr(entry.profile, f"{kind}_id")


def rules_by_application(revision: BaselineRevision | None) -> dict[int, dict[NodeKey, Rule]]:
    """Rules by application and container; one query. No revision has no rules."""
    return _by_application(revision.entries.select_related("profile") if revision else ())


def rules_in_force() -> dict[int, dict[NodeKey, Rule]]:
    """Those of the active revision; one query."""
    entries = BaselineEntry.objects.filter(revision__in=BaselineRevision.objects.active())
    return _by_application(entries.select_related("profile"))


def _by_application(entries: Iterable[BaselineEntry]) -> dict[int, dict[NodeKey, Rule]]:
    rules: dict[int, dict[NodeKey, Rule]] = {}
    for entry in entries:
        rules.setdefault(entry.application_id, {})[owner_of(entry)] = rule_of(entry)
    return rules
