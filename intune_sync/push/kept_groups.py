"""The Entra groups that the portal itself keeps: one for each class group, and for each computer with a container.

They are static; who is in them follows the portal's own tables. Until one exists, its mail nickname stands for its id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

from deployments.models import SoftwareProfile
from deployments.organisation import Organisation
from deployments.targets import NodeKey, Target
from fleet.models import Device
from intune_sync.payloads.aims import group_of
from intune_sync.payloads.members import MOST_LETTERS
from intune_sync.push.merge import Raw, digest
from intune_sync.push.plan import NewGroup
from schools.models import ClassGroup

WORD_OF_KIND = {"class_group": "class", "device": "device"}
_NICKNAME = re.compile(r"terminsklar-(class|device)-(\d+)")


def nickname_of(key: NodeKey) -> str:
    """By which the group is found again, whatever people call it: ("class_group", 12) → terminsklar-class-12."""
    kind, pk = key
    return f"terminsklar-{WORD_OF_KIND[kind]}-{pk}"


def node_of(nickname: str) -> NodeKey | None:
    """None for anything that is not such a nickname, such as a group's id."""
    found = _NICKNAME.fullmatch(nickname)
    if found is None:
        return None
    kind = next(kind for kind, word in WORD_OF_KIND.items() if word == found[1])
    return kind, int(found[2])


def group_reference(target: Target, organisation: Organisation) -> str:
    """The id of the target's group, or the nickname of one that is still to be created."""
    group_id = organisation.group_id(target)
    return nickname_of(target.node) if group_id is None else str(group_id)


def new_groups(nicknames: Iterable[str]) -> list[NewGroup]:
    """Those of the groups that do not exist yet, by nickname; their containers are there already."""
    return [_new_group(nickname) for nickname in sorted(set(nicknames))]


def _new_group(nickname: str) -> NewGroup:
    profile = profile_with(nickname)
    return NewGroup(nickname, group_name(profile), profile.pk, members_of(profile).count())


def nicknames_in(assignments: Iterable[Raw]) -> set[str]:
    """The groups that these assignments aim at and that do not exist yet."""
    return {group for raw in assignments if (group := group_of(raw)) and node_of(group)}


def with_group_ids(assignments: Sequence[Raw]) -> list[Raw] | None:
    """The assignments with ids in place of nicknames; None while one of the groups does not exist."""
    ids = {nickname: group_id(profile_with(nickname)) for nickname in nicknames_in(assignments)}
    if None in ids.values():
        return None
    return [_with_id(raw, ids) for raw in assignments]


def _with_id(raw: Raw, ids: dict[str, UUID | None]) -> Raw:
    known = ids.get(group_of(raw) or "")
    return {**raw, "target": {**raw["target"], "groupId": str(known)}} if known else raw


def profile_with(nickname: str) -> SoftwareProfile:
    """Raises SoftwareProfile.DoesNotExist."""
    kind, pk = node_of(nickname) or ("device", 0)
    owner: dict[str, Any] = {kind: pk}
    return SoftwareProfile.objects.select_related("class_group__school", "device__school").get(**owner)


def nickname(profile: SoftwareProfile) -> str:
    return nickname_of((profile.kind, profile.owner.pk))


def group_name(profile: SoftwareProfile) -> str:
    """As administrators see it in Entra: the container, and the school it belongs to."""
    school = getattr(profile.owner, "school", None)
    return (f"Terminsklar {profile.owner}" + (f", {school}" if school else ""))[:MOST_LETTERS].rstrip()


def group_id(profile: SoftwareProfile) -> UUID | None:
    return profile.class_group.entra_group_id if profile.class_group else profile.entra_group_id


def set_group_id(profile: SoftwareProfile, value: UUID | None) -> None:
    if profile.class_group_id:
        ClassGroup.objects.filter(pk=profile.class_group_id).update(entra_group_id=value)
    else:
        SoftwareProfile.objects.filter(pk=profile.pk).update(entra_group_id=value)


def members_of(profile: SoftwareProfile) -> QuerySet[Device]:
    """The computers that belong in the group: those of a class group in its own school, or the one computer."""
    here = Device.objects.filter(missing_since=None).exclude(lifecycle=Device.Lifecycle.RETIRED)
    if profile.class_group_id:
        return here.filter(class_group=profile.class_group_id, class_group__school=F("school"))
    return here.filter(pk=profile.device_id or 0)


def members_digest(entra_device_ids: Iterable[UUID | None]) -> str:
    """Changes when somebody comes or goes whom Entra knows."""
    return digest(sorted(str(each) for each in entra_device_ids if each))
