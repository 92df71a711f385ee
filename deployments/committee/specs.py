"""What a proposal means for a baseline: the entries that it puts, changes or takes away."""

from __future__ import annotations

from collections.abc import Iterator

from deployments.models import BaselineEntry, BaselineRevision, Proposal, SoftwareProfile
from deployments.models.profiles import NAMES_OF_CONTAINERS
from deployments.services.amendments import EntrySpec

Kind = Proposal.Kind
ADD, REMOVE = BaselineEntry.Action.ADD, BaselineEntry.Action.REMOVE


def specs_of(proposal: Proposal) -> list[EntrySpec]:
    """On top of the revision that is active now; `proposal` may be one that is not stored, for a container that is not
    either. One query for a change of scope, else none."""
    if proposal.kind == Kind.REMOVE:
        return [EntrySpec(proposal.profile, proposal.application, REMOVE, intent="")]
    given = EntrySpec(proposal.profile, proposal.application, ADD, proposal.intent, proposal.version)
    if proposal.kind == Kind.REPLACE and proposal.replaces:
        return [EntrySpec(proposal.profile, proposal.replaces, REMOVE, intent=""), given]
    if proposal.kind == Kind.SCOPE:
        return [*_elsewhere(given), given]
    if proposal.kind == Kind.PROFILE and proposal.moved_from:
        return [_left_behind(proposal.moved_from, given), given]
    return [given]


def _elsewhere(given: EntrySpec) -> Iterator[EntrySpec]:
    """A new scope ends the former ones: containers inside the new one follow it, all others do without."""
    entries = (
        BaselineEntry.objects.filter(
            revision__status=BaselineRevision.Status.ACTIVE, application=given.application, action=ADD
        )
        .exclude(profile=given.profile.pk or 0)
        .select_related(*NAMES_OF_CONTAINERS)
        .order_by("-profile__level", "pk")
    )
    for entry in entries:
        yield _left_behind(entry.profile, given)


def _left_behind(former: SoftwareProfile, given: EntrySpec) -> EntrySpec:
    """What a container says whose rule now stands elsewhere."""
    if is_within(former, given.profile):
        return EntrySpec(former, given.application, ADD, given.intent, given.version)
    return EntrySpec(former, given.application, REMOVE, intent="")


def is_within(inner: SoftwareProfile, outer: SoftwareProfile) -> bool:
    """Whether all computers of `inner` are in `outer`; both with their owners loaded."""
    if outer.kind == "municipality":
        return True
    return (outer.kind, getattr(outer, f"{outer.kind}_id")) in set(_around(inner))


def _around(profile: SoftwareProfile) -> Iterator[tuple[str, int | None]]:
    """The container and those around it below the municipality, as (level's column, owner's key)."""
    device, group, school = profile.device, profile.class_group, profile.school
    if device is not None:
        yield "device", device.pk
        group, school = device.class_group, device.school
    if group is not None:
        yield "class_group", group.pk
        school = school or group.school
    if school is not None:
        yield "school", school.pk
    yield "school_form", school.school_form_id if school is not None else profile.school_form_id
