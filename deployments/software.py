"""Effective software of a computer or a school, with the reason for each application."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from deployments.desired import desired_state, desired_targets
from deployments.effects import device_effects, target_effects
from deployments.models import Application, AppVersion, BaselineEntry, BaselineRevision, SoftwareProfile
from deployments.models.profiles import NAMES_OF_CONTAINERS
from deployments.origins import origin_of, with_origin
from deployments.resolver import effective_software
from deployments.rulebook import rule_of
from deployments.targets import EXACT, KEPT
from deployments.versions import Versions
from fleet.models import Device, Platform
from schools.models import ClassGroup, School, SchoolForm

__all__ = [
    "EffectiveApp",
    "desired_state",
    "desired_targets",
    "device_effects",
    "effective_for_container",
    "effective_for_device",
    "effective_for_school",
    "target_effects",
]


@dataclass(frozen=True)
class EffectiveApp:
    """What holds for one application. `intent` None: `reason` took it away. `origin` is the revision that brought it,
    which has been followed since without a break.

    `versions` by platform; a platform that the application has no version for is no key. `overruled` are wider
    entries that would have held; `conflicting` entries of the same level that were not followed.
    """

    application: Application
    intent: str | None
    versions: Mapping[str, AppVersion]
    reason: BaselineEntry
    origin: BaselineRevision
    overruled: tuple[BaselineEntry, ...]
    conflicting: tuple[BaselineEntry, ...]

    @property
    def version(self) -> AppVersion | None:
        """Of a computer, which has one platform."""
        return next(iter(self.versions.values()), None)

    @property
    def has_group(self) -> bool:
        """Whether Intune can be told what `reason` says. A wider container is reached through narrower ones too, and
        for class groups and single computers the portal creates the group."""
        owner, kind = self.reason.profile.owner, self.reason.profile.kind
        return kind not in EXACT or kind in KEPT or getattr(owner, "entra_group_id", None) is not None

    @property
    def is_carried(self) -> bool:
        """Whether Intune gives the intent on some platform: to a group, in a version of a type that allows it."""
        intent = self.intent
        return self.has_group and intent is not None and any(each.allows(intent) for each in self.versions.values())


def effective_for_device(device: Device, revision: BaselineRevision | None = None) -> list[EffectiveApp]:
    """By application name, of the active revision when none is given. Two queries when `device.school` is loaded; one
    more for a computer whose school nobody knows."""
    return _effective(_entries(revision).filter(_containers_of_device(device)), [device.platform])


def effective_for_school(school: School, revision: BaselineRevision | None = None) -> list[EffectiveApp]:
    """What the school's computers get, apart from class groups and single computers with entries of their own."""
    return _effective(_entries(revision).filter(_containers_of_school(school)), Platform.values)


def effective_for_container(profile: SoftwareProfile, revision: BaselineRevision | None = None) -> list[EffectiveApp]:
    """What the computers get that are in no nearer container. The container's owner must be loaded."""
    owner = profile.owner
    if isinstance(owner, Device):
        return effective_for_device(owner, revision)
    held_by = Q(profile__municipality__isnull=False)
    if isinstance(owner, SchoolForm):
        held_by |= Q(profile__school_form=owner.pk)
    elif isinstance(owner, School):
        held_by = _containers_of_school(owner)
    elif isinstance(owner, ClassGroup):
        held_by = _containers_of_school(owner.school) | Q(profile__class_group=owner.pk)
    return _effective(_entries(revision).filter(held_by), Platform.values)


def _entries(revision: BaselineRevision | None) -> QuerySet[BaselineEntry]:
    named = BaselineEntry.objects.select_related(
        "application",
        "version",
        "decision__exception",
        "revision__baseline__semester",
        "revision__decided_by",
        *NAMES_OF_CONTAINERS,
    )
    entries = with_origin(named)
    if revision is None:
        return entries.filter(revision__status=BaselineRevision.Status.ACTIVE)
    return entries.filter(revision=revision)


def _effective(found: Iterable[BaselineEntry], platforms: Iterable[str]) -> list[EffectiveApp]:
    entries = {entry.pk: entry for entry in found}
    effective = effective_software(rule_of(entry) for entry in entries.values())
    versions = Versions.load({entry.application_id for entry in entries.values()})
    losers = {conflict.application_id: conflict.losers for conflict in effective.conflicts}
    apps = [
        EffectiveApp(
            application=entries[outcome.rule.entry_id].application,
            intent=outcome.intent,
            versions=versions.pick_each(outcome.application_id, outcome.version_id, platforms),
            reason=entries[outcome.rule.entry_id],
            origin=origin_of(entries[outcome.rule.entry_id]),
            overruled=tuple(entries[rule.entry_id] for rule in outcome.overruled),
            conflicting=tuple(entries[rule.entry_id] for rule in losers.get(outcome.application_id, ())),
        )
        for outcome in effective.outcomes.values()
    ]
    return sorted(apps, key=lambda app: app.application.name.casefold())


def _containers_of_school(school: School) -> Q:
    return (
        Q(profile__municipality__isnull=False)
        | Q(profile__school_form=school.school_form_id)
        | Q(profile__school=school.pk)
    )


def _containers_of_device(device: Device) -> Q:
    """The containers that hold the computer; a class group counts in its own school only."""
    own = Q(profile__device=device.pk)
    if device.school:
        in_class = Q(profile__class_group=device.class_group_id, profile__class_group__school=device.school_id)
        return _containers_of_school(device.school) | in_class | own
    form_id = _form_by_group_tag(device.observed_group_tag)
    return Q(profile__municipality__isnull=False) | Q(profile__school_form=form_id) | own


def _form_by_group_tag(tag: str) -> int:
    """The school form with the longest prefix that begins the group tag; 0, which is no form's key, without one."""
    forms = SchoolForm.objects.values_list("group_tag_prefix", "pk")
    return max(((len(prefix), pk) for prefix, pk in forms if tag.startswith(prefix)), default=(0, 0))[1]
