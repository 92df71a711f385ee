"""Which computers a change of targets touches, and how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from deployments.desired import desired_state
from deployments.models import AppVersion, BaselineRevision, ChangeTarget, RingGroupMember, RingMember
from deployments.organisation import load_organisation
from deployments.placement import class_in_own_school, form_by_group_tag, own_container
from deployments.targets import Groups, Target, intent_for
from deployments.versions import Versions
from fleet.models import Device
from schools.models import Municipality

TargetsByVersion = Mapping[int, tuple[Target, ...]]
EFFECT_OF_INTENT = {
    "required": ChangeTarget.Effect.INSTALL,
    "available": ChangeTarget.Effect.OFFER,
    "uninstall": ChangeTarget.Effect.UNINSTALL,
    None: ChangeTarget.Effect.RELEASE,
}


@dataclass(frozen=True)
class Cell:
    """Computers that are in the same groups and therefore fare alike. `groups`: one key or None per kind; `rings`:
    groups of roll-outs' rings."""

    platform: str
    groups: Mapping[str, int | None]
    device_ids: tuple[int, ...]
    rings: tuple[int, ...] = ()

    @property
    def all_groups(self) -> Groups:
        return {**self.groups, "ring": self.rings}


def device_effects(
    before: BaselineRevision | None, after: BaselineRevision | None
) -> dict[int, dict[int, ChangeTarget.Effect]]:
    """Effects by app version id and device id when one revision follows another, by today's latest versions."""
    organisation, versions = load_organisation(), Versions.load()
    states = [desired_state(revision, organisation, versions) for revision in (before, after)]
    return target_effects(states[0].targets, states[1].targets)


def target_effects(before: TargetsByVersion, after: TargetsByVersion) -> dict[int, dict[int, ChangeTarget.Effect]]:
    """Effects by app version id and device id when targets are replaced; versions without any effect are left out.

    Two queries whatever the number of computers, which are compared by the groups they share, not one by one.
    """
    changed = sorted(version for version in {*before, *after} if before.get(version) != after.get(version))
    platforms = dict(AppVersion.objects.filter(pk__in=changed).values_list("pk", "platform"))
    named = (target for by in (before, after) for version in changed for target in by.get(version, ()))
    cells = load_cells(rings=any(target.kind == "ring" for target in named)) if changed else []
    effects: dict[int, dict[int, ChangeTarget.Effect]] = {}
    for version in changed:
        own = [cell for cell in cells if cell.platform == platforms.get(version)]
        found = dict(_effects(own, before.get(version, ()), after.get(version, ())))
        if found:
            effects[version] = found
    return effects


def _effects(
    cells: list[Cell], before: tuple[Target, ...], after: tuple[Target, ...]
) -> Iterator[tuple[int, ChangeTarget.Effect]]:
    for cell in cells:
        intent = intent_for(after, cell.all_groups)
        if intent != intent_for(before, cell.all_groups):
            for device_id in cell.device_ids:
                yield device_id, EFFECT_OF_INTENT[intent]


def load_cells(*, rings: bool = False, everyone: bool = False) -> list[Cell]:
    """All computers that Autopilot or Intune has, by platform and groups; one query.

    `rings`: by the groups of roll-outs' rings as well, as far as they have been let in. `everyone`: missing and retired
    computers, too, as if they were back.
    """
    kinds = {
        "municipality": Subquery(Municipality.objects.order_by("pk").values("pk")[:1]),
        "school_form": Coalesce("school__school_form_id", form_by_group_tag()),
        "school": F("school_id"),
        "class_group": class_in_own_school(),
        "device": own_container(),
    }
    mine = in_ring_groups(RingGroupMember.objects.filter(device=OuterRef("pk"), group__deleted_at=None))
    groups = {"in_rings": ArraySubquery(mine.order_by("group").values("group"))} if rings else {}
    columns = ["platform", *(f"in_{kind}" for kind in kinds), *groups]
    here = Device.objects.filter(missing_since=None).exclude(lifecycle=Device.Lifecycle.RETIRED)
    rows = (
        (Device.objects.all() if everyone else here)
        .annotate(**{f"in_{kind}": key for kind, key in kinds.items()}, **groups)
        .values_list(*columns)
        .annotate(ids=ArrayAgg("pk", order_by="pk"))
        .order_by(*columns)
    )
    found = ((platform, keys[: len(kinds)], keys[len(kinds) :], ids) for platform, *keys, ids in rows)
    return [
        Cell(platform, dict(zip(kinds, keys, strict=True)), tuple(ids), *map(tuple, within))
        for platform, keys, within, ids in found
    ]


def in_ring_groups(members: QuerySet[RingGroupMember]) -> QuerySet[RingGroupMember]:
    """Those that have been let in, and those that are named to keep what they had."""
    let_in = RingMember.objects.filter(
        rollout=OuterRef("group__rollout"), device=OuterRef("device"), released_at__isnull=False
    )
    return members.filter(Q(group__ring=None) | Exists(let_in))
