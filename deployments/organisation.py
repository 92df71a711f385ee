"""The tree of containers with their Entra groups, loaded once for everything that asks about targets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from deployments.targets import NodeKey, Target
from schools.models import ClassGroup, Municipality, School, SchoolForm


@dataclass(frozen=True)
class Place:
    """A container that may have a group. `path` leads from the municipality to the place itself."""

    key: NodeKey
    name: str
    group_id: UUID | None
    path: tuple[NodeKey, ...]


@dataclass(frozen=True)
class Organisation:
    """`places` by key, from the widest to the nearest; `children` by key, in the same order."""

    places: Mapping[NodeKey, Place]
    children: Mapping[NodeKey, tuple[NodeKey, ...]]

    @property
    def roots(self) -> list[NodeKey]:
        return [key for key, place in self.places.items() if len(place.path) == 1]

    def group_id(self, target: Target) -> UUID:
        """The Entra group of a target. Targets are only ever made for places that have one."""
        group_id = self.places[target.node].group_id
        if group_id is None:
            raise LookupError(f"{target.node} has no Entra group")
        return group_id

    def name(self, key: NodeKey) -> str:
        return self.places[key].name if key in self.places else ""

    def places_by_group(self) -> dict[UUID, NodeKey]:
        return {place.group_id: key for key, place in self.places.items() if place.group_id}


def load_organisation() -> Organisation:
    """Four queries."""
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
    return Organisation(places, {key: tuple(keys) for key, keys in children.items()})


def target_rows(targets: tuple[Target, ...], organisation: Organisation) -> list[dict[str, str | int | bool]]:
    """Targets as `AssignmentChange.targets_before` and `targets_after` keep them."""
    return [
        {
            "kind": target.kind,
            "key": target.key,
            "intent": target.intent,
            "exclude": target.exclude,
            "name": organisation.name(target.node),
        }
        for target in sorted(targets)
    ]
