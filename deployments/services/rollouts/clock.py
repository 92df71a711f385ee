"""What happens to roll-outs by itself as time passes: gates, halts, computers let in by the calendar, the next ring."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from deployments.models import ChangeSet, GateReading, Ring, RingMember, Rollout
from deployments.notices import rollouts as notices
from deployments.rollouts.calendars import Doors, doors_of
from deployments.rollouts.readings import keep, read_gate
from deployments.services.rollouts.acts import locked, record
from deployments.services.rollouts.course import close_change, leave_out
from fleet.models import Device
from schools import audit

log = logging.getLogger(__name__)

Status = Rollout.Status
CLOSED = (ChangeSet.Status.REJECTED, ChangeSet.Status.CANCELLED, ChangeSet.Status.ABANDONED)
WAIT_FOR_ALL = timedelta(days=1)
"""So long the last ring waits until all of its schools may begin; else those that may go first."""


def advance(now: datetime) -> int:
    """Everything that is due, each roll-out in a transaction of its own. Returns how many changed.

    Safe to run twice and at once: a roll-out that somebody else holds is left to them.
    """
    going = Rollout.objects.filter(status__in=[*Rollout.NOT_STARTED, *Rollout.UNFINISHED])
    taken_back = Rollout.objects.filter(status__in=[Status.ABORTED, Status.DONE], rollback__isnull=False)
    done = sum(_tried(_advance, key, now) for key in going.values_list("pk", flat=True))
    return done + sum(_tried(_follow_rollback, key, now) for key in taken_back.values_list("pk", flat=True))


def _tried(step: Callable[[int, datetime], bool], key: int, now: datetime) -> bool:
    """A roll-out that cannot be advanced does not hold up the others; nothing of the step is kept."""
    try:
        return step(key, now)
    except Exception:
        log.exception("roll-out %s", key)
        return False


def _held(key: int) -> Rollout | None:
    rows = Rollout.objects.select_for_update(of=("self",), skip_locked=True)
    return rows.select_related("change_set", "starts_in", "rollback").filter(pk=key).first()


@transaction.atomic
def _advance(key: int, now: datetime) -> bool:
    row = _held(key)
    if row is None:
        return False
    if row.change_set.status in CLOSED:
        return _broken_off(row, now)
    if row.status not in Rollout.UNFINISHED:
        return False
    has_read = _read(row, now)
    if row.status != Status.RUNNING or row.change_set.status != ChangeSet.Status.APPLYING:
        return has_read
    doors = doors_of(row, now)
    return any([has_read, _let_in(row, doors), _open_next(row, doors)])


def _broken_off(row: Rollout, now: datetime) -> bool:
    """The change itself was withdrawn, refused or closed, so there is nothing left to carry out."""
    if row.status not in (*Rollout.NOT_STARTED, *Rollout.UNFINISHED):
        return False
    before = row.status
    row.move_to(Status.ABORTED, ended_at=now)
    record("rollout.aborted", row, None, before, _("The change was closed."))
    return True


def _read(row: Rollout, now: datetime) -> bool:
    """Read the gate of the latest ring that is written. A ring that passed is still watched for what halts."""
    ring = row.rings.filter(written_at__isnull=False).order_by("-number").first()
    if ring is None:
        return False
    last = ring.readings.order_by("-pk").first()
    reading = keep(ring, read_gate(ring, row, now), now)
    if reading.verdict == GateReading.Verdict.HALT and row.status in (Status.RUNNING, Status.PAUSED):
        finding = next(each for each in reading.findings if each["key"] not in row.accepted)
        halt(row, finding["code"], finding, now)
    elif (
        reading.verdict == GateReading.Verdict.PASS and row.status == Status.RUNNING and ring.status == ring.Status.OPEN
    ):
        _passed(row, ring, now)
    return last is None or last.pk != reading.pk or row.status == Status.HALTED


def _passed(row: Rollout, ring: Ring, now: datetime) -> None:
    if row.gate == Rollout.Gate.BY_HAND:
        notices.tell_waits(row, ring)
        return
    ring.move_to(Ring.Status.PASSED, passed_at=now)
    after = {"ring": ring.number, "verdict": GateReading.Verdict.PASS}
    audit.record("rollout.ring_passed", row, by=None, after=after)


@transaction.atomic
def halt(rollout: Rollout, code: str, data: dict[str, object], now: datetime) -> Rollout:
    """Stop it by itself: no further ring opens until somebody lets it go on. `code` and `data` as `words.explain`."""
    before = rollout.status
    rollout.move_to(Status.HALTED, halted_at=now, halt_code=code, halt_data=data)
    after = {"status": rollout.status, "code": code, **data}
    audit.record("rollout.halted", rollout, by=None, before={"status": before}, after=after)
    notices.tell_halted(rollout)
    return rollout


def _let_in(row: Rollout, doors: Doors) -> bool:
    """Computers of opened rings whose schools may begin now; ring by ring, once the former have been written.

    Retired and missing computers are not waited for: Intune will not confirm them.
    """
    here = RingMember.objects.filter(device__missing_since=None).exclude(device__lifecycle=Device.Lifecycle.RETIRED)
    for ring in row.rings.filter(status__in=[Ring.Status.OPEN, Ring.Status.PASSED]).order_by("number"):
        if here.filter(ring=ring, released_at__isnull=False, written_at=None).exists():
            return False
        if _release(ring, doors):
            return True
    return False


def _release(ring: Ring, doors: Doors) -> int:
    waiting = ring.members.filter(released_at=None)
    schools = set(waiting.order_by().values_list("device__school", flat=True).distinct())
    allowed = [school for school in schools if doors.lets_in(school)]
    found = waiting.filter(device__school__in=[school for school in allowed if school])
    count = found.update(released_at=doors.now)
    if None in allowed:
        count += waiting.filter(device__school=None).update(released_at=doors.now)
    if count:
        after = {"ring": ring.number, "computers": count}
        audit.record("rollout.computers_let_in", ring.rollout, by=None, after=after)
    return count


def _open_next(row: Rollout, doors: Doors) -> bool:
    """Open the next ring, when all before it have passed and at least one of its schools may begin."""
    if row.rings.filter(status__in=[Ring.Status.OPENING, Ring.Status.OPEN]).exists():
        return False
    coming = list(row.rings.filter(status=Ring.Status.PLANNED).order_by("number"))
    if not coming:
        return False
    ring, is_last = coming[0], len(coming) == 1
    if not is_last and not ring.members.exists():
        leave_out(row, ring, coming[1], None, _("It has no computers."))
        return True
    if is_last:
        return _open_last(row, ring, doors)
    return _open(ring, doors)


def _open(ring: Ring, doors: Doors) -> bool:
    if not _release(ring, doors):
        return False
    ring.move_to(Ring.Status.OPENING, opened_at=doors.now)
    audit.record("rollout.ring_opened", ring.rollout, by=None, after={"ring": ring.number})
    return True


def _open_last(row: Rollout, ring: Ring, doors: Doors) -> bool:
    """The final state reaches everybody, so all have to be let in before. Schools that would wait long for others get
    a ring of their own kind first: the last one is then written when all are in."""
    left = RingMember.objects.filter(rollout=row, released_at=None)
    schools = set(left.order_by().values_list("device__school", flat=True).distinct())
    latest = max((doors.first_at(school) for school in schools), default=doors.now)
    if latest <= doors.now:
        for each in row.rings.all():
            _release(each, doors)
        ring.move_to(Ring.Status.OPENING, opened_at=doors.now)
        audit.record("rollout.ring_opened", row, by=None, after={"ring": ring.number})
        return True
    if latest - doors.now <= WAIT_FOR_ALL or not any(doors.lets_in(school) for school in schools):
        return False
    if not ring.members.filter(released_at=None).exists():
        return False
    Ring.objects.create(rollout=row, number=ring.number + 1, share=100)
    return _open(ring, doors)


@transaction.atomic
def ring_written(ring: Ring, now: datetime) -> Ring:
    """Reading back from Intune confirmed the ring's groups and lists. Called again when more of its computers were let
    in and written. With the last ring the roll-out is done.
    """
    row = locked(ring.rollout)
    ring.refresh_from_db()
    is_last = not row.rings.filter(number__gt=ring.number).exists()
    ring.members.filter(released_at__isnull=False, written_at=None).update(written_at=now)
    if ring.status == Ring.Status.OPENING:
        ring.move_to(Ring.Status.PASSED if is_last else Ring.Status.OPEN, written_at=now)
        audit.record("rollout.ring_written", row, by=None, after={"ring": ring.number})
    if is_last and ring.status == Ring.Status.PASSED and row.status in (Status.RUNNING, Status.PAUSED, Status.HALTED):
        _done(row, ring, now)
    if row.status == Status.ABORTED:
        close_change(row, None, _("The roll-out was broken off."))
    return ring


def _done(row: Rollout, ring: Ring, now: datetime) -> None:
    row.members.filter(released_at__isnull=False, written_at=None).update(written_at=now)
    Ring.objects.filter(pk=ring.pk).update(passed_at=now)
    before = row.status
    row.move_to(Status.DONE, ended_at=now)
    record("rollout.done", row, None, before)
    notices.tell_done(row)


@transaction.atomic
def _follow_rollback(key: int, now: datetime) -> bool:
    row = _held(key)
    if row is None or row.rollback is None:
        return False
    before = row.status
    if row.rollback.status == ChangeSet.Status.APPLIED:
        row.move_to(Status.ROLLED_BACK)
        record("rollout.rolled_back", row, None, before)
        return True
    if row.rollback.status in CLOSED:
        Rollout.objects.filter(pk=row.pk).update(rollback=None)
        record("rollout.rollback_dropped", row, None, before)
        return True
    return False
