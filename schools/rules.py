"""Who may do what in this room, and the predicates that the other rooms' `rules.py` build on."""

from __future__ import annotations

from typing import Any

import rules

from schools import access
from schools.models import User


def anywhere(*roles: str) -> Any:
    """True of a person who holds one of `roles`, in the whole municipality or at any school."""

    def holds_one(user: User) -> bool:
        return not user.access.roles.isdisjoint(roles)

    return rules.predicate(holds_one, name=f"anywhere:{'+'.join(roles)}")


def everywhere(*roles: str) -> Any:
    """True of a person who holds one of `roles` in the whole municipality."""

    def holds_one(user: User) -> bool:
        return not user.access.everywhere.isdisjoint(roles)

    return rules.predicate(holds_one, name=f"everywhere:{'+'.join(roles)}")


def reader_of(permission: str) -> Any:
    """True of a person who may read such rows at one school at least; `visible_to` then says which rows."""

    def reads(user: User) -> bool:
        return user.access.reads(permission)

    return rules.predicate(reads, name=f"reader_of:{permission}")


is_it_admin = everywhere(access.IT_ADMIN)

rules.add_perm("schools.view_school", reader_of("schools.view_school"))
rules.add_perm("schools.view_auditevent", reader_of("schools.view_auditevent"))
rules.add_perm("schools.view_calendar", reader_of("schools.view_calendar"))
rules.add_perm("schools.edit_calendar", is_it_admin)
rules.add_perm("schools.edit_lines", is_it_admin)
rules.add_perm("schools.manage_webhooks", is_it_admin)
rules.add_perm("schools.verify_audit", everywhere(access.IT_ADMIN, access.AUDITOR))
