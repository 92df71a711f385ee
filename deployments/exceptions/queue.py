"""The exceptions and renewals that wait for somebody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from deployments.models import ExceptionRenewal, SoftwareException
from deployments.models.exceptions import LAST_DAYS
from schools.access import APPROVER, IT_ADMIN
from schools.models import User

Status, Turn = SoftwareException.Status, SoftwareException.Turn
MOST = 20


def waiting_for_it(now: datetime) -> QuerySet[SoftwareException]:
    """What IT decides, and what a school is late with."""
    renewing = Exists(ExceptionRenewal.objects.filter(exception=OuterRef("pk"), status=ExceptionRenewal.Status.ASKED))
    is_late = Q(status=Status.ASKED, due_at__lt=now) | Q(renewing, ends_on__lte=timezone.localdate(now) + LAST_DAYS)
    open_rows = SoftwareException.objects.filter(
        Q(status=Status.ASKED) | Q(renewing, status__in=SoftwareException.HOLDS)
    )
    return open_rows.filter(Q(turn=Turn.IT) | is_late)


def waiting_for(user: User, now: datetime) -> Sequence[SoftwareException]:
    """What this person is to decide: asked for by others at their schools, or for IT. Each has `renewal`, whether it is
    a renewal that waits."""
    found = _with_renewal(SoftwareException.objects.for_list(), user)
    mine = Q(pk__in=[])
    at = [key for key, roles in user.access.at.items() if APPROVER in roles]
    if at:
        mine |= Q(school__in=at, turn=Turn.SCHOOL)
    if IT_ADMIN in user.access.everywhere:
        late = Q(status=Status.ASKED, due_at__lt=now) | Q(
            renewal=True, ends_on__lte=timezone.localdate(now) + LAST_DAYS
        )
        mine |= Q(turn=Turn.IT) | late
    rows = found.filter(mine).filter(Q(status=Status.ASKED) & ~Q(asked_by=user) | Q(renewal=True))
    return list(rows.order_by(F("due_at").asc(nulls_last=True), "pk")[:MOST])


def _with_renewal(rows: QuerySet[SoftwareException], user: User) -> QuerySet[SoftwareException]:
    asked = ExceptionRenewal.objects.filter(exception=OuterRef("pk"), status=ExceptionRenewal.Status.ASKED)
    return rows.annotate(renewal=Exists(asked.exclude(asked_by=user)))
