"""From app roles and groups to roles here: claims in, pairs out."""

from __future__ import annotations

from typing import Any

import pytest

from schools.entra.claims import profile_of, roles_of
from schools.entra.refusals import SignInRefused

SCHOOLS = {"GY-A": 1, "GY-B": 2}
GROUPS = {"group-a": "GY-A", "group-b": "GY-B", "group-x": "NONE"}


def meant(*roles: str, **claims: Any) -> set[tuple[str, int | None]]:
    return {(str(role), school) for role, school in roles_of({"roles": list(roles), **claims}, SCHOOLS, GROUPS)}


def refused(*roles: str, **claims: Any) -> str:
    with pytest.raises(SignInRefused) as said:
        meant(*roles, **claims)
    return said.value.code


def test_central_roles_need_no_school_and_take_none() -> None:
    assert meant("Portal.ITAdmin", "Portal.Auditor", "School.GY-A") == {("it_admin", None), ("auditor", None)}


def test_school_roles_are_held_at_each_school_named_by_role_or_group() -> None:
    both = {("teacher", 1), ("teacher", 2)}

    assert meant("Portal.Teacher", "School.gy-a", "School.GY-B") == both
    assert meant("Portal.Teacher", "School.GY-A", groups=["group-b", "unknown"]) == both


def test_an_unknown_role_means_nothing() -> None:
    assert refused("Portal.Everything", "User", "School.GY-A") == "no_roles"
    assert meant("Portal.Everything", "Portal.Supplier") == {("supplier", None)}


def test_school_roles_without_a_known_school_are_refused_unless_others_remain() -> None:
    assert refused("Portal.Teacher") == "no_school"
    assert refused("Portal.Teacher", "School.GONE", groups=["group-x"]) == "no_school"
    assert meant("Portal.Teacher", "Portal.Committee") == {("committee", None)}


@pytest.mark.parametrize("overage", [{"_claim_names": {"groups": "src1"}}, {"hasgroups": True}])
def test_more_groups_than_entra_lists_are_refused_with_that_reason(overage: dict[str, Any]) -> None:
    assert refused("Portal.Teacher", **overage) == "too_many_groups"
    assert meant("Portal.Teacher", "School.GY-A", **overage) == {("teacher", 1)}


def test_of_a_person_only_what_the_account_needs_is_read() -> None:
    claims = {"oid": "AB", "tid": "CD", "preferred_username": "eva@x.se", "name": "Eva", "ipaddr": "1.2.3.4"}

    profile = profile_of(claims)

    assert (profile.object_id, profile.tenant_id) == ("ab", "cd")
    assert (profile.username, profile.name, profile.email) == ("eva@x.se", "Eva", "eva@x.se")
