"""Why computers failed in a roll-out: by app version, model and what Intune says of the error."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Count, Max

from deployments.models import ChangeTarget, Rollout
from deployments.status import DeviceStatus, with_status
from fleet.models.hardware import model_name
from schools.models import User

MOST = 20
"""So many causes are told, those of most computers first."""


@dataclass(frozen=True)
class Cause:
    """`failed` computers of one model with one version and error, the last of which told so at `as_of`; `reported` have
    told how it went with the version."""

    version: int
    version_name: str
    model: int
    model_name: str
    error_code: str
    detail: str
    failed: int
    reported: int
    as_of: datetime | None

    @property
    def query(self) -> str:
        """What the list of exactly these computers has in its address."""
        parts = {"version": self.version, "model": self.model, "error": self.error_code, "detail": self.detail}
        return urlencode(parts)


def causes(rollout: Rollout, user: User, now: datetime) -> list[Cause]:
    """One query."""
    mine = user.access.schools_q("deployments.view_changeset", "device__school_id")
    targets = with_status(ChangeTarget.objects.filter(mine, change__change_set=rollout.change_set_id))
    version = ("change__app_version", "change__app_version__application__name", "change__app_version__version")
    model = ("device__hardware_model", "device__hardware_model__manufacturer", "device__hardware_model__name")
    rows = list(
        targets.filter(status__in=[DeviceStatus.INSTALLED, DeviceStatus.FAILED])
        .order_by()
        .values_list(*version, *model, "status", "error_code", "detail")
        .annotate(latest=Max("reported_at"), count=Count("pk"))
    )
    reported = Counter[tuple[int, int]]()
    for row in rows:
        reported[row[0], row[3]] += row[-1]
    found = [
        Cause(
            of,
            f"{app} {number}".strip(),
            on,
            model_name(maker, name),
            code or "",
            detail or "",
            count,
            reported[of, on],
            latest,
        )
        for of, app, number, on, maker, name, status, code, detail, latest, count in rows
        if status == DeviceStatus.FAILED
    ]
    return sorted(found, key=lambda each: (-each.failed, each.version_name, each.model_name, each.error_code))[:MOST]
