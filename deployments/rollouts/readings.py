"""What the gates of a roll-out read: the statuses of a ring's computers, and how each app does on each model."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from deployments.models import AppVersion, ChangeTarget, GateReading, InstallStatus, Ring, RingMember, Rollout
from deployments.rollouts.gate import Cell, Finding, Reading, Rules, Tally, read
from deployments.status import DeviceStatus, holding_back, with_status
from fleet.models import Device, HardwareModel

State = InstallStatus.State
FAILED = [State.FAILED, State.UNINSTALL_FAILED]
HAVE_REPORTED = [DeviceStatus.INSTALLED, DeviceStatus.FAILED]
GONE = Q(device__missing_since__isnull=False) | Q(device__lifecycle=Device.Lifecycle.RETIRED)
"""Of a computer: missing or retired, so that nobody expects a report of it."""


def read_gate(ring: Ring, rollout: Rollout, now: datetime) -> Reading:
    """The verdict on a ring that has been opened, by what is known of the computers that have been let in. They are
    watched as `watched_from` says. Four queries, or five."""
    return read(
        tally_of(ring),
        cells_of(rollout),
        rules_of(rollout),
        written_at=watched_from(ring.members.all()).first(),
        now=now,
        accepted=rollout.accepted,
    )


def watched_from(members: QuerySet[RingMember]) -> QuerySet[Any]:
    """One moment, or none: when Intune was told of the school that came last into the ring; that is, of its first
    computers, as a single one that was missing and is back does not make the others wait anew."""
    told = members.filter(written_at__isnull=False).order_by().values("device__school")
    return told.annotate(first=Min("written_at")).order_by("-first").values_list("first", flat=True)[:1]


def rules_of(rollout: Rollout) -> Rules:
    return Rules(rollout.min_sample, rollout.least_success, rollout.soak)


def targets_of(ring: Ring) -> QuerySet[ChangeTarget]:
    """What the change does to the ring's computers that have been let in."""
    members = RingMember.objects.filter(ring=ring, released_at__isnull=False)
    change_set = ring.rollout.change_set_id
    return ChangeTarget.objects.filter(change__change_set=change_set, device__in=members.values("device"))


def tally_of(ring: Ring) -> Tally:
    """Each computer once, by what holds it back. Those to which nothing applies do not count, nor those that are gone
    without having reported."""
    ids = holding_back(targets_of(ring), early=True).values("pk")
    once = with_status(ChangeTarget.objects.filter(pk__in=ids), early=True)
    counted = once.exclude(GONE & ~Q(status__in=HAVE_REPORTED)).exclude(status=DeviceStatus.NOT_APPLICABLE)
    found = dict(counted.order_by().values_list("status").annotate(Count("pk")))
    done, failed = found.pop(DeviceStatus.INSTALLED, 0), found.pop(DeviceStatus.FAILED, 0)
    return Tally(done, failed, sum(found.values()))


def cells_of(rollout: Rollout) -> list[Cell]:
    """Of all rings that have been opened, for apps that are installed or removed."""
    let_in = RingMember.objects.filter(rollout=rollout, device=OuterRef("device"), released_at__isnull=False)
    targets = ChangeTarget.objects.filter(
        Exists(let_in),
        change__change_set=rollout.change_set_id,
        effect__in=[ChangeTarget.Effect.INSTALL, ChangeTarget.Effect.UNINSTALL],
    )
    now: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    keys = ("change__app_version", "device__hardware_model", "status")
    counted = with_status(targets, early=True).order_by().values_list(*keys).annotate(Count("pk"))
    for version, model, status, count in counted:
        now[version, model][status] = count
    before = history_of({version for version, _model in now}, rollout.change_set_id)
    return [
        Cell(
            version,
            model,
            Tally(seen[DeviceStatus.INSTALLED], seen[DeviceStatus.FAILED]),
            before.get((version, model), Tally()),
        )
        for (version, model), seen in sorted(now.items())
    ]


def history_of(versions: set[int], change_set: int | None = None) -> dict[tuple[int, int], Tally]:
    """How the applications of these versions did until now, by version and model: all their reports but those that the
    change (an id) has made. What it takes the place of has told how it went before."""
    if not versions:
        return {}
    application_of = dict(AppVersion.objects.filter(pk__in=versions).values_list("pk", "application"))
    made = ChangeTarget.objects.filter(
        change__change_set=change_set, change__app_version=OuterRef("app_version"), device=OuterRef("device")
    ).exclude(effect=ChangeTarget.Effect.RELEASE)
    rows = (
        InstallStatus.objects.filter(~Exists(made), app_version__application__in=set(application_of.values()))
        .order_by()
        .values_list("app_version__application", "device__hardware_model")
        .annotate(done=Count("pk", filter=Q(state=State.INSTALLED)), failed=Count("pk", filter=Q(state__in=FAILED)))
    )
    by_application = {(application, model): Tally(done, failed) for application, model, done, failed in rows}
    return {
        (version, model): tally
        for version, application in application_of.items()
        for (of, model), tally in by_application.items()
        if of == application
    }


def keep(ring: Ring, reading: Reading, now: datetime) -> GateReading:
    """A row of it; the last one again while nothing in it has changed."""
    numbers = {
        "installed": reading.tally.done,
        "failed": reading.tally.failed,
        "waiting": reading.tally.waiting,
        "verdict": reading.verdict,
    }
    keys = [each.key for each in reading.findings]
    last = ring.readings.order_by("-pk").first()
    if last and _says(last, numbers, keys):
        return last
    return GateReading.objects.create(
        ring=ring, read_at=now, low=reading.low, high=reading.high, findings=named(reading.findings), **numbers
    )


def _says(row: GateReading, numbers: Mapping[str, object], keys: Sequence[str]) -> bool:
    same = all(getattr(row, column) == value for column, value in numbers.items())
    return same and [each["key"] for each in row.findings] == keys


def named(findings: tuple[Finding, ...]) -> list[dict[str, object]]:
    """With the names of version and model as they are now."""
    versions = AppVersion.objects.select_related("application").in_bulk([each.version for each in findings])
    models = HardwareModel.objects.in_bulk([each.model for each in findings if each.model])
    return [
        each.as_json()
        | {"version": str(versions[each.version]), "model": str(models[each.model]) if each.model else ""}
        for each in findings
    ]
