"""What one revision says that another does not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deployments.models import Application, BaselineEntry, BaselineRevision, SoftwareProfile
from deployments.models.profiles import OWNER_OF_LEVEL

Place = tuple[int, int]
"""Profile id and application id: at most one entry of a revision has both."""


@dataclass(frozen=True)
class Difference:
    """`before` None: the container said nothing of the application; `after` None: it says nothing any more."""

    before: BaselineEntry | None
    after: BaselineEntry | None

    @property
    def profile(self) -> SoftwareProfile:
        return self._either.profile

    @property
    def application(self) -> Application:
        return self._either.application

    @property
    def place(self) -> Place:
        return place_of(self._either)

    @property
    def _either(self) -> BaselineEntry:
        entry = self.after or self.before
        if entry is None:
            raise ValueError("A difference has at least one side")
        return entry


def place_of(entry: BaselineEntry) -> Place:
    return entry.profile_id, entry.application_id


def entries_of(revision: BaselineRevision | None) -> list[BaselineEntry]:
    """With all that their sentence needs; one query. From the widest container to the nearest, then by application."""
    if revision is None:
        return []
    owners = [f"profile__{owner}" for owner in OWNER_OF_LEVEL.values()]
    entries = revision.entries.select_related("application", "version", *owners)
    return sorted(
        entries, key=lambda entry: (entry.profile.level, str(entry.profile), entry.application.name.casefold())
    )


def differences(before: Iterable[BaselineEntry], after: Iterable[BaselineEntry]) -> list[Difference]:
    """By container and application, as `entries_of` orders them."""
    former = {place_of(entry): entry for entry in before}
    latter = {place_of(entry): entry for entry in after}
    places = [*former, *(place for place in latter if place not in former)]
    found = [Difference(former.get(place), latter.get(place)) for place in places]
    changed = [difference for difference in found if _says(difference.before) != _says(difference.after)]
    return sorted(changed, key=lambda each: (each.profile.level, str(each.profile), each.application.name.casefold()))


def _says(entry: BaselineEntry | None) -> tuple[str, str, int | None] | None:
    return (entry.action, entry.intent, entry.version_id) if entry else None
