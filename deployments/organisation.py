"""The tree of containers with their Entra groups, loaded once for everything that asks about targets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

from deployments.placement import class_in_own_school, form_by_group_tag
from deployments.targets import KEPT, NodeKey, Target
from fleet.models import Device
from schools.models import ClassGroup, Municipality, School, SchoolForm


@dataclass(frozen=True)
class Place:
    """A container that may have a group. `path` leads from the municipality to the place itself."""

    key: NodeKey
    name: str
    group_id: UUID | None
    path: tuple[NodeKey, ...]

    @property
    def has_group(self) -> bool:
        """Whether it has one, or the portal creates it as soon as it is needed."""
        return self.group_id is not None or self.key[0] in KEPT


@dataclass(frozen=True)
class Organisation:
    """`places` by key, from the widest to the nearest; `children` by key, in the same order."""

    places: Mapping[NodeKey, Place]
    children: Mapping[NodeKey, tuple[NodeKey, ...]]

    @property
    def roots(self) -> list[NodeKey]:
        return [key for key, place in self.places.items() if len(place.path) == 1]

    def group_id(self, target: Target) -> UUID | None:
        """The Entra group of a target; None for one that the portal still has to create.

        Targets are only ever made for places with a group; for any other this raises LookupError.
        """
        place = self.places[target.node]
        if not place.has_group:
            raise LookupError(f"{target.node} has no Entra group")
        return place.group_id

    def name(self, key: NodeKey) -> str:
        return self.places[key].name if key in self.places else ""

    def places_by_group(self) -> dict[UUID, NodeKey]:
        return {place.group_id: key for key, place in self.places.items() if place.group_id}


def load_organisation() -> Organisation:
    """Five queries. Of the computers only those that have a container of their own."""
    places: dict[NodeKey, Place] = {}
    children: dict[NodeKey, list[NodeKey]] = defaultdict(list)

    def add(key: NodeKey, name: str, group_id: UUID | None, parent: NodeKey | None) -> None:
        path = (*places[parent].path, key) if parent else (key,)
        places[key] = Place(key, name, group_id, path)
        if parent:
            children[parent].append(key)

    for municipality in Municipality.objects.order_by("pk")[:1]:
        root = ("municipality", municipality.pk)
        add(root, municipality.name, municipality.entra_group_id, None)
        for form in SchoolForm.objects.order_by("pk"):
            add(("school_form", form.pk), str(form), form.entra_group_id, root)
        for school in School.objects.order_by("pk"):
            add(("school", school.pk), school.name, school.entra_group_id, ("school_form", school.school_form_id))
        for group in ClassGroup.objects.order_by("pk"):
            add(("class_group", group.pk), group.name, group.entra_group_id, ("school", group.school_id))
        for device in _computers_with_a_container():
            add(("device", device.pk), str(device), device.container_group_id, _around(device, root))  # type: ignore[attr-defined]
    return Organisation(places, {key: tuple(keys) for key, keys in children.items()})


def _computers_with_a_container() -> QuerySet[Device]:
    """Each with `own_class_id`, `form_id` and `container_group_id`."""
    return (
        Device.objects.filter(softwareprofile__isnull=False)
        .annotate(
            own_class_id=class_in_own_school(),
            form_id=form_by_group_tag(),
            container_group_id=F("softwareprofile__entra_group_id"),
        )
        .order_by("pk")
    )


def _around(device: Any, root: NodeKey) -> NodeKey:
    """The nearest place whose group holds the computer."""
    if device.own_class_id:
        return "class_group", device.own_class_id
    if device.school_id:
        return "school", device.school_id
    return ("school_form", device.form_id) if device.form_id else root


def target_rows(
    targets: tuple[Target, ...], organisation: Organisation, rings: Mapping[int, str] | None = None
) -> list[dict[str, str | int | bool]]:
    """Targets as `AssignmentChange.targets_before` and `targets_after` keep them. `rings`: what groups of rings are
    called, by key."""
    names = {("ring", key): name for key, name in (rings or {}).items()}
    return [
        {
            "kind": target.kind,
            "key": target.key,
            "intent": target.intent,
            "exclude": target.exclude,
            "name": names.get(target.node) or organisation.name(target.node),
        }
        for target in sorted(targets)
    ]


def targets_in(rows: Iterable[Mapping[str, Any]]) -> tuple[Target, ...]:
    """What `target_rows` has kept."""
    return tuple(Target(row["kind"], row["key"], row["intent"], row["exclude"]) for row in rows)
