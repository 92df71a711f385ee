"""Keeps the members and names of the portal's groups: a computer that moves between class groups moves between their
groups, and a class group that is renamed has a group of that name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from deployments.effects import in_ring_groups
from deployments.models import ChangeSet, RingGroupMember
from fleet.models import Device
from intune_sync.models import IntuneGroup, KeptGroup, Operation
from intune_sync.push.kept_groups import Owner, column_of, group_id, group_name, members_digest, says_something

TRY_AGAIN_AFTER = timedelta(minutes=5)
"""For the same members and name, when the last try failed or some of them were not in Entra yet."""


@dataclass(frozen=True)
class Wanted:
    """What a group shall be: `members` is a digest."""

    members: str = ""
    name: str = ""


def put_operation(
    owner: Owner, change_set: ChangeSet | None = None, wanted: Wanted | None = None, *, stage: int = 0
) -> None:
    """Let a worker look after the group, before the apps of `change_set` are written. One that waits already is taken
    over by the change set."""
    of = column_of(owner)
    waiting = Operation.objects.open().filter(kind=Operation.Kind.GROUP, **of)
    lane = lane_of(change_set.pk) if change_set else "groups"
    if waiting.update(change_set=change_set, lane=lane, stage=stage) if change_set else waiting.exists():
        return
    new = Operation(
        kind=Operation.Kind.GROUP,
        change_set=change_set,
        desired=asdict(wanted or Wanted()),
        lane=lane,
        stage=stage,
        **of,
    )
    with suppress(IntegrityError), transaction.atomic():
        new.save(force_insert=True)


def created_by_others(change_set: ChangeSet, profiles: Iterable[int]) -> QuerySet[Operation]:
    """Groups of these containers that another change is creating; they stay with that one until they are there."""
    creating = Operation.objects.open().filter(kind=Operation.Kind.GROUP, profile__in=list(profiles))
    return creating.filter(change_set__isnull=False).exclude(change_set=change_set)


def lane_of(change_set_id: int) -> str:
    """In which the operations of a change wait for their turn, beside those of others."""
    return f"change:{change_set_id}"


def sweep(now: datetime) -> int:
    """An operation for each group that is no longer as it was confirmed, or that Entra had otherwise at the last
    reading; how many there were.

    Four queries, five with rings, and only when the portal keeps any group.
    """
    kept = kept_groups()
    if not kept:
        return 0
    members, seen, tried = members_by_owner(kept), _seen(map(_id, kept)), _tried_lately(now)
    differing = 0
    for group in kept:
        key = (group.profile_id, group.ring_group_id)
        digest = members_digest(device_id for device_id, _object_id in members[key])
        wanted = Wanted(digest, group_name(owner_of(group)))
        is_right = wanted.members == group.members_digest and _looks_right(seen.get(_id(group)), group, wanted)
        if _id(group) and not is_right and (key, wanted) not in tried:
            put_operation(owner_of(group), wanted=wanted)
            differing += 1
    return differing


_Key = tuple[int | None, int | None]
"""Container or ring group."""


def kept_groups() -> list[KeptGroup]:
    """All of them, with what they are kept for; one query."""
    owners = ("profile__class_group__school", "profile__device__school", "ring_group__ring")
    return list(KeptGroup.objects.select_related(*owners))


def owner_of(group: KeptGroup) -> Owner:
    return cast(Owner, group.profile or group.ring_group)


def _looks_right(seen: IntuneGroup | None, group: KeptGroup, wanted: Wanted) -> bool:
    """Somebody may have changed it in Entra. Of a group that was never read nothing is known."""
    if seen is None:
        return True
    return (
        seen.missing_since is None
        and seen.display_name == wanted.name
        and seen.member_count in (None, group.member_count)
    )


def _id(group: KeptGroup) -> UUID | None:
    return group_id(owner_of(group))


def members_by_owner(kept: Iterable[KeptGroup]) -> dict[_Key, list[tuple[UUID | None, UUID | None]]]:
    """Entra device id and directory object of the same computers as `kept_groups.members_of`."""
    here = Device.objects.filter(missing_since=None).exclude(lifecycle=Device.Lifecycle.RETIRED)
    in_class = here.filter(class_group__school=F("school"), class_group__softwareprofile__kept_group__isnull=False)
    alone = here.filter(says_something(), softwareprofile__kept_group__isnull=False)
    found: dict[_Key, list[tuple[UUID | None, UUID | None]]] = defaultdict(list)
    for profile, *ids in (
        *in_class.values_list("class_group__softwareprofile", "entra_device_id", "entra_object_id"),
        *alone.values_list("softwareprofile", "entra_device_id", "entra_object_id"),
    ):
        found[profile, None].append((ids[0], ids[1]))
    if rings := [group.ring_group_id for group in kept if group.ring_group_id]:
        belong = in_ring_groups(RingGroupMember.objects.filter(group__in=rings, device__in=here))
        for ring, *ids in belong.values_list("group", "device__entra_device_id", "device__entra_object_id"):
            found[None, ring].append((ids[0], ids[1]))
    return found


def _seen(group_ids: Iterable[UUID | None]) -> dict[UUID | None, IntuneGroup]:
    """The groups as Entra had them at the last reading, by id."""
    return {
        each.graph_id: each for each in IntuneGroup.objects.filter(graph_id__in=[each for each in group_ids if each])
    }


def _tried_lately(now: datetime) -> set[tuple[_Key, Wanted]]:
    lately = Operation.objects.filter(kind=Operation.Kind.GROUP, change_set=None, finished_at__gt=now - TRY_AGAIN_AFTER)
    return {((each.profile_id, each.ring_group_id), Wanted(**each.desired)) for each in lately}
