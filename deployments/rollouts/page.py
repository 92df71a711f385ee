"""What the page of a roll-out shows: sentences, figures, rings and tables. Ten queries at most, with the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise

from deployments.models import CalendarOverride, ChangeSet, ChangeTarget, Ring, Rollout
from deployments.rollouts.calendars import Doors, doors_for
from deployments.rollouts.candidates import BINDING
from deployments.rollouts.causes import causes
from deployments.rollouts.curve import curve
from deployments.rollouts.evenness import evenness
from deployments.rollouts.progress import LATER, PLACES, Progress, Share, place_label, progress
from deployments.rollouts.rings import rings_with_readings
from deployments.rollouts.starts import SchoolStart, starts
from deployments.rollouts.story import Step, gate_sentences, steps_of, story
from deployments.services import changes
from deployments.services.rollouts import Wait
from deployments.status import DeviceStatus
from schools.models import User

Status = Rollout.Status
RUN = "deployments.run_rollout"
CALENDAR = CalendarOverride.Kind.CALENDAR
GOING = (*Rollout.NOT_STARTED, *Rollout.UNFINISHED)


@dataclass(frozen=True)
class Cell:
    """A figure with its words and what the address of the list that it counts has."""

    code: str
    label: str | Promise
    count: int
    query: str
    as_of: datetime | None = None
    """The latest report that it follows from."""


@dataclass(frozen=True)
class RingRow:
    step: Step
    gate: list[str]
    cells: list[Cell]
    held_back: int
    """Computers of an opened ring that have not been let in yet: by the calendar, or because they are missing."""


@dataclass(frozen=True)
class ShareRow:
    share: Share
    cells: list[Cell]


def for_page(rollouts: QuerySet[Rollout]) -> QuerySet[Rollout]:
    """With all that its page reads of the row, and whether calendars bind it (`is_bound`)."""
    binding = ChangeTarget.objects.filter(change__change_set=OuterRef("change_set"), effect__in=BINDING)
    passed = CalendarOverride.objects.agreed(CALENDAR).filter(change_set=OuterRef("change_set"))
    return rollouts.select_related(
        "change_set__revision__baseline__semester", "pilot_school", "starts_in", "created_by", "started_by", "rollback"
    ).annotate(is_bound=Exists(binding) & ~Exists(passed))


def figures(found: Rollout, user: User, now: datetime) -> dict[str, Any]:
    """For a row of `for_page`."""
    sees_all = user.access.reads_all("deployments.view_changeset")
    how_far = progress(found, user, now)
    read = rings_with_readings(found)
    rings = [ring for ring, _reading in read]
    readings = {ring.pk: reading for ring, reading in read if reading and sees_all}
    counts = {number: share.total for number, share in how_far.rings.items()}
    let_in = {number: share.told for number, share in how_far.rings.items()}
    tallies = {number: share.tally for number, share in how_far.rings.items()}
    steps = steps_of(rings, readings, counts, let_in, tallies)
    doors = _doors(found, rings, how_far, now)
    failed = how_far.whole.counts.get(DeviceStatus.FAILED, 0)
    return {
        "rollout": found,
        "sees_all": sees_all,
        "progress": how_far,
        "steps": steps,
        "rings": [_ring_row(found, step, how_far) for step in steps],
        "story": _story(found, steps, doors, how_far, now, decides=user.has_perm(RUN)),
        "places": _places(found, how_far),
        "schools": [_share_row(found, share, "school", rings, how_far) for share in how_far.schools],
        "models": [_share_row(found, share, "model", rings, how_far) for share in how_far.models],
        "headings": _headings(found, rings, how_far),
        "evenness": evenness(found, steps, how_far) if found.status in Rollout.NOT_STARTED else [],
        "starts": _starts(found, how_far, doors),
        "causes": causes(found, user, now) if failed else [],
        "failed": failed,
        "curve": curve(found, user, now),
        "overrides": _overrides(found) if sees_all else [],
        "poll_seconds": _poll_seconds(found, how_far),
        "seen": "-".join([found.status, *(ring.status for ring in rings)]),
    }


def _overrides(found: Rollout) -> list[CalendarOverride]:
    rows = CalendarOverride.objects.filter(change_set=found.change_set_id, kind=CALENDAR)
    return list(rows.select_related("requested_by", "approved_by"))


def _doors(found: Rollout, rings: Sequence[Ring], how_far: Progress, now: datetime) -> Doors | None:
    """Only where the calendar may be what it waits for: before the start, and when computers are to be let in."""
    held_back = any(
        ring.status in Ring.OPENED and how_far.rings[ring.number].counts.get(LATER)
        for ring in rings
        if ring.number in how_far.rings
    )
    is_between = not any(ring.status in (Ring.Status.OPENING, Ring.Status.OPEN) for ring in rings)
    if found.status in Rollout.NOT_STARTED or (found.status == Status.RUNNING and (held_back or is_between)):
        return doors_for(found, now, how_far.places, is_bound=vars(found)["is_bound"])
    return None


def _story(
    found: Rollout, steps: Sequence[Step], doors: Doors | None, how_far: Progress, now: datetime, *, decides: bool
) -> list[str]:
    coming = next((step.ring.number for step in steps if step.ring.status == Ring.Status.PLANNED), None)
    if doors is None or coming is None:
        return story(found, steps, now, decides=decides)
    here = [share.key for share in how_far.schools if share.by_ring.get(coming)]
    opens_at = min((doors.first_at(school) for school in here), default=None)
    return story(found, steps, now, decides=decides, wait=_wait(found, doors, how_far), opens_at=opens_at)


def _wait(found: Rollout, doors: Doors, how_far: Progress) -> Wait | None:
    """As `waits_for`, for one that is queued: by the apps and groups of its plan alone, which takes one query; one more
    where groups are to be created."""
    if found.status != Status.QUEUED:
        return None
    applications = found.change_set.changes.values("app_version__application")
    in_the_way = changes.under_way(found.change_set.revision_id).filter(app_version__application__in=applications)
    same_group = Q(pk__in=changes.creating_groups_of(found.change_set))
    others = ChangeSet.objects.filter(Q(changes__in=in_the_way) | same_group).distinct().order_by("pk")
    first = min((doors.first_at(share.key) for share in how_far.schools), default=doors.now)
    return Wait(first if first > doors.now else None, tuple(others))


def _starts(found: Rollout, how_far: Progress, doors: Doors | None) -> list[SchoolStart]:
    """Before the start of all schools; later of those with computers that are still to be let in."""
    if doors is None:
        return []
    if found.status in Rollout.NOT_STARTED:
        return starts(doors, how_far.schools)
    return [each for each in starts(doors, [s for s in how_far.schools if s.counts.get(LATER)]) if not each.is_now]


def _places(found: Rollout, how_far: Progress) -> list[Cell]:
    cells = _cells(found, how_far.whole.counts, "")
    return [replace(cell, as_of=how_far.latest.get(cell.code)) for cell in cells]


def _cells(found: Rollout, counts: Mapping[str, int], query: str) -> list[Cell]:
    """Of each place that some computer is in."""
    prefix = f"{query}&" if query else ""
    return [
        Cell(place, place_label(place, found), counts[place], f"{prefix}status={place}")
        for place in map(str, PLACES)
        if counts.get(place)
    ]


def _ring_row(found: Rollout, step: Step, how_far: Progress) -> RingRow:
    share = how_far.rings.get(step.ring.number)
    counts = share.counts if share else {}
    is_out = step.ring.status in Ring.OPENED
    return RingRow(
        step,
        gate_sentences(step) if step.ring.written_at else [],
        _cells(found, counts, f"ring={step.ring.number}") if is_out else [],
        counts.get(LATER, 0) if is_out and found.status in Rollout.UNFINISHED else 0,
    )


def _headings(found: Rollout, rings: Sequence[Ring], how_far: Progress) -> list[tuple[str, str | Promise]]:
    """The columns of the tables by school and model: rings before the start, then places."""
    if found.started_at is None:
        return [(str(ring.number), str(ring)) for ring in rings]
    return [(place, place_label(place, found)) for place in map(str, PLACES) if how_far.whole.counts.get(place)]


def _share_row(found: Rollout, share: Share, name: str, rings: Sequence[Ring], how_far: Progress) -> ShareRow:
    said = f"{name}={share.key}"
    if found.started_at is None:
        cells = [
            Cell(str(ring.number), str(ring), share.by_ring.get(ring.number, 0), f"{said}&ring={ring.number}")
            for ring in rings
        ]
    else:
        cells = [
            Cell(place, label, share.counts.get(place, 0), f"{said}&status={place}")
            for place, label in _headings(found, rings, how_far)
        ]
    return ShareRow(share, cells)


def _poll_seconds(found: Rollout, how_far: Progress) -> int:
    if found.status in (Status.QUEUED, *Rollout.UNFINISHED):
        return 10
    waiting = how_far.whole.counts.get(DeviceStatus.WAITING_FOR_DEVICE, 0)
    return 30 if found.status == Status.DONE and waiting else 0


def acts_for(user: User, found: Rollout, steps: Sequence[Step], overrides: Sequence[Any]) -> dict[str, Any]:
    """Which acts to show: what this person may do, and what the state allows."""
    if not user.has_perm(RUN):
        return {"acts": {}}
    ahead = [step for step in steps if step.ring.status == Ring.Status.PLANNED]
    opened = next((step for step in reversed(steps) if step.is_open), None)
    is_writing = any(step.ring.status == Ring.Status.OPENING for step in steps)
    going = found.status in GOING
    asked = next((each for each in overrides if each.approved_at is None), None)
    has_started = found.started_at is not None
    acts = {
        "start": found.status == Status.PLANNED,
        "edit": found.status == Status.PLANNED,
        "plan_anew": found.never_began and found.change_set.status == ChangeSet.Status.APPROVED,
        "leave_queue": found.status == Status.QUEUED,
        "pause": found.status == Status.RUNNING,
        "resume": found.status in (Status.PAUSED, Status.HALTED),
        "let_through": opened if found.status in (Status.RUNNING, Status.PAUSED) else None,
        "skip": ahead[0] if going and len(ahead) > 1 else None,
        "with_ring": ahead[1] if going and len(ahead) > 1 else None,
        "move": going and len(ahead) > 1,
        "ask_override": going and not overrides,
        "approve_override": asked if going and asked and asked.requested_by_id != user.pk else None,
        "own_override": asked if going and asked and asked.requested_by_id == user.pk else None,
        "abort": going,
        "roll_back": has_started
        and found.status in (*Rollout.UNFINISHED, Status.ABORTED, Status.DONE)
        and found.rollback_id is None
        and not is_writing,
        "is_writing": is_writing and has_started and found.rollback_id is None,
    }
    return {
        "acts": acts if any(acts.values()) else {},
        "out": sum(step.let_in for step in steps if step.ring.status in Ring.OPENED),
        "left": sum(step.computers for step in ahead),
        "pass_needs_reason": bool(opened and (opened.reading is None or opened.reading.verdict != "pass")),
    }
