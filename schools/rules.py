"""Who may do what in this room, and the predicates that the other rooms' `rules.py` build on."""

from __future__ import annotations

from typing import Any

import rules

from schools import access
from schools.models import User


def anywhere(*roles: str) -> Any:
    """True of a person who holds one of `roles`, in the whole municipality or at any school."""

    @rules.predicate(f"anywhere:{'+'.join(roles)}")
    def holds_one(user: User) -> bool:
        return not user.access.roles.isdisjoint(roles)

    return holds_one


def everywhere(*roles: str) -> Any:
    """True of a person who holds one of `roles` in the whole municipality."""

    @rules.predicate(f"everywhere:{'+'.join(roles)}")
    def holds_one(user: User) -> bool:
        return not user.access.everywhere.isdisjoint(roles)

    return holds_one


def reader_of(permission: str) -> Any:
    """True of a person who may read such rows at one school at least; `visible_to` then says which rows."""

    @rules.predicate(f"reader_of:{permission}")
    def reads(user: User) -> bool:
        return user.access.reads(permission)

    return reads


is_it_admin = everywhere(access.IT_ADMIN)

rules.add_perm("schools.view_school", reader_of("schools.view_school"))
rules.add_perm("schools.view_auditevent", reader_of("schools.view_auditevent"))
rules.add_perm("schools.verify_audit", everywhere(access.IT_ADMIN, access.AUDITOR))
