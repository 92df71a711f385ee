"""Roll-outs as pages: the list, one with its rings and figures, and the computers behind every figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from deployments.models import GateReading, Ring, RingMember, Rollout
from deployments.queries import parts_by_device
from deployments.rollouts.calendars import Doors, doors_of
from deployments.rollouts.causes import causes
from deployments.rollouts.curve import curve
from deployments.rollouts.evenness import evenness
from deployments.rollouts.narrowing import chips, narrowing_of
from deployments.rollouts.progress import LATER, PLACES, Progress, Share, computers, place_label, progress
from deployments.rollouts.starts import SchoolStart, starts
from deployments.rollouts.story import Step, gate_sentences, steps_of, story
from deployments.services.rollouts import waits_for
from deployments.status import DeviceStatus
from deployments.views.person import person
from schools.decorators import permission_required
from schools.models import School, User
from schools.pages import page_of, render_page

Status = Rollout.Status


@dataclass(frozen=True)
class Cell:
    """A figure with its words and what the address of the list that it counts has."""

    code: str
    label: str | Promise
    count: int
    query: str


@dataclass(frozen=True)
class RingRow:
    step: Step
    gate: list[str]
    cells: list[Cell]
    held_back: int
    """Computers of an opened ring that the calendar has not let in yet."""


@dataclass(frozen=True)
class ShareRow:
    share: Share
    cells: list[Cell]


@require_GET
@permission_required("deployments.view_changeset")
def rollout_list(request: HttpRequest) -> HttpResponse:
    user = person(request)
    visible = Rollout.objects.visible_to(user)
    chosen = request.GET.get("status", "")
    rows = visible.filter(status=chosen) if chosen in Status.values else visible
    latest = GateReading.objects.order_by("ring_id", "-pk").distinct("ring_id")
    rings = Ring.objects.order_by("number").prefetch_related(Prefetch("readings", latest, to_attr="latest"))
    listed = rows.select_related("change_set__revision__baseline__semester", "rollback").prefetch_related(
        Prefetch("rings", rings, to_attr="in_order")
    )
    page = page_of(request, listed, {"number": "id"}, order="-number", size=25)
    counts = dict(visible.order_by().values_list("status").annotate(Count("pk")))
    context = {
        "page": page,
        "rows": _listed(page.rows, user, timezone.now()),
        "total": sum(counts.values()),
        "halted": counts.get(Status.HALTED, 0),
        "running": counts.get(Status.RUNNING, 0),
        "planned": counts.get(Status.PLANNED, 0),
        "chips": [(s.value, s.label, counts[s]) for s in Status if counts.get(s)],
        "chosen": chosen,
        "sees_all": user.access.reads_all("deployments.view_changeset"),
    }
    return render_page(request, "deployments/rollout_list.html", context, partial="deployments/_rollout_list.html")


def _listed(rows: Sequence[Rollout], user: User, now: datetime) -> list[dict[str, Any]]:
    """One query for the computers of all of them."""
    mine = user.access.schools_q("deployments.view_changeset", "device__school_id")
    written = Q(written_at__isnull=False)
    counted = (
        RingMember.objects.filter(mine, rollout__in=rows)
        .order_by()
        .values_list("rollout", "ring__number")
        .annotate(every=Count("pk"), told=Count("pk", filter=written))
    )
    found: dict[int, dict[int, tuple[int, int]]] = {}
    for rollout, ring, every, told in counted:
        found.setdefault(rollout, {})[ring] = (every, told)
    return [_line(row, found.get(row.pk, {}), now) for row in rows]


def _line(row: Rollout, counts: Mapping[int, tuple[int, int]], now: datetime) -> dict[str, Any]:
    rings: list[Ring] = vars(row)["in_order"]
    for ring in rings:
        ring.rollout = row
    readings = {ring.pk: reading for ring in rings for reading in vars(ring)["latest"]}
    every = {number: count for number, (count, _told) in counts.items()}
    told = {number: count for number, (_every, count) in counts.items()}
    steps = steps_of(rings, readings, every, told)
    return {
        "rollout": row,
        "current": next((s.ring for s in steps if s.ring.status in (Ring.Status.OPENING, Ring.Status.OPEN)), None),
        "rings": len(rings),
        "total": sum(every.values()),
        "told": sum(told.values()),
        "story": " ".join(story(row, steps, now)[-1:]) if row.status in _WAITING else "",
    }


_WAITING = (*Rollout.NOT_STARTED, *Rollout.UNFINISHED)


@require_GET
def rollout(request: HttpRequest, pk: int) -> HttpResponse:
    user, now = person(request), timezone.now()
    found = find_rollout(user, pk)
    context = _figures(found, user, now)
    if not request.htmx:  # type: ignore[attr-defined]
        context |= _may(user, found, context["steps"], context["overrides"])
    response = render_page(request, "deployments/rollout.html", context, partial="deployments/_rollout_live.html")
    if request.htmx and request.GET.get("seen") != context["seen"]:  # type: ignore[attr-defined]
        response["HX-Refresh"] = "true"
    return response


@require_GET
def rollout_computers(request: HttpRequest, pk: int) -> HttpResponse:
    """The computers behind every figure; the address narrows them (`narrowing_of`)."""
    user, now = person(request), timezone.now()
    found = find_rollout(user, pk)
    by = narrowing_of(request.GET)
    targets = computers(found, user, now, by)
    page = page_of(
        request,
        targets.select_related("device__school", "device__hardware_model"),
        {"name": "device__observed_name", "seen": "device__last_check_in_at"},
    )
    parts = parts_by_device(found.change_set, (target.device_id for target in page.rows))
    rings = list(found.rings.all())
    context = {
        "rollout": found,
        "page": page,
        "rows": [(each, place_label(each.place, found), parts[each.device_id]) for each in page.rows],
        "count": targets.count(),
        "chips": chips(by, user),
        "narrowed": by,
        "places": [(str(place), place_label(place, found)) for place in PLACES],
        "rings": rings,
        "has_started": found.started_at is not None,
        "goes_to": _goes_to(found, rings) if user.has_perm("deployments.run_rollout") else [],
    }
    return render_page(
        request, "deployments/rollout_computers.html", context, partial="deployments/_rollout_computers.html"
    )


def find_rollout(user: User, pk: int) -> Rollout:
    rows = Rollout.objects.visible_to(user).select_related(
        "change_set__revision__baseline__semester", "pilot_school", "starts_in", "created_by", "started_by", "rollback"
    )
    return get_object_or_404(rows, pk=pk)


def _goes_to(found: Rollout, rings: Sequence[Ring]) -> list[Ring]:
    """Rings into which computers may be moved."""
    if found.status not in _WAITING:
        return []
    ahead = [ring for ring in rings if ring.status == Ring.Status.PLANNED]
    return ahead if len(ahead) > 1 else []


def _figures(found: Rollout, user: User, now: datetime) -> dict[str, Any]:
    sees_all = user.access.reads_all("deployments.view_changeset")
    how_far = progress(found, user, now)
    rings = list(found.rings.order_by("number").select_related("passed_by"))
    for ring in rings:
        ring.rollout = found
    readings = _latest(found) if sees_all and found.started_at else {}
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
        "story": _story(found, steps, doors, how_far, now),
        "places": _cells(found, how_far.whole.counts, ""),
        "schools": [_share_row(found, share, "school", rings, how_far) for share in how_far.schools],
        "models": [_share_row(found, share, "model", rings, how_far) for share in how_far.models],
        "headings": _headings(found, rings, how_far),
        "evenness": evenness(found, steps, how_far) if found.status in Rollout.NOT_STARTED else [],
        "starts": _starts(found, how_far, doors),
        "causes": causes(found, user, now) if failed else [],
        "failed": failed,
        "curve": curve(found, user, now),
        "overrides": list(found.overrides.select_related("requested_by", "approved_by")) if sees_all else [],
        "poll_seconds": _poll_seconds(found, how_far),
        "seen": "-".join([found.status, *(ring.status for ring in rings)]),
    }


def _latest(found: Rollout) -> dict[int, GateReading]:
    rows = GateReading.objects.filter(ring__rollout=found).order_by("ring_id", "-pk").distinct("ring_id")
    return {row.ring_id: row for row in rows}


def _doors(found: Rollout, rings: Sequence[Ring], how_far: Progress, now: datetime) -> Doors | None:
    """Only where the calendar may be what it waits for: before the start, and when computers are to be let in."""
    held_back = any(
        ring.status in Ring.OPENED and how_far.rings[ring.number].counts.get(LATER)
        for ring in rings
        if ring.number in how_far.rings
    )
    is_between = not any(ring.status in (Ring.Status.OPENING, Ring.Status.OPEN) for ring in rings)
    if found.status in Rollout.NOT_STARTED or (found.status == Status.RUNNING and (held_back or is_between)):
        keys = [share.key for share in how_far.schools]
        return doors_of(found, now, School.objects.filter(pk__in=keys))
    return None


def _story(found: Rollout, steps: Sequence[Step], doors: Doors | None, how_far: Progress, now: datetime) -> list[str]:
    wait = waits_for(found, now) if found.status == Status.QUEUED else None
    opens_at = None
    coming = next((step.ring.number for step in steps if step.ring.status == Ring.Status.PLANNED), None)
    if doors and coming is not None:
        here = [share.key for share in how_far.schools if share.by_ring.get(coming)]
        opens_at = min((doors.first_at(school) for school in here), default=None)
    return story(found, steps, now, wait=wait, opens_at=opens_at)


def _starts(found: Rollout, how_far: Progress, doors: Doors | None) -> list[SchoolStart]:
    """Before the start of all schools; later of those with computers that are still to be let in."""
    if doors is None:
        return []
    if found.status in Rollout.NOT_STARTED:
        return starts(doors, how_far.schools)
    return [each for each in starts(doors, [s for s in how_far.schools if s.counts.get(LATER)]) if not each.is_now]


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


def _may(user: User, found: Rollout, steps: Sequence[Step], overrides: Sequence[Any]) -> dict[str, Any]:
    """Which acts to show: what this person may do, and what the state allows."""
    if not user.has_perm("deployments.run_rollout"):
        return {"acts": {}}
    ahead = [step for step in steps if step.ring.status == Ring.Status.PLANNED]
    opened = next((step for step in reversed(steps) if step.is_open), None)
    is_writing = any(step.ring.status == Ring.Status.OPENING for step in steps)
    going = found.status in _WAITING
    asked = next((each for each in overrides if each.approved_at is None), None)
    has_started = found.started_at is not None
    acts = {
        "start": found.status == Status.PLANNED,
        "edit": found.status == Status.PLANNED,
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
        "title": _("What you can do"),
    }
