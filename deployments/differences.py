"""What one revision says that another does not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from deployments.models import Application, BaselineEntry, BaselineRevision, SoftwareProfile
from deployments.models.profiles import NAMES_OF_CONTAINERS
from schools.models import User

Place = tuple[int, int]
"""Profile id and application id: at most one entry of a revision has both."""


@dataclass(frozen=True)
class Difference:
    """`before` None: the container said nothing of the application; `after` None: it says nothing any more."""

    before: BaselineEntry | None
    after: BaselineEntry | None

    @property
    def profile(self) -> SoftwareProfile:
        return self.entry.profile

    @property
    def application(self) -> Application:
        return self.entry.application

    @property
    def place(self) -> Place:
        return place_of(self.entry)

    @property
    def entry(self) -> BaselineEntry:
        """What is said now, or was said last."""
        entry = self.after or self.before
        if entry is None:
            raise ValueError("A difference has at least one side")
        return entry


def place_of(entry: BaselineEntry) -> Place:
    return entry.profile_id, entry.application_id


def entries_visible_to(user: User) -> QuerySet[BaselineEntry]:
    """With all that their sentences need: entries of containers and of revisions that this person may see."""
    return _with_names(
        BaselineEntry.objects.filter(
            profile__in=SoftwareProfile.objects.visible_to(user).order_by(),
            revision__in=BaselineRevision.objects.visible_to(user).order_by(),
        )
    )


def entries_of(revision: BaselineRevision | None) -> list[BaselineEntry]:
    """One query. From the widest container to the nearest, then by application."""
    return sorted(_with_names(revision.entries.all()), key=reading_order) if revision else []


def reading_order(entry: BaselineEntry) -> tuple[int, str, str]:
    return entry.profile.level, str(entry.profile), entry.application.name.casefold()


def _with_names(entries: QuerySet[BaselineEntry]) -> QuerySet[BaselineEntry]:
    return entries.select_related(
        "application", "capability", "version", "decision", "revision__baseline__semester", *NAMES_OF_CONTAINERS
    )


def differences(
    before: Iterable[BaselineEntry], after: Iterable[BaselineEntry], *, with_grounds: bool = False
) -> list[Difference]:
    """By container and application, as `entries_of` orders them. With grounds, the same words by another decision
    differ too."""
    former = {place_of(entry): entry for entry in before}
    latter = {place_of(entry): entry for entry in after}
    places = [*former, *(place for place in latter if place not in former)]
    found = [Difference(former.get(place), latter.get(place)) for place in places]
    says = _says_on_what_ground if with_grounds else _says
    changed = [difference for difference in found if says(difference.before) != says(difference.after)]
    return sorted(changed, key=lambda each: reading_order(each.entry))


def _says(entry: BaselineEntry | None) -> tuple[str, str, int | None] | None:
    return (entry.action, entry.intent, entry.version_id) if entry else None


def _says_on_what_ground(entry: BaselineEntry | None) -> tuple[int | None, int | None, object]:
    return (entry.decision_id, entry.capability_id, _says(entry)) if entry else (None, None, None)
