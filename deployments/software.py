"""Effective software of one computer, with the reason for each application."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from deployments.desired import desired_state, desired_targets
from deployments.effects import device_effects, target_effects
from deployments.models import Application, AppVersion, BaselineEntry, BaselineRevision
from deployments.models.profiles import OWNER_OF_LEVEL
from deployments.resolver import effective_software
from deployments.rulebook import rule_of
from deployments.versions import Versions
from fleet.models import Device
from schools.models import SchoolForm

__all__ = [
    "EffectiveApp",
    "desired_state",
    "desired_targets",
    "device_effects",
    "effective_for_device",
    "target_effects",
]


@dataclass(frozen=True)
class EffectiveApp:
    """What holds for one application on a computer. `intent` None: `reason` took it away from the computer.

    `version` None with an intent: the application has no version on the computer's platform. `overruled` are wider
    entries that would have held; `conflicting` entries of the same level that were not followed.
    """

    application: Application
    intent: str | None
    version: AppVersion | None
    reason: BaselineEntry
    overruled: tuple[BaselineEntry, ...]
    conflicting: tuple[BaselineEntry, ...]

    @property
    def is_carried(self) -> bool:
        """Whether Intune gives the computer this intent: there is a version, of a type that allows it."""
        return self.intent is not None and self.version is not None and self.version.allows(self.intent)


def effective_for_device(device: Device, revision: BaselineRevision | None) -> list[EffectiveApp]:
    """By application name; two queries (three for a computer whose school nobody knows). `device.school` and
    `device.class_group` are best loaded beforehand."""
    if revision is None:
        return []
    found = revision.entries.filter(_containers_of(device)).select_related(
        "application", "version", "profile", *(f"profile__{owner}" for owner in OWNER_OF_LEVEL.values())
    )
    entries = {entry.pk: entry for entry in found}
    effective = effective_software(rule_of(entry) for entry in entries.values())
    versions = Versions.load({entry.application_id for entry in entries.values()})
    losers = {conflict.application_id: conflict.losers for conflict in effective.conflicts}
    apps = [
        EffectiveApp(
            application=entries[outcome.rule.entry_id].application,
            intent=outcome.intent,
            version=versions.pick(outcome.application_id, outcome.version_id, device.platform),
            reason=entries[outcome.rule.entry_id],
            overruled=tuple(entries[rule.entry_id] for rule in outcome.overruled),
            conflicting=tuple(entries[rule.entry_id] for rule in losers.get(outcome.application_id, ())),
        )
        for outcome in effective.outcomes.values()
    ]
    return sorted(apps, key=lambda app: app.application.name.casefold())


def _containers_of(device: Device) -> Q:
    """Entries of the containers that hold the computer; a class group counts in its own school only."""
    form_id = device.school.school_form_id if device.school else _form_by_group_tag(device.observed_group_tag)
    containers = Q(profile__municipality__isnull=False) | Q(profile__device=device)
    if form_id:
        containers |= Q(profile__school_form=form_id)
    if device.school_id:
        containers |= Q(profile__school=device.school_id)
        containers |= Q(profile__class_group=device.class_group_id, profile__class_group__school=device.school_id)
    return containers


def _form_by_group_tag(tag: str) -> int | None:
    """The school form with the longest prefix that begins the group tag."""
    forms = SchoolForm.objects.values_list("group_tag_prefix", "pk")
    return max(((len(prefix), pk) for prefix, pk in forms if tag.startswith(prefix)), default=(0, None))[1]
