"""What stands in the way of a change: computers too small, installations that fail, containers that are not reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deployments.models import Application, AppVersion, InstallStatus, SoftwareProfile
from deployments.models.profiles import OWNER_OF_LEVEL
from deployments.targets import NodeKey
from fleet.models import Device
from fleet.models.hardware import model_name
from schools.models import School

State = InstallStatus.State
MB = 1024 * 1024
OWNERS_WITH_NAMES = [*OWNER_OF_LEVEL.values(), "class_group__school"]


@dataclass(frozen=True)
class ModelLack:
    """Computers of one model that are to install a version and lack `what` ("disk" or "memory") for it."""

    version: AppVersion
    model: str
    what: str
    needed_mb: int
    computers: int

    def __str__(self) -> str:
        said = {"version": self.version, "model": self.model, "count": self.computers, "needed": self.needed_mb}
        if self.what == "disk":
            return (
                ngettext(
                    "%(count)d computer (%(model)s) has less than the %(needed)d MB that %(version)s takes.",
                    "%(count)d computers (%(model)s) have less than the %(needed)d MB that %(version)s takes.",
                    self.computers,
                )
                % said
            )
        return (
            ngettext(
                "%(count)d computer (%(model)s) has less memory than the %(needed)d MB that %(version)s needs.",
                "%(count)d computers (%(model)s) have less memory than the %(needed)d MB that %(version)s needs.",
                self.computers,
            )
            % said
        )


@dataclass(frozen=True)
class FailureRate:
    version: AppVersion
    installed: int
    failed: int

    @property
    def percent(self) -> int:
        return round(100 * self.failed / (self.installed + self.failed))


@dataclass(frozen=True)
class Obstacle:
    """`reason`: "no_group", "app_type", "no_version" (computers of a platform that the application has none for), or
    "nearer" when a nearer container goes on saying something else."""

    application: Application
    container: str
    reason: str

    def __str__(self) -> str:
        sentences = {
            "no_group": _("%(container)s has no Entra group yet, so %(application)s cannot reach it."),
            "app_type": _(
                "Intune can offer only Win32 apps to groups of computers, and %(application)s is of another type."
            ),
            "no_version": _("%(application)s has no version for %(container)s, so those computers go without."),
            "nearer": _("%(container)s goes on with its own entry for %(application)s."),
        }
        return sentences[self.reason] % {"application": self.application, "container": self.container}


def models_lacking(installed: Mapping[int, AppVersion], computers: Mapping[int, set[int]]) -> tuple[ModelLack, ...]:
    """`computers` that would install, by version id. One query; none when no version says what it needs."""
    needs = {pk: (_disk_mb(version), version.minimum_memory_mb or 0) for pk, version in installed.items()}
    every = {device for pk, devices in computers.items() if any(needs[pk]) for device in devices}
    if not every:
        return ()
    columns = ("pk", "storage_free_bytes", "hardware_model__memory_mb")
    named = ("hardware_model__manufacturer", "hardware_model__name")
    facts = {row[0]: row for row in Device.objects.filter(pk__in=every).values_list(*columns, *named)}
    lacking: Counter[tuple[int, str, str]] = Counter()
    for pk, devices in computers.items():
        disk_mb, memory_mb = needs[pk]
        for device in devices & facts.keys():
            _pk, free, memory, maker, name = facts[device]
            if free is not None and free < disk_mb * MB:
                lacking[pk, model_name(maker, name), "disk"] += 1
            if memory is not None and memory < memory_mb:
                lacking[pk, model_name(maker, name), "memory"] += 1
    return tuple(
        ModelLack(installed[pk], model, what, needs[pk][what == "memory"], count)
        for (pk, model, what), count in sorted(lacking.items())
    )


def _disk_mb(version: AppVersion) -> int:
    """What it says it needs, at least the installer itself."""
    return max(version.minimum_disk_mb or 0, (version.size_bytes or 0) // MB)


def failure_rates(installed: Mapping[int, AppVersion]) -> tuple[FailureRate, ...]:
    """Of each version that some computer has tried, the worst first. One query."""
    failed, done = Q(state__in=[State.FAILED, State.UNINSTALL_FAILED]), Q(state=State.INSTALLED)
    rows = (
        InstallStatus.objects.filter(done | failed, app_version__in=list(installed))
        .order_by()
        .values_list("app_version")
        .annotate(installed=Count("pk", filter=done), failed=Count("pk", filter=failed))
    )
    rates = [FailureRate(installed[pk], done_count, failed_count) for pk, done_count, failed_count in rows]
    return tuple(sorted(rates, key=lambda rate: (-rate.percent, str(rate.version))))


def unreachable(new: Mapping[int, set[NodeKey]], applications: Mapping[int, Application]) -> tuple[Obstacle, ...]:
    """Schools whose group nobody knows, of the containers with a new rule by application id. One query."""
    schools = {key for places in new.values() for kind, key in places if kind == "school"}
    missing = dict(School.objects.filter(pk__in=schools, entra_group_id=None).values_list("pk", "name"))
    return tuple(
        Obstacle(applications[application_id], missing[key], "no_group")
        for application_id, places in sorted(new.items())
        for kind, key in sorted(places)
        if kind == "school" and key in missing
    )


def contrary(overruling: set[tuple[int, int]], applications: Mapping[int, Application]) -> tuple[Obstacle, ...]:
    """Application and profile ids whose own entry overrules a new one, in words. One query, or none."""
    wanted = {profile_id for _application, profile_id in overruling}
    found = SoftwareProfile.objects.select_related(*OWNERS_WITH_NAMES)
    profiles = found.in_bulk(list(wanted)) if wanted else {}
    return tuple(
        Obstacle(applications[application_id], str(profiles[profile_id]), "nearer")
        for application_id, profile_id in sorted(overruling)
        if profile_id in profiles
    )
