"""Roll-outs as pages: the list, one with its rings and figures, and the computers behind every figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET

from deployments.models import GateReading, Ring, RingMember, Rollout
from deployments.queries import parts_by_device
from deployments.rollouts.narrowing import chips, narrowing_of
from deployments.rollouts.page import GOING, acts_for, figures, for_page
from deployments.rollouts.progress import PLACES, computers, place_label
from deployments.rollouts.rings import with_told_at
from deployments.rollouts.story import steps_of, story
from deployments.views.person import person
from schools.decorators import permission_required
from schools.models import User
from schools.pages import page_of, render_page

Status = Rollout.Status


@require_GET
@permission_required("deployments.view_changeset")
def rollout_list(request: HttpRequest) -> HttpResponse:
    user = person(request)
    visible = Rollout.objects.visible_to(user)
    chosen = request.GET.get("status", "")
    rows = visible.filter(status=chosen) if chosen in Status.values else visible
    latest = GateReading.objects.order_by("ring_id", "-pk").distinct("ring_id")
    rings = with_told_at(Ring.objects.order_by("number"))
    rings = rings.prefetch_related(Prefetch("readings", latest, to_attr="latest"))
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
        "current": _current(row, rings),
        "rings": len(rings),
        "total": sum(every.values()),
        "told": sum(told.values()),
        "story": _waits(row, story(row, steps, now, decides=True)),
    }


def _current(row: Rollout, rings: Sequence[Ring]) -> Ring | None:
    """The ring that is open, of one that has not ended."""
    is_open = (ring for ring in rings if ring.status in (Ring.Status.OPENING, Ring.Status.OPEN))
    return next(is_open, None) if row.status in GOING else None


def _waits(row: Rollout, told: Sequence[str]) -> str:
    """Why it has stopped, or what it waits for; nothing of one that has ended."""
    if row.status not in GOING:
        return ""
    return told[1] if row.status == Status.HALTED else told[-1]


@require_GET
def rollout(request: HttpRequest, pk: int) -> HttpResponse:
    user, now = person(request), timezone.now()
    found = find_rollout(user, pk)
    context = figures(found, user, now)
    if not request.htmx:  # type: ignore[attr-defined]
        context |= acts_for(user, found, context["steps"], context["overrides"])
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
    return get_object_or_404(for_page(Rollout.objects.visible_to(user)), pk=pk)


def _goes_to(found: Rollout, rings: Sequence[Ring]) -> list[Ring]:
    """Rings into which computers may be moved."""
    if found.status not in GOING:
        return []
    ahead = [ring for ring in rings if ring.status == Ring.Status.PLANNED]
    return ahead if len(ahead) > 1 else []
