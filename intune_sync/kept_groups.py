"""The Entra groups that the portal itself keeps: one for each class group, and for each computer with a container.

They are static; who is in them follows the portal's own tables. Until one exists, its mail nickname stands for its id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, QuerySet

from deployments.models import SoftwareProfile
from deployments.organisation import Organisation
from deployments.targets import NodeKey, Target
from fleet.models import Device
from schools.models import ClassGroup

WORD_OF_KIND = {"class_group": "class", "device": "device"}
_NICKNAME = re.compile(r"terminsklar-(class|device)-(\d+)")


@dataclass(frozen=True)
class NewGroup:
    """A group that does not exist yet; `members` counts its computers."""

    nickname: str
    name: str
    profile_id: int
    members: int


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


def profile_with(nickname: str) -> SoftwareProfile:
    """Raises SoftwareProfile.DoesNotExist."""
    kind, pk = node_of(nickname) or ("device", 0)
    related = SoftwareProfile.objects.select_related("class_group__school", "device__school")
    return related.get(**{kind: pk})


def nickname(profile: SoftwareProfile) -> str:
    return nickname_of((profile.kind, profile.owner.pk))


def group_name(profile: SoftwareProfile) -> str:
    """As administrators see it in Entra: the container, and the school it belongs to."""
    school = getattr(profile.owner, "school", None)
    return f"Terminsklar {profile.owner}" + (f", {school}" if school else "")


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
    return here.filter(pk=profile.device_id)
