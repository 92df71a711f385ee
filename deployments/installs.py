"""How much of the software is in place, counted from Intune's reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from deployments.models import InstallStatus
from schools.models import School, User

State = InstallStatus.State


@dataclass(frozen=True)
class Installs:
    """Reports, one for each app version on each computer; those where the app does not apply are not in `total`."""

    total: int = 0
    installed: int = 0
    failed: int = 0

    @property
    def others(self) -> int:
        return self.total - self.installed - self.failed

    @property
    def share(self) -> float | None:
        """None while Intune has not reported anything."""
        return self.installed / self.total if self.total else None

    @property
    def percent(self) -> int | None:
        """Rounded down, so that 100 means all."""
        return int(self.share * 100) if self.share is not None else None

    @property
    def tone(self) -> str:
        """For the bar, as in `schools.status.Look`."""
        return tone_of_share(self.share)


GOOD_SHARE, FAIR_SHARE = 0.95, 0.85


def tone_of_share(share: float | None) -> str:
    if share is None:
        return "idle"
    if share >= GOOD_SHARE:
        return "ok"
    return "warn" if share >= FAIR_SHARE else "bad"


def installs_by_school(schools: Iterable[School], user: User) -> dict[int, Installs]:
    """By school id; schools without any report are no key. One query."""
    reports = InstallStatus.objects.visible_to(user).filter(device__school__in=[school.pk for school in schools])
    return _counted(reports, "device__school")


def installs_by_application(
    user: User, applications: Iterable[int], school: School | None = None
) -> dict[int, Installs]:
    """By application id, at one school or at all that the person may see. One query."""
    reports = InstallStatus.objects.visible_to(user).filter(app_version__application__in=applications)
    if school is not None:
        reports = reports.filter(device__school=school)
    return _counted(reports, "app_version__application")


def _counted(reports: QuerySet[InstallStatus], key: str) -> dict[int, Installs]:
    rows = (
        reports.order_by()
        .values_list(key)
        .annotate(
            total=Count("pk", filter=~Q(state=State.NOT_APPLICABLE)),
            installed=Count("pk", filter=Q(state=State.INSTALLED)),
            failed=Count("pk", filter=Q(state__in=[State.FAILED, State.UNINSTALL_FAILED])),
        )
    )
    return {key: Installs(total, installed, failed) for key, total, installed, failed in rows}
