"""Whose computers a difference is about. Rows keep it as `{"include": [["school", 7]], "exclude": …, "platform": …}` or
`{"objects": [directory objects]}`; of a roll-out `["ring", 3]`, the key of the ring's group. One query serves the
count, the list and the schools."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

from deployments.effects import in_ring_groups
from deployments.models import RingGroupMember
from deployments.placement import class_in_own_school, form_by_group_tag
from deployments.targets import NodeKey
from fleet.models import Device
from intune_sync.push.snapshot import load_rings

Reach = dict[str, Any]


def reach_of(
    include: Iterable[NodeKey | None], exclude: Iterable[NodeKey | None] = (), platform: str | None = None
) -> Reach:
    """Nodes that are None (groups that the portal does not know) reach nobody that it could name."""
    return {
        "include": [list(node) for node in sorted({each for each in include if each})],
        "exclude": [list(node) for node in sorted({each for each in exclude if each})],
        "platform": platform,
    }


def ring_groups() -> dict[UUID, NodeKey]:
    """Groups of roll-outs that are in Entra, beside those of containers."""
    return {group_id: ("ring", group.pk) for group_id, group in load_rings().items()}


def devices_of(reach: Reach) -> QuerySet[Device]:
    """Computers that Autopilot or Intune has."""
    here = Device.objects.filter(missing_since=None).exclude(lifecycle=Device.Lifecycle.RETIRED)
    if "objects" in reach:
        return here.filter(entra_object_id__in=reach["objects"])
    nodes = [tuple(node) for node in reach.get("include", [])]
    if not nodes:
        return here.none()
    here = here.annotate(own_form=form_by_group_tag(), in_class=class_in_own_school())
    here = here.filter(_in(nodes))
    if taken_out := [tuple(node) for node in reach.get("exclude", [])]:
        here = here.exclude(pk__in=_all().filter(_in(taken_out)).values("pk"))
    return here.filter(platform=reach["platform"]) if reach.get("platform") else here


def _all() -> QuerySet[Device]:
    return Device.objects.annotate(own_form=form_by_group_tag(), in_class=class_in_own_school())


def _in(nodes: Sequence[tuple[str, int]]) -> Q:
    """In one of the groups; as `deployments.effects` places computers."""
    found = Q()
    for kind, key in nodes:
        match kind:
            case "municipality":
                found |= Q(pk__isnull=False)
            case "school_form":
                found |= Q(school__school_form=key) | Q(school=None, own_form=key)
            case "school":
                found |= Q(school=key)
            case "class_group":
                found |= Q(in_class=key)
            case "ring":
                members = in_ring_groups(RingGroupMember.objects.filter(group=key))
                found |= Q(pk__in=members.values("device"))
            case _:
                found |= Q(pk=key)
    return found


def school_ids(reach: Reach) -> list[int]:
    """Schools with computers that it is about."""
    devices = devices_of(reach).exclude(school=None).order_by()
    return list(devices.annotate(at=F("school_id")).values_list("at", flat=True).distinct())
