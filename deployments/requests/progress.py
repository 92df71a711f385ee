"""How far a request has come: the line of steps with their times, and the computers that have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from deployments.models import AppRequest, ChangeSet, ChangeTarget, RequestStep
from deployments.rollouts.at_once import against
from deployments.status import DeviceStatus, holding_back, with_status

Status = AppRequest.Status
WAITING = (DeviceStatus.WAITING_FOR_DEVICE, DeviceStatus.WAITING_FOR_INTUNE, DeviceStatus.UNKNOWN)


@dataclass(frozen=True)
class Installing:
    """Computers of the request's changes, and of those merged into it; `failed` and `waiting` are parts of those that
    are not done."""

    total: int = 0
    done: int = 0
    failed: int = 0
    waiting: int = 0


def installing(request: AppRequest) -> Installing:
    """One query; nothing when no change carries it out (yet)."""
    if request.status not in AppRequest.GRANTED:
        return Installing()
    targets = ChangeTarget.objects.filter(change__change_set__in=changes_of(request).values("pk"))
    once = with_status(targets.filter(pk__in=holding_back(targets).values("pk")))
    counts = dict(once.order_by().values_list("status").annotate(Count("pk")))
    applicable = sum(counts.values()) - counts.get(DeviceStatus.NOT_APPLICABLE, 0)
    return Installing(
        total=applicable,
        done=counts.get(DeviceStatus.INSTALLED, 0),
        failed=counts.get(DeviceStatus.FAILED, 0),
        waiting=sum(counts.get(status, 0) for status in WAITING),
    )


def changes_of(request: AppRequest) -> QuerySet[ChangeSet]:
    """The present change of the request, and those of the requests merged into it."""
    return ChangeSet.objects.filter(Q(requests=request.pk) | Q(requests__merged_into=request.pk))


def waits_until(request: AppRequest, now: datetime) -> datetime | None:
    """When it goes to the computers by itself, where a freeze or lessons are all that it waits for."""
    carried = request.change_set
    if request.status not in AppRequest.GRANTED or carried is None or carried.status != ChangeSet.Status.APPROVED:
        return None
    return against(carried, now).free_at


@dataclass(frozen=True)
class Station:
    """One step of the line. `state` is done, current, ahead or stopped; `at` is when it was reached."""

    label: str
    state: str
    at: datetime | None = None
    until: datetime | None = None


def line(request: AppRequest, steps: Sequence[RequestStep], seen: Installing) -> list[Station]:
    """Inskickad → Skolans beslut → IT-granskning → (Kommitté) → Planerad → (Provas) → Installeras n/m → Klar.

    What the request passed without stopping is left out once it is behind; what has ended shows its end last.
    """
    reached = {step.status: step for step in steps}
    path = _path(request, reached)
    current = Status(request.status)
    stations = [_station(status, reached, current, seen) for status in path]
    if current in (Status.REFUSED, Status.WITHDRAWN, Status.MERGED):
        stations = [each for each in stations if each.state == "done"]
        stations.append(Station(str(current.label), "stopped", reached[current].entered_at))
    return [_sent(request, reached), *stations]


def _sent(request: AppRequest, reached: dict[str, RequestStep]) -> Station:
    first = reached.get(Status.SCHOOL)
    if first is None:
        return Station(_("Draft"), "current")
    return Station(_("Sent"), "done", first.entered_at)


def _path(request: AppRequest, reached: dict[str, RequestStep]) -> list[Status]:
    passed = [Status.SCHOOL]
    is_ahead = request.status in (Status.DRAFT, Status.SCHOOL)
    if Status.REVIEW in reached or is_ahead:
        passed.append(Status.REVIEW)
    if Status.COMMITTEE in reached:
        passed.append(Status.COMMITTEE)
    passed.append(Status.PLANNED)
    if Status.PILOT in reached:
        passed.append(Status.PILOT)
    return [*passed, Status.INSTALLING, Status.DONE]


def _station(status: Status, reached: dict[str, RequestStep], current: Status, seen: Installing) -> Station:
    step = reached.get(status)
    label = _label(status)
    if status == Status.INSTALLING and current in (Status.INSTALLING, Status.DONE) and seen.total:
        label = _("Installing %(done)s/%(total)s") % {"done": seen.done, "total": seen.total}
    if status == current:
        state = "done" if status == Status.DONE else "current"
    else:
        state = "done" if step is not None and step.left_at is not None else "ahead"
    return Station(label, state, step.entered_at if step else None, step.left_at if step else None)


def _label(status: Status) -> str:
    return {
        Status.SCHOOL: _("The school's decision"),
        Status.REVIEW: _("IT review"),
        Status.COMMITTEE: _("Committee"),
        Status.PLANNED: _("Planned"),
        Status.PILOT: _("Being tried"),
        Status.INSTALLING: _("Installing"),
        Status.DONE: _("Done"),
    }[status]
