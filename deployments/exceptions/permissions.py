"""Who may do what with an exception. Without one: with some exception, somewhere."""

from __future__ import annotations

from deployments.models import SoftwareException
from schools.access import APPROVER, IT_ADMIN, SCHOOL_IT, TEACHER
from schools.models import School, User


def asks(user: User, school: School | None = None) -> bool:
    """The people of a school, for its computers and class groups; IT for all. Without a school: somewhere."""
    if IT_ADMIN in user.access.everywhere:
        return True
    if school is None:
        return not user.access.roles.isdisjoint({APPROVER, SCHOOL_IT, TEACHER})
    return user.access.holds(APPROVER, SCHOOL_IT, TEACHER, school_id=school.pk)


def decides(user: User, row: SoftwareException | None = None) -> bool:
    """The school's approvers, or IT; whose turn it is, the act itself checks."""
    return _works_with(user, row, APPROVER)


def ends(user: User, row: SoftwareException | None = None) -> bool:
    """The school's staff and IT, and whoever asked for it."""
    return _works_with(user, row, APPROVER, SCHOOL_IT) or (row is not None and row.asked_by_id == user.pk)


def renews(user: User, row: SoftwareException | None = None) -> bool:
    """Whoever may ask for one there."""
    return _works_with(user, row, APPROVER, SCHOOL_IT, TEACHER)


def _works_with(user: User, row: SoftwareException | None, *roles: str) -> bool:
    if IT_ADMIN in user.access.everywhere:
        return True
    if row is None:
        return not user.access.roles.isdisjoint(roles)
    return row.school_id is not None and user.access.holds(*roles, school_id=row.school_id)
