"""How far changes and applications have come. Counts and the lists under them come from the same querysets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Max, Q, QuerySet

from deployments.models import Application, ChangeSet, ChangeTarget, InstallStatus
from deployments.status import DeviceStatus, holding_back, with_status
from fleet.models.hardware import model_name
from schools.models import User

Counts = Mapping[DeviceStatus, int]


@dataclass(frozen=True)
class SchoolProgress:
    """`school_id` and `name` None: computers whose school nobody knows."""

    school_id: int | None
    name: str | None
    counts: Counts

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        return self.counts[DeviceStatus.INSTALLED]


@dataclass(frozen=True)
class Progress:
    """Every status is a key of `counts`, which add up to `total`: the computers of the change, each once.

    `as_of` is the latest report about what the change wrote; None before the first.
    """

    counts: Counts
    by_school: tuple[SchoolProgress, ...]
    as_of: datetime | None

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        return self.counts[DeviceStatus.INSTALLED]

    @property
    def waiting(self) -> int:
        return self.counts[DeviceStatus.WAITING_FOR_DEVICE] + self.counts[DeviceStatus.WAITING_FOR_INTUNE]

    @property
    def is_settled(self) -> bool:
        """Nothing more will come by itself."""
        return self.waiting == 0


def device_targets(
    change_set: ChangeSet, user: User, status: str | None = None, school_id: int | None = None
) -> QuerySet[Any]:
    """The computers of a change that this person may see, each by the target that holds it back (see `status`)."""
    targets = _targets(change_set, user)
    if school_id is not None:
        targets = targets.filter(device__school=school_id)
    computers = with_status(targets.filter(pk__in=holding_back(targets).values("pk")))
    return computers.filter(status=status) if status else computers


def _targets(change_set: ChangeSet, user: User) -> QuerySet[ChangeTarget]:
    mine = user.access.schools_q("deployments.view_changeset", "device__school_id")
    return ChangeTarget.objects.filter(mine, change__change_set=change_set)


def parts_by_device(change_set: ChangeSet, devices: Iterable[int]) -> dict[int, list[Any]]:
    """All that the change does to each of these computers, with `status`; by device id, app after app. One query."""
    targets = ChangeTarget.objects.filter(change__change_set=change_set, device__in=list(devices))
    parts: dict[int, list[Any]] = defaultdict(list)
    for target in with_status(targets).select_related("change__app_version__application").order_by("change"):
        target.status_label = DeviceStatus(target.status).label
        parts[target.device_id].append(target)
    return parts


def progress(change_set: ChangeSet, user: User) -> Progress:
    """One query."""
    targets = _targets(change_set, user)
    once = Q(pk__in=holding_back(targets).values("pk"))
    since_the_write = Q(reported_at__gte=F("counts_from"), confirmed_at__isnull=False)
    rows = (
        with_status(targets)
        .order_by()
        .values("device__school", "device__school__name", "status")
        .annotate(count=Count("pk", filter=once), latest=Max("reported_at", filter=since_the_write))
    )
    counts = dict.fromkeys(DeviceStatus, 0)
    schools: dict[tuple[int | None, str | None], dict[DeviceStatus, int]] = defaultdict(
        lambda: dict.fromkeys(DeviceStatus, 0)
    )
    reports: list[datetime] = []
    for row in rows:
        status = DeviceStatus(row["status"])
        counts[status] += row["count"]
        schools[row["device__school"], row["device__school__name"]][status] += row["count"]
        reports += [row["latest"]] if row["latest"] else []
    by_school = [SchoolProgress(*school, counts_there) for school, counts_there in schools.items()]
    by_school.sort(key=lambda each: (each.name is None, (each.name or "").casefold()))
    return Progress(counts, tuple(by_school), max(reports, default=None))


@dataclass(frozen=True)
class ModelSuccess:
    """Reports of one app version on one hardware model. `rate` is of the attempts that ended, None before the first."""

    version_id: int
    hardware_model: str
    states: Mapping[str, int]

    @property
    def installed(self) -> int:
        return self.states.get(InstallStatus.State.INSTALLED, 0)

    @property
    def failed(self) -> int:
        return self.states.get(InstallStatus.State.FAILED, 0)

    @property
    def total(self) -> int:
        return sum(self.states.values())

    @property
    def other(self) -> int:
        return self.total - self.installed - self.failed

    @property
    def rate(self) -> float | None:
        ended = self.installed + self.failed
        return self.installed / ended if ended else None


def application_success(application: Application, user: User) -> list[ModelSuccess]:
    """By version and hardware model, of the computers this person may see that the version is for; one query."""
    rows = (
        InstallStatus.objects.visible_to(user)
        .filter(app_version__application=application)
        .exclude(state=InstallStatus.State.NOT_APPLICABLE)
        .order_by()
        .values_list("app_version", "device__hardware_model__manufacturer", "device__hardware_model__name", "state")
        .annotate(count=Count("pk"))
    )
    states: dict[tuple[int, str], dict[str, int]] = defaultdict(dict)
    for version_id, manufacturer, name, state, count in rows:
        states[version_id, model_name(manufacturer, name)][state] = count
    return [ModelSuccess(version, model, counts) for (version, model), counts in sorted(states.items())]
