"""Meetings that want something of a person: to be there, or to sign."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from deployments.models import Meeting, Seat, SignOff
from schools.models import User

Status = Meeting.Status


def meetings_waiting_for(user: User) -> QuerySet[Meeting]:
    """Those to come and under way, and those whose minutes this person may sign and has not; one query."""
    was_there = Exists(
        Seat.objects.filter(
            holder=user, pk__in=Meeting.present.through.objects.filter(meeting=OuterRef(OuterRef("pk"))).values("seat")
        )
    )
    has_signed = Exists(SignOff.objects.filter(meeting=OuterRef("pk"), user=user))
    to_sign = Q(was_there, ~Q(has_signed), ~Q(secretary=user), status=Status.CLOSED)
    coming = Q(status__in=[Status.PLANNED, Status.OPEN])
    return (
        Meeting.objects.visible_to(user)
        .filter(coming | to_sign)
        .select_related("baseline__semester")
        .defer("minutes")
        .order_by("starts_at")[:5]
    )
