"""Deciding in somebody's place: an approver hands the role over for the time of an absence."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from deployments.requests import telling
from schools.access import APPROVER
from schools.models import RoleAssignment, School, User
from schools.services.people import grant_role, revoke_role

LONGEST = timedelta(days=90)


@transaction.atomic
def hand_over(school: School, deputy: User, until: date, by: User) -> RoleAssignment:
    """`deputy` decides too, from now to the end of the day `until`.

    Only who holds the role for good hands it over, to somebody who works at the school; at most for 90 days. Raises
    PermissionDenied, and ValidationError by field.
    """
    now = timezone.now()
    if not _approves_for_good(by, school, now):
        raise PermissionDenied
    if not RoleAssignment.objects.current(now).filter(user=deputy, school=school).exists() or deputy.pk == by.pk:
        raise ValidationError({"deputy": _("Choose somebody else who works at the school.")})
    if not timezone.localdate(now) <= until <= timezone.localdate(now) + LONGEST:
        raise ValidationError({"until": _("Choose a day within the next 90 days.")})
    last = timezone.make_aware(datetime.combine(until, time(23, 59, 59)))
    granted = grant_role(deputy, APPROVER, school, by=by, valid_until=last)
    telling.deputy(granted, by)
    return granted


@transaction.atomic
def end_deputy(assignment: RoleAssignment, by: User) -> None:
    """Back before the time. Raises PermissionDenied for anybody but an approver of the school."""
    school = assignment.school
    if school is None or assignment.role != APPROVER or assignment.valid_until is None:
        raise PermissionDenied
    if not _approves_for_good(by, school, timezone.now()):
        raise PermissionDenied
    revoke_role(assignment, by=by)


def _approves_for_good(user: User, school: School, now: datetime) -> bool:
    held = RoleAssignment.objects.current(now).filter(user=user, role=APPROVER, school=school, valid_until=None)
    return held.exists()
