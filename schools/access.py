"""What a person's roles reach. Every `visible_to(user)` and every rule asks this one object."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Q

IT_ADMIN, APPROVER, SCHOOL_IT = "it_admin", "approver", "school_it"
TEACHER, COMMITTEE, SUPPLIER, AUDITOR = "teacher", "committee", "supplier", "auditor"

READERS: dict[str, frozenset[str]] = {
    "schools.view_school": frozenset({IT_ADMIN, AUDITOR, COMMITTEE, APPROVER, SCHOOL_IT, TEACHER}),
    "schools.view_auditevent": frozenset({IT_ADMIN, AUDITOR, APPROVER, SCHOOL_IT}),
    "schools.view_calendar": frozenset({IT_ADMIN, AUDITOR, COMMITTEE, APPROVER, SCHOOL_IT, TEACHER}),
    "fleet.view_device": frozenset({IT_ADMIN, AUDITOR, APPROVER, SCHOOL_IT}),
    "deployments.view_application": frozenset({IT_ADMIN, AUDITOR, COMMITTEE, APPROVER, SCHOOL_IT, TEACHER}),
    "deployments.view_program": frozenset({IT_ADMIN, APPROVER, SCHOOL_IT, TEACHER}),
    "deployments.view_capability": frozenset({IT_ADMIN, AUDITOR, COMMITTEE}),
    "deployments.view_licence": frozenset({IT_ADMIN, AUDITOR, COMMITTEE, APPROVER, SCHOOL_IT}),
    "deployments.view_baseline": frozenset({IT_ADMIN, AUDITOR, COMMITTEE, APPROVER, SCHOOL_IT, TEACHER}),
    "deployments.view_draft": frozenset({IT_ADMIN, AUDITOR, COMMITTEE}),
    "deployments.view_apprequest": frozenset({IT_ADMIN, AUDITOR, COMMITTEE, APPROVER, SCHOOL_IT, TEACHER}),
    "deployments.view_proposal": frozenset({IT_ADMIN, AUDITOR, COMMITTEE, APPROVER, SCHOOL_IT}),
    "deployments.view_meeting": frozenset({IT_ADMIN, AUDITOR, COMMITTEE}),
    "deployments.view_changeset": frozenset({IT_ADMIN, AUDITOR, APPROVER, SCHOOL_IT}),
    "deployments.view_simulation": frozenset({IT_ADMIN, AUDITOR, COMMITTEE}),
    "deployments.view_proof": frozenset({IT_ADMIN, AUDITOR, COMMITTEE, APPROVER, SCHOOL_IT}),
    "intune_sync.view_syncrun": frozenset({IT_ADMIN, AUDITOR}),
    "intune_sync.view_drift": frozenset({IT_ADMIN, AUDITOR, COMMITTEE, APPROVER, SCHOOL_IT}),
}
"""Who may read what, by permission: the roles for which a row is visible (at their school, or everywhere)."""


@dataclass(frozen=True)
class Access:
    """Roles held now: `everywhere` in the whole municipality, `at` by school id, and those schools' names."""

    everywhere: frozenset[str]
    at: dict[int, frozenset[str]]
    names: dict[int, str] = field(default_factory=dict)

    @classmethod
    def from_roles(cls, held: Iterable[tuple[str, int | None]]) -> Access:
        """From (role, school id or None for the whole municipality) pairs."""
        everywhere: set[str] = set()
        at: dict[int, set[str]] = {}
        for role, school_id in held:
            if school_id is None:
                everywhere.add(role)
            else:
                at.setdefault(school_id, set()).add(role)
        return cls(frozenset(everywhere), {school: frozenset(roles) for school, roles in at.items()})

    @property
    def roles(self) -> frozenset[str]:
        """All roles held anywhere."""
        return self.everywhere.union(*self.at.values())

    def holds(self, *roles: str, school_id: int | None = None) -> bool:
        """One of `roles` in the whole municipality, or at that school."""
        return bool(self.everywhere.intersection(roles) or self.at.get(school_id or 0, frozenset()).intersection(roles))

    def reads(self, permission: str, school_id: int | None = None) -> bool:
        """May read such rows at that school; without a school: anywhere at all."""
        roles = READERS[permission]
        if school_id is None:
            return bool(self.roles & roles)
        return self.holds(*roles, school_id=school_id)

    def reads_all(self, permission: str) -> bool:
        return bool(self.everywhere & READERS[permission])

    def school_ids(self, permission: str) -> list[int]:
        """Schools for which a role at that very school lets the person read."""
        return sorted(school for school, roles in self.at.items() if roles & READERS[permission])

    def schools_q(self, permission: str, column: str) -> Q:
        """The filter that keeps the rows whose school (`column`, a primary key) this person may read."""
        if self.reads_all(permission):
            return Q()
        return Q(**{f"{column}__in": self.school_ids(permission)})
