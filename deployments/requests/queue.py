"""The requests that wait for somebody, the most urgent first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, Q, QuerySet

from deployments.models import AppRequest
from schools.access import APPROVER, IT_ADMIN
from schools.models import User

Status = AppRequest.Status
MOST = 20


def waiting_for_it(now: datetime) -> QuerySet[AppRequest]:
    """To be reviewed, or left to IT by a school that is late."""
    return AppRequest.objects.filter(Q(status=Status.REVIEW) | Q(status=Status.SCHOOL, due_at__lt=now))


def waiting_for(user: User, now: datetime) -> Sequence[AppRequest]:
    """What this person is to decide or try: at their schools, for IT, and where they are the responsible teacher."""
    asked = Q(status=Status.PILOT, responsible_teacher=user)
    at = [key for key, roles in user.access.at.items() if APPROVER in roles]
    asked |= Q(status=Status.SCHOOL, school__in=at) & ~Q(requested_by=user)
    if IT_ADMIN in user.access.everywhere:
        asked |= Q(status=Status.REVIEW) | Q(status=Status.SCHOOL, due_at__lt=now)
    found = AppRequest.objects.filter(asked).for_list().order_by(F("due_at").asc(nulls_last=True), "pk")
    return list(found[:MOST])
