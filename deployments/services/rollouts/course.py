"""What people do with a roll-out that is under way: pause, go on, skip, let through, break off."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from deployments.models import ChangeSet, GateReading, Ring, Rollout
from deployments.services.rollouts.acts import check_allowed, given, locked, people_move, require
from schools import audit
from schools.models import User

Status = Rollout.Status


@transaction.atomic
def pause(rollout: Rollout, *, by: User, reason: str = "") -> Rollout:
    """No further ring opens; what is being written is written. What is out stays."""
    return people_move(rollout, Status.PAUSED, "rollout.paused", by, reason, Status.RUNNING)


@transaction.atomic
def resume(rollout: Rollout, *, by: User, reason: str = "") -> Rollout:
    """Go on. After a halt it takes a reason, and the findings that halted it are taken as known: they halt it no
    more, new ones do."""
    row = locked(rollout)
    known: dict[str, Any] = {}
    if row.status == Status.HALTED:
        given(reason, _("Say why it may go on although it stopped by itself."))
        found = {each["key"] for reading in latest_readings(row) for each in reading.findings}
        accepted = sorted({*row.accepted, *found, row.halt_data.get("key", row.halt_code)})
        known = {"accepted": accepted, "halt_code": "", "halt_data": {}, "halted_at": None}
    return people_move(row, Status.RUNNING, "rollout.resumed", by, reason, Status.PAUSED, Status.HALTED, **known)


def latest_readings(row: Rollout) -> list[GateReading]:
    """Of each ring the last reading."""
    rings = row.rings.prefetch_related("readings")
    return [readings[-1] for ring in rings if (readings := list(ring.readings.all()))]


@transaction.atomic
def skip_ring(rollout: Rollout, *, by: User, reason: str) -> Ring:
    """Leave out the next ring: its computers go along with the one after it."""
    check_allowed(by)
    reason = given(reason, _("Say why the ring is skipped."))
    row = locked(rollout)
    require(row, *Rollout.NOT_STARTED, *Rollout.UNFINISHED)
    coming = list(row.rings.filter(status=Ring.Status.PLANNED).order_by("number")[:2])
    if len(coming) < 2:
        raise ValidationError(_("The last ring cannot be skipped. Abort the roll-out if it should not go on."))
    return leave_out(row, coming[0], coming[1], by, reason)


def leave_out(row: Rollout, ring: Ring, after: Ring, by: User | None, reason: str) -> Ring:
    count = ring.members.update(ring=after)
    ring.move_to(Ring.Status.SKIPPED, reason=reason)
    said = {"ring": ring.number, "computers": count, "with_ring": after.number}
    audit.record("rollout.ring_skipped", row, by=by, after=said, reason=reason)
    return ring


@transaction.atomic
def pass_ring(rollout: Rollout, *, by: User, now: datetime, reason: str = "") -> Ring:
    """Let the open ring through by hand. Unless its gate says that it passed, that takes a reason."""
    check_allowed(by)
    row = locked(rollout)
    require(row, Status.RUNNING, Status.PAUSED)
    ring = row.rings.filter(status=Ring.Status.OPEN).order_by("-number").first()
    if ring is None:
        raise ValidationError(_("No ring is open now, so there is none to let through."))
    last = ring.readings.order_by("-pk").first()
    verdict = last.verdict if last else ""
    if verdict != "pass":
        reason = given(reason, _("The gate has not passed yet. Say why the ring is let through all the same."))
    ring.move_to(Ring.Status.PASSED, passed_at=now, passed_by=by, reason=reason)
    audit.record("rollout.ring_passed", row, by=by, after={"ring": ring.number, "verdict": verdict}, reason=reason)
    return ring


@transaction.atomic
def abort(rollout: Rollout, *, by: User, reason: str, now: datetime) -> Rollout:
    """No further ring opens. What is out stays, until it is rolled back or decided anew."""
    reason = given(reason, _("Say why the roll-out is broken off."))
    row = people_move(
        rollout, Status.ABORTED, "rollout.aborted", by, reason, *Rollout.NOT_STARTED, *Rollout.UNFINISHED, ended_at=now
    )
    close_change(row, by, reason)
    return row


def close_change(row: Rollout, by: User | None, reason: str) -> None:
    """Let other changes of the same apps go on, as soon as no ring is being written: what was begun is not finished."""
    change_set = ChangeSet.objects.select_for_update(of=("self",)).get(pk=row.change_set_id)
    is_writing = (
        change_set.status == ChangeSet.Status.APPLYING and row.rings.filter(status=Ring.Status.OPENING).exists()
    )
    if is_writing or change_set.status not in (ChangeSet.Status.APPLYING, ChangeSet.Status.FAILED):
        return
    before = {"status": change_set.status}
    change_set.move_to(ChangeSet.Status.ABANDONED)
    after = {"status": change_set.status}
    audit.record("changeset.abandoned", change_set, by=by, before=before, after=after, reason=reason)
