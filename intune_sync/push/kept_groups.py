"""The Entra groups that the portal itself keeps: one for each class group, for each computer with a container, and
those of a roll-out's rings.

They are static; who is in them follows the portal's own tables. Until one exists, its mail nickname stands for its id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from deployments.effects import in_ring_groups
from deployments.models import BaselineEntry, BaselineRevision, RingGroup, SoftwareProfile
from deployments.organisation import Organisation
from deployments.targets import NodeKey, Target
from fleet.models import Device
from intune_sync.models import KeptGroup
from intune_sync.payloads.aims import group_of
from intune_sync.payloads.members import MOST_LETTERS
from intune_sync.push.merge import Raw, digest
from intune_sync.push.plan import NewGroup
from schools.models import ClassGroup

Owner = SoftwareProfile | RingGroup
"""What a group is kept for."""
WORD_OF_KIND = {"class_group": "class", "device": "device", "ring": "ring"}
_NICKNAME = re.compile(r"terminsklar-(class|device|ring)-(\d+)")


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
    group_id = None if target.kind == "ring" else organisation.group_id(target)
    return nickname_of(target.node) if group_id is None else str(group_id)


def new_groups(nicknames: Iterable[str]) -> list[NewGroup]:
    """Those of the containers' groups that do not exist yet, by nickname; their containers are there already."""
    return [_new_group(nickname) for nickname in sorted(set(nicknames))]


def _new_group(nickname: str) -> NewGroup:
    owner = owner_with(nickname)
    return NewGroup(nickname, group_name(owner), owner.pk, members_of(owner).count())


def nicknames_in(assignments: Iterable[Raw]) -> set[str]:
    """The groups that these assignments aim at and that do not exist yet."""
    return {group for raw in assignments if (group := group_of(raw)) and node_of(group)}


def with_group_ids(assignments: Sequence[Raw]) -> list[Raw] | None:
    """The assignments with ids in place of nicknames; None while one of the groups does not exist, or a ring's was
    never filled."""
    ids = {nickname: _ready(owner_with(nickname)) for nickname in nicknames_in(assignments)}
    if None in ids.values():
        return None
    return [_with_id(raw, ids) for raw in assignments]


def _ready(owner: Owner) -> UUID | None:
    """A ring's group that stands in a list before its computers are in it would let some of them go without."""
    if isinstance(owner, RingGroup) and not KeptGroup.objects.filter(ring_group=owner, verified_at__isnull=False):
        return None
    return group_id(owner)


def _with_id(raw: Raw, ids: dict[str, UUID | None]) -> Raw:
    known = ids.get(group_of(raw) or "")
    return {**raw, "target": {**raw["target"], "groupId": str(known)}} if known else raw


def owner_with(nickname: str) -> Owner:
    """Raises DoesNotExist."""
    kind, pk = node_of(nickname) or ("device", 0)
    if kind == "ring":
        return RingGroup.objects.select_related("ring").get(pk=pk)
    of: dict[str, Any] = {kind: pk}
    return SoftwareProfile.objects.select_related("class_group__school", "device__school").get(**of)


def column_of(owner: Owner) -> dict[str, Any]:
    """By which an operation or a kept group names it."""
    return {"ring_group" if isinstance(owner, RingGroup) else "profile": owner}


def nickname(owner: Owner) -> str:
    return owner.mail_nickname if isinstance(owner, RingGroup) else nickname_of((owner.kind, owner.owner.pk))


def group_name(owner: Owner) -> str:
    """As administrators see it in Entra: the container, and the school it belongs to; or the ring."""
    if isinstance(owner, RingGroup):
        return _ring_name(owner)
    school = getattr(owner.owner, "school", None)
    return (f"Terminsklar {owner.owner}" + (f", {school}" if school else ""))[:MOST_LETTERS].rstrip()


def _ring_name(group: RingGroup) -> str:
    """In the municipality's own language, whoever's act makes the group."""
    with translation.override(settings.LANGUAGE_CODE):
        if group.ring:
            said = {"rollout": group.rollout_id, "ring": group.ring.number}
            name = _("Terminsklar roll-out %(rollout)s, ring %(ring)s") % said
        else:
            name = _("Terminsklar roll-out %(rollout)s, as before") % {"rollout": group.rollout_id}
    return f"{name} ({group.part})" if group.part > 1 else name


def group_id(owner: Owner) -> UUID | None:
    if isinstance(owner, SoftwareProfile) and owner.class_group:
        return owner.class_group.entra_group_id
    return owner.entra_group_id


def owners_of(value: UUID) -> list[Owner]:
    """What the group with this id is kept for: one thing, or nothing."""
    profiles = SoftwareProfile.objects.select_related("class_group__school", "device__school")
    mine = Q(class_group__entra_group_id=value) | Q(class_group=None, entra_group_id=value)
    rings = RingGroup.objects.select_related("ring").filter(entra_group_id=value)
    return [*profiles.filter(mine, kept_group__isnull=False), *rings.filter(kept_group__isnull=False)]


def set_group_id(owner: Owner, value: UUID | None) -> None:
    if isinstance(owner, RingGroup):
        RingGroup.objects.filter(pk=owner.pk).update(entra_group_id=value)
    elif owner.class_group_id:
        ClassGroup.objects.filter(pk=owner.class_group_id).update(entra_group_id=value)
    else:
        SoftwareProfile.objects.filter(pk=owner.pk).update(entra_group_id=value)


def members_of(owner: Owner) -> QuerySet[Device]:
    """The computers that belong in the group: those of a class group in its own school, the one computer while
    something is decided for it, or those of a ring that have been let in."""
    here = Device.objects.filter(missing_since=None).exclude(lifecycle=Device.Lifecycle.RETIRED)
    if isinstance(owner, RingGroup):
        return here.filter(pk__in=in_ring_groups(owner.members.all()).values("device"))
    if owner.class_group_id:
        return here.filter(class_group=owner.class_group_id, class_group__school=F("school"))
    return here.filter(says_something(), pk=owner.device_id or 0)


def says_something() -> Exists:
    """Of computers: whether anything in force, or newly on its way, is in their own container."""
    entries = BaselineEntry.objects.filter(profile__device=OuterRef("pk"))
    before = BaselineEntry.objects.filter(profile=OuterRef("profile"), revision=OuterRef("revision__based_on"))
    Status = BaselineRevision.Status
    coming = Q(revision__status__in=[Status.PROPOSED, Status.DECIDED, Status.SCHEDULED]) & ~Exists(before)
    return Exists(entries.filter(Q(revision__status=Status.ACTIVE) | coming))


def members_digest(entra_device_ids: Iterable[UUID | None]) -> str:
    """Changes when somebody comes or goes whom Entra knows."""
    return digest(sorted(str(each) for each in entra_device_ids if each))
