"""The people of the tenant who may sign in to the portal, with their app roles and groups."""

from dataclasses import dataclass, field, fields
from typing import Any

from .chance import guid
from .tenant import Tenant

Json = dict[str, Any]

# App roles of the portal's registration: one for each of the portal's own, and `School.<group tag>` for whom it limits.
CENTRAL = {
    "ingrid.it": ("Ingrid Åkerlund", "Portal.ITAdmin"),
    "nils.it": ("Nils Öberg", "Portal.ITAdmin"),
    "cecilia.namnd": ("Cecilia Sjögren", "Portal.Committee"),
    "leif.leverantor": ("Leif Norén", "Portal.Supplier"),
    "rut.revisor": ("Rut Hägg", "Portal.Auditor"),
}
PER_SCHOOL = {
    "rektor": ("Rektor", "Portal.Approver"),
    "tekniker": ("Tekniker", "Portal.SchoolIT"),
    "larare": ("Lärare", "Portal.Teacher"),
}


@dataclass(slots=True)
class Person:
    """`groups` are object ids, as the claim of that name has them."""

    oid: str
    user_principal_name: str
    name: str
    roles: list[str]
    groups: list[str] = field(default_factory=list)
    enabled: bool = True

    def shown(self) -> Json:
        return {each.name: getattr(self, each.name) for each in fields(self)}


def make_people(tenant: Tenant, seed: int) -> dict[str, Person]:
    """By principal name: people for the whole municipality, three per school, and one without any role."""

    def person(local: str, name: str, *roles: str, groups: list[str] | None = None) -> Person:
        return Person(guid(seed, "person", local), f"{local}@{tenant.domain}", name, list(roles), groups or [])

    people = [person(local, name, role) for local, (name, role) in CENTRAL.items()]
    people.append(person("olle.utan", "Olle Utan Roll"))
    for school in tenant.schools:
        tag = school.group_tag
        groups = [guid(seed, "people of", tag)]
        for local, (title, role) in PER_SCHOOL.items():
            name = f"{title} {school.name}"
            people.append(person(f"{local}.{tag.lower()}", name, role, f"School.{tag}", groups=groups))
    return {each.user_principal_name: each for each in people}
