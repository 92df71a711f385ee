"""What the gates of a roll-out read: the statuses of a ring's computers, and how each app does on each model."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from deployments.models import AppVersion, ChangeTarget, GateReading, InstallStatus, Ring, RingMember, Rollout
from deployments.rollouts.gate import Cell, Finding, Reading, Rules, Tally, read
from deployments.status import DeviceStatus, holding_back, with_status
from fleet.models import HardwareModel

State = InstallStatus.State
FAILED = [State.FAILED, State.UNINSTALL_FAILED]


def read_gate(ring: Ring, rollout: Rollout, now: datetime) -> Reading:
    """The verdict on a ring that has been written. Three queries, or four."""
    return read(
        tally_of(ring),
        cells_of(rollout),
        rules_of(rollout),
        written_at=ring.written_at or now,
        now=now,
        accepted=rollout.accepted,
    )


def rules_of(rollout: Rollout) -> Rules:
    return Rules(rollout.min_sample, rollout.least_success, rollout.soak)


def targets_of(ring: Ring) -> QuerySet[ChangeTarget]:
    """What the change does to the ring's computers that Intune has been told of."""
    members = RingMember.objects.filter(ring=ring, written_at__isnull=False)
    change_set = ring.rollout.change_set_id
    return ChangeTarget.objects.filter(change__change_set=change_set, device__in=members.values("device"))


def tally_of(ring: Ring) -> Tally:
    """Each computer once, by what holds it back; those to which nothing applies do not count."""
    once = with_status(ChangeTarget.objects.filter(pk__in=holding_back(targets_of(ring)).values("pk")))
    found = dict(once.order_by().values_list("status").annotate(Count("pk")))
    done, failed = found.pop(DeviceStatus.INSTALLED, 0), found.pop(DeviceStatus.FAILED, 0)
    found.pop(DeviceStatus.NOT_APPLICABLE, None)
    return Tally(done, failed, sum(found.values()))


def cells_of(rollout: Rollout) -> list[Cell]:
    """Of all rings that have been written, for apps that are installed or removed."""
    told = RingMember.objects.filter(rollout=rollout, device=OuterRef("device"), written_at__isnull=False)
    targets = ChangeTarget.objects.filter(
        Exists(told),
        change__change_set=rollout.change_set_id,
        effect__in=[ChangeTarget.Effect.INSTALL, ChangeTarget.Effect.UNINSTALL],
    )
    now: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    keys = ("change__app_version", "device__hardware_model", "status")
    for version, model, status, count in with_status(targets).order_by().values_list(*keys).annotate(Count("pk")):
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
    change (an id) has made."""
    if not versions:
        return {}
    application_of = dict(AppVersion.objects.filter(pk__in=versions).values_list("pk", "application"))
    made = ChangeTarget.objects.filter(
        change__change_set=change_set, change__app_version=OuterRef("app_version"), device=OuterRef("device")
    )
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
