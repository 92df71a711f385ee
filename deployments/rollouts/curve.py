"""The curve of a roll-out, or of a change: how many computers Intune was told of, are done and failed by when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db.models import Count, DateTimeField, F, QuerySet
from django.db.models.functions import Greatest, Trunc
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deployments.models import ChangeSet, Rollout
from deployments.queries import device_targets
from deployments.rollouts.progress import LATER, computers
from deployments.status import DeviceStatus
from schools.charts import Chart, Series
from schools.models import User
from schools.templatetags.face import number

BY_MINUTE_UNTIL = timedelta(hours=2)
BY_HOUR_UNTIL = timedelta(days=2)
BY_DAY_UNTIL = timedelta(days=90)
LATELY = timedelta(days=1)


@dataclass(frozen=True)
class Curve:
    """`title` is the finding; `chart` has its figures."""

    title: str
    chart: Chart


def curve(rollout: Rollout, user: User, now: datetime) -> Curve | None:
    """None before Intune has been told of any computer. One query."""
    rows = computers(rollout, user, now).exclude(place=LATER)
    return _curve(rows, rollout.started_at, rollout.ended_at, now)


def curve_of_change(change_set: ChangeSet, user: User, now: datetime) -> Curve | None:
    """As `curve`, for a change that is written all at once."""
    return _curve(device_targets(change_set, user), change_set.started_at, None, now)


def _curve(rows: QuerySet[Any], started_at: datetime | None, ended_at: datetime | None, now: datetime) -> Curve | None:
    """`rows`: each computer once, `with_status`."""
    if started_at is None:
        return None
    end = min(now, ended_at + BY_HOUR_UNTIL) if ended_at else now
    unit = _unit(end - started_at)
    told, done, failed = Counter[datetime](), Counter[datetime](), Counter[datetime]()
    # A report may be older than the write where the computer had the app already.
    since = Trunc(Greatest(F("reported_at"), F("confirmed_at")), unit, output_field=DateTimeField())
    counted = (
        rows.filter(confirmed_at__isnull=False)
        .order_by()
        .annotate(told=Trunc("confirmed_at", unit, output_field=DateTimeField()), since=since)
        .values_list("told", "status", "since")
        .annotate(count=Count("pk"))
    )
    for at, status, ended, count in counted:
        told[at] += count
        if status == DeviceStatus.INSTALLED:
            done[ended or at] += count
        elif status == DeviceStatus.FAILED:
            failed[ended or at] += count
    if not told:
        return None
    first = min(_floor(started_at, unit), *told) - LENGTHS[unit]
    steps = list(_steps(first, max(end, *told, *done, *failed), unit))
    return Curve(
        _finding(told, done, now),
        Chart(
            axis=str(_("Time")),
            labels=[_label(step, unit) for step in steps],
            series=[
                Series(_("Given to the computers"), _summed(told, steps), "idle"),
                Series(_("Done"), _summed(done, steps), "ok"),
                Series(_("Failed"), _summed(failed, steps), "bad"),
            ],
            kind="line",
        ),
    )


def _unit(span: timedelta) -> str:
    if span <= BY_MINUTE_UNTIL:
        return "minute"
    if span <= BY_HOUR_UNTIL:
        return "hour"
    return "day" if span <= BY_DAY_UNTIL else "week"


LENGTHS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}


def _floor(moment: datetime, unit: str) -> datetime:
    """The beginning of its minute, hour, day or week, as the database truncates."""
    local = timezone.localtime(moment).replace(second=0, microsecond=0)
    if unit == "minute":
        return local
    local = local.replace(minute=0)
    if unit == "hour":
        return local
    day = local.date() - timedelta(days=local.weekday() if unit == "week" else 0)
    return timezone.make_aware(datetime.combine(day, time.min))


def _steps(first: datetime, last: datetime, unit: str) -> Iterator[datetime]:
    """Every minute, hour, day or week from the first to the last; days and weeks by the clock on the wall."""
    at = first.astimezone(UTC)
    while at <= last:
        yield at
        if unit in ("minute", "hour"):
            at += LENGTHS[unit]
        else:
            at = timezone.make_aware(timezone.localtime(at).replace(tzinfo=None) + LENGTHS[unit]).astimezone(UTC)


def _summed(counts: Counter[datetime], steps: list[datetime]) -> list[int]:
    """How many by the end of each step."""
    left, found, so_far = sorted(counts.items()), [], 0
    for place, _step in enumerate(steps):
        following = steps[place + 1] if place + 1 < len(steps) else None
        while left and (following is None or left[0][0] < following):
            so_far += left.pop(0)[1]
        found.append(so_far)
    return found


def _label(step: datetime, unit: str) -> str:
    local = timezone.localtime(step)
    if unit == "minute":
        return formats.time_format(local, "TIME_FORMAT")
    if unit == "hour":
        return _("%(day)s at %(time)s") % {
            "day": formats.date_format(local, "SHORT_DATE_FORMAT"),
            "time": formats.time_format(local, "TIME_FORMAT"),
        }
    return formats.date_format(local, "SHORT_DATE_FORMAT")


def _finding(told: Counter[datetime], done: Counter[datetime], now: datetime) -> str:
    words = {"done": number(done.total()), "told": number(told.total())}
    said = ngettext(
        "%(done)s of the %(told)s computer whose turn has come is done.",
        "%(done)s of the %(told)s computers whose turn has come are done.",
        told.total(),
    )
    lately = sum(count for at, count in done.items() if at > now - LATELY)
    if not lately or lately == done.total():
        return said % words
    more = ngettext("%(count)s of them since yesterday.", "%(count)s of them since yesterday.", lately)
    return f"{said % words} {more % {'count': number(lately)}}"
