"""Which computers a change of targets touches, and how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import F, Subquery
from django.db.models.functions import Coalesce

from deployments.desired import desired_state
from deployments.models import AppVersion, BaselineRevision, ChangeTarget
from deployments.organisation import load_organisation
from deployments.placement import class_in_own_school, form_by_group_tag, own_container
from deployments.targets import Target, intent_for
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
    """Computers that are in the same groups and therefore fare alike. `groups`: one key or None per kind."""

    platform: str
    groups: Mapping[str, int | None]
    device_ids: tuple[int, ...]


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
    cells = load_cells() if changed else []
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
        intent = intent_for(after, cell.groups)
        if intent != intent_for(before, cell.groups):
            for device_id in cell.device_ids:
                yield device_id, EFFECT_OF_INTENT[intent]


def load_cells() -> list[Cell]:
    """All computers that Autopilot or Intune has, by platform and groups; one query."""
    kinds = {
        "municipality": Subquery(Municipality.objects.order_by("pk").values("pk")[:1]),
        "school_form": Coalesce("school__school_form_id", form_by_group_tag()),
        "school": F("school_id"),
        "class_group": class_in_own_school(),
        "device": own_container(),
    }
    columns = ["platform", *(f"in_{kind}" for kind in kinds)]
    rows = (
        Device.objects.filter(missing_since=None)
        .exclude(lifecycle=Device.Lifecycle.RETIRED)
        .annotate(**{f"in_{kind}": key for kind, key in kinds.items()})
        .values_list(*columns)
        .annotate(ids=ArrayAgg("pk", order_by="pk"))
        .order_by(*columns)
    )
    return [Cell(platform, dict(zip(kinds, keys, strict=True)), tuple(ids)) for platform, *keys, ids in rows]
