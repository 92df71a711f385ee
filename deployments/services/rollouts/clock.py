"""What happens to roll-outs by itself as time passes: gates, halts, computers let in by the calendar, the next ring."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from deployments.models import ChangeSet, GateReading, Ring, RingMember, Rollout
from deployments.notices import rollouts as notices
from deployments.one_by_one import tried
from deployments.rollouts.calendars import Doors, doors_of
from deployments.rollouts.readings import keep, read_gate
from deployments.services.rollouts.acts import locked, record
from deployments.services.rollouts.course import close_change, leave_out
from fleet.models import Device
from schools import audit

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
    done = sum(tried(_advance, key, now) for key in going.values_list("pk", flat=True))
    return done + sum(tried(_follow_rollback, key, now) for key in taken_back.values_list("pk", flat=True))


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
    return any([has_read, _let_in(row, doors) or _open_next(row, doors)])


def _broken_off(row: Rollout, now: datetime) -> bool:
    """The change itself was withdrawn, refused or closed, so there is nothing left to carry out."""
    if row.status not in (*Rollout.NOT_STARTED, *Rollout.UNFINISHED):
        return False
    before = row.status
    row.move_to(Status.ABORTED, ended_at=now)
    record("rollout.aborted", row, None, before, _("The change was closed."))
    return True


def _read(row: Rollout, now: datetime) -> bool:
    news = [_read_ring(row, ring, now) for ring in _watched(row)]
    return any(news)


def _watched(row: Rollout) -> list[Ring]:
    """The rings that are open or being written; without an open one also the latest that has passed, which is still
    watched for what halts."""
    rings = list(row.rings.filter(status__in=Ring.OPENED).order_by("number"))
    begun = [ring for ring in rings if ring.status != Ring.Status.PASSED]
    if any(ring.status == Ring.Status.OPEN for ring in begun):
        return begun
    return [*[ring for ring in rings if ring.status == Ring.Status.PASSED][-1:], *begun]


def _read_ring(row: Rollout, ring: Ring, now: datetime) -> bool:
    """Of a ring that is being written there is nothing to be told yet, but its first computers may have failed
    already: then the roll-out stops, and no further ring opens."""
    read = read_gate(ring, row, now)
    halts = read.verdict == GateReading.Verdict.HALT
    if ring.status == Ring.Status.OPENING and not halts:
        return False
    last = ring.readings.order_by("-pk").first()
    reading = keep(ring, read, now)
    if halts and row.status in (Status.RUNNING, Status.PAUSED):
        finding = next(each for each in reading.findings if each["key"] not in row.accepted)
        halt(row, finding["code"], finding, now)
    elif reading.verdict == GateReading.Verdict.PASS and row.status == Status.RUNNING and _may_pass(ring):
        _passed(row, ring, now)
    return last is None or last.pk != reading.pk or row.status == Status.HALTED


def _may_pass(ring: Ring) -> bool:
    """Not while some of its computers have been let in that Intune has not confirmed."""
    return ring.status == Ring.Status.OPEN and not _unwritten(ring.members.all()).exists()


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


def present(members: QuerySet[RingMember]) -> QuerySet[RingMember]:
    """Without missing and retired computers, of which Intune confirms nothing. One that is back is let in then."""
    return members.filter(device__missing_since=None).exclude(device__lifecycle=Device.Lifecycle.RETIRED)


def _unwritten(members: QuerySet[RingMember]) -> QuerySet[RingMember]:
    """Let in, and not confirmed in Intune yet."""
    return present(members).filter(released_at__isnull=False, written_at=None)


def schools_of(members: QuerySet[RingMember]) -> set[int | None]:
    return set(members.order_by().values_list("device__school", flat=True).distinct())


def _let_in(row: Rollout, doors: Doors) -> bool:
    """Computers of opened rings whose schools may begin now, and those that were missing when their ring opened and
    are back; ring by ring, once the former have been written.

    A ring that has passed without some of its schools is open again when they come: what they tell has to let the next
    ring through as well. Single computers of schools that were let in before change nothing about that.
    """
    for ring in row.rings.filter(status__in=[Ring.Status.OPEN, Ring.Status.PASSED]).order_by("number"):
        if _unwritten(ring.members.all()).exists():
            return False
        begun = schools_of(ring.members.exclude(released_at=None))
        released = _release(ring, doors)
        if released - begun and ring.status == Ring.Status.PASSED:
            ring.move_to(Ring.Status.OPEN, passed_at=None, passed_by=None, reason="")
            audit.record("rollout.ring_watched_again", row, by=None, after={"ring": ring.number})
        if released:
            return True
    return False


def _release(ring: Ring, doors: Doors) -> set[int | None]:
    """The schools whose computers were let in."""
    waiting = present(ring.members.filter(released_at=None))
    allowed = {school for school in schools_of(waiting) if doors.lets_in(school)}
    count = waiting.filter(device__school__in=allowed - {None}).update(released_at=doors.now)
    if None in allowed:
        count += waiting.filter(device__school=None).update(released_at=doors.now)
    if count:
        after = {"ring": ring.number, "computers": count}
        audit.record("rollout.computers_let_in", ring.rollout, by=None, after=after)
    return allowed


def _open_next(row: Rollout, doors: Doors) -> bool:
    """Open the next ring, when all before it have passed, all that were let in are written, and at least one of its
    schools may begin."""
    is_busy = row.rings.filter(status__in=[Ring.Status.OPENING, Ring.Status.OPEN]).exists()
    coming = list(row.rings.filter(status=Ring.Status.PLANNED).order_by("number"))
    if is_busy or not coming or _unwritten(row.members.all()).exists():
        return False
    ring, is_last = coming[0], len(coming) == 1
    if is_last:
        return _open_last(row, ring, doors)
    if not present(ring.members.all()).exists():
        why = _("All of its computers are missing or retired.") if ring.members.exists() else _("It has no computers.")
        leave_out(row, ring, coming[1], None, why)
        return True
    return _open(ring, doors)


def _open(ring: Ring, doors: Doors) -> bool:
    if not _release(ring, doors):
        return False
    ring.move_to(Ring.Status.OPENING, opened_at=doors.now)
    audit.record("rollout.ring_opened", ring.rollout, by=None, after={"ring": ring.number})
    return True


def _open_last(row: Rollout, ring: Ring, doors: Doors) -> bool:
    """The final state reaches everybody, so all have to be let in before. Schools that would wait long for others get
    a ring of their own kind first: the last one is then written when all are in.

    Of computers that were let in before nobody asks again, although their school may be in a freeze by now: the lists
    are written anew, but give them what their ring's group has given them, so nothing begins on them.
    """
    schools = schools_of(present(row.members.filter(released_at=None)))
    latest = max((doors.first_at(school) for school in schools), default=doors.now)
    if latest <= doors.now:
        _release(ring, doors)
        ring.move_to(Ring.Status.OPENING, opened_at=doors.now)
        audit.record("rollout.ring_opened", row, by=None, after={"ring": ring.number})
        return True
    own = schools_of(present(ring.members.filter(released_at=None)))
    if latest - doors.now <= WAIT_FOR_ALL or not any(doors.lets_in(school) for school in own):
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
