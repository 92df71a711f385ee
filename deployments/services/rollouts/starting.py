"""Starting a roll-out: at once, or in its turn when its day has come and no other has the same app."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from deployments.models import ChangeSet, Rollout
from deployments.models.moves import InvalidMove
from deployments.notices import rollouts as notices
from deployments.rollouts.calendars import doors_of
from deployments.rollouts.candidates import computers_of
from deployments.services import changes
from deployments.services.rollouts.acts import check_allowed, locked, record, require
from deployments.services.rollouts.planning import check_break
from schools.models import User

log = logging.getLogger(__name__)

Status = Rollout.Status
PutInForce = Callable[[ChangeSet, User | None, datetime, Callable[[], object]], object]
"""What the sync engine passes: puts an approved change set in force if its plan is still true, and calls the last
argument in the transaction in which the change set starts. Raises ValidationError when it may not start."""


class ChangedSinceDrawn(ValidationError):
    """The change has other computers now than when its rings were drawn."""


@dataclass(frozen=True)
class Wait:
    """What a queued roll-out waits for: `until` its day or the first school that may begin, or `others` that have the
    same app, or are creating the same group, to end."""

    until: datetime | None = None
    others: tuple[ChangeSet, ...] = ()


@transaction.atomic
def ask_to_start(rollout: Rollout, *, by: User, now: datetime) -> Rollout:
    """From planned to queued: it starts by itself as soon as nothing is in its way (`rollouts.queue`)."""
    check_allowed(by)
    row = locked(rollout)
    require(row, Status.PLANNED)
    if row.change_set.status != ChangeSet.Status.APPROVED:
        raise InvalidMove(row.change_set.status, row.change_set.get_status_display())
    check_drawn(row)
    check_break(row.starts_in, now)
    row.move_to(Status.QUEUED, started_by=by)
    record("rollout.queued", row, by, Status.PLANNED)
    return row


def check_drawn(row: Rollout) -> None:
    """Raises ChangedSinceDrawn unless exactly the computers of the change are in its rings."""
    now_in = set(computers_of(row.change_set).values_list("pk", flat=True))
    if now_in != set(row.members.values_list("device", flat=True)):
        raise ChangedSinceDrawn(_("The change concerns other computers since the rings were drawn. Draw them anew."))


def start(rollout: Rollout, *, by: User, now: datetime, put_in_force: PutInForce) -> Rollout:
    """Start now if nothing is in its way, else let it wait its turn. Raises what `put_in_force` raises; then it is
    planned again."""
    row = ask_to_start(rollout, by=by, now=now)
    if waits_for(row, now) is None:
        try:
            put_in_force(row.change_set, by, now, lambda: begin(row, now))
        except changes.AnotherUnderWay:
            pass  # it came first; this one waits
        except Exception:
            _plan_again(row, by, _("It could not be started."))
            raise
    row.refresh_from_db()
    return row


def start_queued(now: datetime, put_in_force: PutInForce, *, stops: tuple[type[Exception], ...] = ()) -> int:
    """Start those whose turn has come, oldest first; one that may not start any more is planned again, before its turn
    where that is seen before, and the people whom it concerns are told why. Returns how many started.

    What goes wrong with one holds up no other, but for `stops`: those concern all of them, and are raised.
    """
    started = 0
    for row in Rollout.objects.filter(status=Status.QUEUED).select_related("change_set", "starts_in").order_by("pk"):
        people = _concerned(row)  # a plan that is not true any more loses its approver
        try:
            _check_still_approved(row)
            if waits_for(row, now) is not None:
                continue
            put_in_force(row.change_set, row.started_by, now, lambda row=row: begin(row, now))  # type: ignore[misc]
            started += 1
        except changes.AnotherUnderWay:
            continue
        except ValidationError as refusal:
            _plan_again(row, None, " ".join(refusal.messages), people)
        except stops:
            raise
        except Exception:
            log.exception("%s could not be started", row.pk)
    return started


def _check_still_approved(row: Rollout) -> None:
    """Raises ValidationError for what its turn would not change: so people hear of it while there is time."""
    if row.change_set.status in (ChangeSet.Status.DRAFT, ChangeSet.Status.PLANNED):
        raise ValidationError(_("The change has been planned anew since, and has to be approved again."))
    changes.check_up_to_date(row.change_set.revision)


def _concerned(row: Rollout) -> list[User]:
    """Who wanted it, planned it, approved it and asked that it starts."""
    wanted = row.change_set
    return [user for user in (wanted.requested_by, wanted.approved_by, row.created_by, row.started_by) if user]


def _plan_again(row: Rollout, by: User | None, reason: str, people: Sequence[User] = ()) -> None:
    """Unless somebody else has started it meanwhile."""
    row.refresh_from_db()
    if row.status == Status.QUEUED:
        take_out_of_queue(row, by=by, reason=reason, people=people)


def waits_for(rollout: Rollout, now: datetime) -> Wait | None:
    """None: it can start now."""
    same_app = Q(changes__in=changes.in_the_way(rollout.change_set))
    same_group = Q(pk__in=changes.creating_groups_of(rollout.change_set))
    others = ChangeSet.objects.filter(same_app | same_group).distinct().order_by("pk")
    doors = doors_of(rollout, now)
    schools = set(computers_of(rollout.change_set).values_list("school", flat=True))
    first = min((doors.first_at(school) for school in schools), default=now)
    if first > now or others:
        return Wait(first if first > now else None, tuple(others))
    return None


def begin(rollout: Rollout, now: datetime) -> Rollout:
    """From queued to running, in the transaction in which the change set starts being applied. Raises InvalidMove when
    it was taken out of the queue meanwhile."""
    row = locked(rollout)
    require(row, Status.QUEUED)
    check_drawn(row)
    row.move_to(Status.RUNNING, started_at=now)
    record("rollout.started", row, row.started_by, Status.QUEUED)
    return row


@transaction.atomic
def take_out_of_queue(rollout: Rollout, *, by: User | None, reason: str = "", people: Sequence[User] = ()) -> Rollout:
    """From queued back to planned: by a person, or (None) because it could not be started; then `people` are told."""
    if by is not None:
        check_allowed(by)
    row = locked(rollout)
    require(row, Status.QUEUED)
    row.move_to(Status.PLANNED, started_by=None)
    record("rollout.not_started", row, by, Status.QUEUED, reason)
    if by is None:
        notices.tell_not_started(row, people, reason)
    return row
