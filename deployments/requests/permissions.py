"""Who may do what with a request. Without a request: with some request, somewhere."""

from __future__ import annotations

from deployments.models import AppRequest
from schools.access import APPROVER, IT_ADMIN, SCHOOL_IT, TEACHER
from schools.models import School, User


def asks(user: User, school: School | None = None) -> bool:
    """The people of a school may ask for an application there."""
    if school is None:
        return not user.access.roles.isdisjoint({APPROVER, SCHOOL_IT, TEACHER})
    return user.access.holds(APPROVER, SCHOOL_IT, TEACHER, school_id=school.pk)


def decides(user: User, request: AppRequest | None = None) -> bool:
    """The school's approvers, then IT; whose turn it is, the act itself checks."""
    return _works_with(user, request, APPROVER)


def writes(user: User, request: AppRequest | None = None) -> bool:
    """Into the thread: everybody the request passes, and everybody at the school who may ask."""
    return _works_with(user, request, APPROVER, SCHOOL_IT, TEACHER)


def follows_up(user: User, request: AppRequest | None = None) -> bool:
    """Says that the first two computers work: the responsible teacher, the requester, the school's staff, or IT."""
    return _works_with(user, request, APPROVER, SCHOOL_IT) or _is_named(user, request)


def withdraws(user: User, request: AppRequest | None = None) -> bool:
    """Whoever asked, and the school's staff."""
    if request is None:
        return asks(user)
    return request.requested_by_id == user.pk or user.access.holds(APPROVER, SCHOOL_IT, school_id=request.school_id)


def hands_over(user: User, school: School | None = None) -> bool:
    """An approver may let a deputy decide during an absence."""
    roles = user.access.roles if school is None else user.access.at.get(school.pk, frozenset())
    return APPROVER in roles


def _works_with(user: User, request: AppRequest | None, *roles: str) -> bool:
    if IT_ADMIN in user.access.everywhere:
        return True
    if request is None:
        return not user.access.roles.isdisjoint(roles)
    return user.access.holds(*roles, school_id=request.school_id)


def _is_named(user: User, request: AppRequest | None) -> bool:
    return request is not None and user.pk in (request.requested_by_id, request.responsible_teacher_id)
