"""The entries of a revision as people read them: container by container, in the shape of the tree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deployments.models import BaselineEntry, SoftwareProfile
from schools.models import School


@dataclass(frozen=True)
class Container:
    """`above` are the names of the containers around it, the widest (the municipality) left out."""

    profile: SoftwareProfile
    above: tuple[str, ...]
    entries: tuple[BaselineEntry, ...]

    @property
    def depth(self) -> int:
        return self.profile.level


def containers(entries: Iterable[BaselineEntry]) -> list[Container]:
    """Each container after the one around it. `profile`'s owner, its school and school form must be loaded."""
    by_profile: dict[int, list[BaselineEntry]] = {}
    profiles: dict[int, SoftwareProfile] = {}
    for entry in entries:
        profiles[entry.profile_id] = entry.profile
        by_profile.setdefault(entry.profile_id, []).append(entry)
    found = [Container(profile, around(profile), tuple(by_profile[pk])) for pk, profile in profiles.items()]
    return sorted(found, key=lambda each: ((*each.above, str(each.profile)) if each.depth else (), each.profile.pk))


def around(profile: SoftwareProfile) -> tuple[str, ...]:
    owner = profile.owner
    if isinstance(owner, School):
        return (str(owner.school_form),)
    school = None if profile.level <= SoftwareProfile.Level.SCHOOL_FORM else getattr(owner, "school", None)
    return (str(school.school_form), str(school)) if school else ()
