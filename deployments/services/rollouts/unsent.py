"""A ring that was marked as opening and of which nothing has been sent yet: whether it may be, and what else."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from deployments.models import Ring, RingMember, Rollout
from deployments.rollouts.calendars import doors_of
from deployments.services.rollouts.acts import locked
from deployments.services.rollouts.clock import schools_of
from deployments.services.rollouts.course import close_change
from schools import audit


def may_be_sent(ring: Ring, now: datetime) -> bool:
    """Its roll-out runs, and the calendars still let in those for whom it opens: since it was marked Intune may have
    been away for a night."""
    row = locked(ring.rollout)
    if row.status != Rollout.Status.RUNNING:
        return False
    doors = doors_of(row, now)
    return all(doors.lets_in(school) for school in schools_of(_let_in_with(ring).all()))


@transaction.atomic
def take_back(ring: Ring) -> Ring:
    """The sync engine has sent nothing of it, and will not: as if it had never been marked. It opens when the roll-out
    goes on and the calendars let it; that of one that was broken off never does, and then its change is closed."""
    row = locked(ring.rollout)
    _let_in_with(ring).update(released_at=None)
    ring.move_to(Ring.Status.PLANNED, opened_at=None)
    audit.record("rollout.ring_taken_back", row, by=None, after={"ring": ring.number})
    if row.status == Rollout.Status.ABORTED:
        close_change(row, None, _("The roll-out was broken off."))
    return ring


def _let_in_with(ring: Ring) -> QuerySet[RingMember]:
    """The computers that were let in by its opening."""
    return ring.members.filter(released_at__isnull=False, written_at=None)
