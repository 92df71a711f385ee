"""Which roles the claims of an ID token mean here, and what they say of the person. Pure: no database, no network.

App roles of the portal's registration: `Portal.ITAdmin` and its kind, and `School.<group tag>`, which says at which
school the roles of a school are held. A school may also follow from an Entra group (`SIGN_IN_SCHOOL_GROUPS`). Somebody
with several schools holds each of their school roles at each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schools.entra.refusals import SignInRefused
from schools.models import Role
from schools.models.people import SCHOOL_ROLES

Json = dict[str, Any]

ROLES: dict[str, Role] = {
    "Portal.ITAdmin": Role.IT_ADMIN,
    "Portal.Approver": Role.APPROVER,
    "Portal.SchoolIT": Role.SCHOOL_IT,
    "Portal.Teacher": Role.TEACHER,
    "Portal.Committee": Role.COMMITTEE,
    "Portal.Supplier": Role.SUPPLIER,
    "Portal.Auditor": Role.AUDITOR,
}
SCHOOL = "School."


@dataclass(frozen=True)
class Profile:
    """What the portal keeps of a member of staff: whose account, how to call and to reach them."""

    object_id: str
    tenant_id: str
    username: str
    name: str
    email: str


def profile_of(claims: Json) -> Profile:
    username = str(claims.get("preferred_username") or claims["oid"])
    return Profile(
        object_id=str(claims["oid"]).lower(),
        tenant_id=str(claims["tid"]).lower(),
        username=username[:90],
        name=str(claims.get("name") or username)[:100],
        email=str(claims.get("email") or (username if "@" in username else ""))[:254],
    )


def roles_of(
    claims: Json, school_by_tag: Mapping[str, int], tag_by_group: Mapping[str, str]
) -> set[tuple[Role, int | None]]:
    """(role, school id; None is the whole municipality) pairs. `school_by_tag` is by group tag in capitals.

    Raises SignInRefused where they come to nothing: `no_roles`, `no_school` or `too_many_groups`.
    """
    named = [str(each) for each in claims.get("roles") or []]
    held = {ROLES[each] for each in named if each in ROLES}
    if not held:
        raise SignInRefused("no_roles")
    tags = {each.removeprefix(SCHOOL) for each in named if each.startswith(SCHOOL)}
    tags |= {tag_by_group[group] for group in map(str, claims.get("groups") or []) if group in tag_by_group}
    schools = {school_by_tag[tag.upper()] for tag in tags if tag.upper() in school_by_tag}
    central: set[tuple[Role, int | None]] = {(role, None) for role in held if role not in SCHOOL_ROLES}
    pairs = central | {(role, school) for role in held if role in SCHOOL_ROLES for school in schools}
    if not pairs:
        raise SignInRefused("too_many_groups" if tag_by_group and _has_too_many(claims) else "no_school")
    return pairs


def _has_too_many(claims: Json) -> bool:
    """Above 200 groups Entra leaves them out and points to Graph instead, which the sign-in may not read.

    https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference#groups-overage-claim
    """
    return "groups" in (claims.get("_claim_names") or {}) or bool(claims.get("hasgroups"))
