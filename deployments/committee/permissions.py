"""Who may do what in the committee's work; `deployments.rules` declares these by name."""

from __future__ import annotations

import rules
from django.utils import timezone

from deployments.models import Delegation, Seat
from schools import access
from schools.models import User
from schools.rules import anywhere, everywhere, reader_of

prepares = everywhere(access.IT_ADMIN, access.COMMITTEE)
"""Makes proposals, runs meetings, gives delegations."""
discusses = prepares | anywhere(access.APPROVER, access.SCHOOL_IT)
"""Supports and comments on proposals that are visible to them."""


def _holds_one_today(user: User) -> bool:
    return user.pk is not None and Delegation.objects.filter(user=user).holding(timezone.localdate()).exists()


def _holds_a_seat(user: User) -> bool:
    return user.pk is not None and Seat.objects.filter(holder=user).exists()


holds_a_seat = rules.predicate(_holds_a_seat, name="holds_a_seat")
takes_stances = reader_of("deployments.view_meeting") & holds_a_seat
"""Notes before a meeting what a seat of one's own thinks."""
holds_a_delegation = rules.predicate(_holds_one_today, name="holds_a_delegation")
sees_delegations = reader_of("deployments.view_meeting") | holds_a_delegation
