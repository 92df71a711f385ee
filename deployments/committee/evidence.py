"""The facts about an application that stand beside a proposal: use, faults, cost, size, requests and vetting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.core.cache import cache
from django.db.models import Count, Max, Q, Sum
from django.utils.translation import get_language

from deployments.catalogue.vetting import may_be_decided
from deployments.models import Application, AppRequest, AppVersion, BaselineEntry, InstallStatus, LicencePool
from deployments.models.baselines import BaselineRevision

State = InstallStatus.State
KEPT_SECONDS = 60
FEWEST_ATTEMPTS = 5
"""Below this a rate of faults says more about chance than about the application."""


@dataclass(frozen=True)
class Evidence:
    """All counts are of the whole municipality. `cost_per_year` is in kronor, None when nobody has said it."""

    application: Application
    installed: int
    failed: int
    containers: int
    size_bytes: int | None
    cost_per_year: Decimal | None
    seats: int | None
    requests: int
    schools_asking: int
    vetting_gaps: tuple[str, ...]

    @property
    def attempts(self) -> int:
        return self.installed + self.failed

    @property
    def fault_percent(self) -> int | None:
        """Rounded down; None while there are too few attempts to say."""
        return int(100 * self.failed / self.attempts) if self.attempts >= FEWEST_ATTEMPTS else None


def evidence_of(applications: Iterable[Application], on: date) -> dict[int, Evidence]:
    """By application id; six queries however many applications, none when they were counted within the minute."""
    found = {application.pk: application for application in applications}
    key = f"evidence:{get_language()}:{on}:{sorted(found)}".replace(" ", "")
    return cache.get_or_set(key, lambda: _counted(found, on), KEPT_SECONDS) or {}


def _counted(found: Mapping[int, Application], on: date) -> dict[int, Evidence]:
    installs = _installs(found)
    sizes = dict(
        AppVersion.objects.filter(application__in=found)
        .order_by()
        .values_list("application")
        .annotate(largest=Max("size_bytes"))
    )
    containers = Counter(
        BaselineEntry.objects.filter(
            application__in=found, action="add", revision__status=BaselineRevision.Status.ACTIVE
        ).values_list("application", flat=True)
    )
    licences = _licences(found, on)
    wishes = _wishes(found)
    vetted = Application.objects.select_related("vetting_card").in_bulk(list(found))
    return {
        pk: Evidence(
            application=application,
            installed=installs.get(pk, (0, 0))[0],
            failed=installs.get(pk, (0, 0))[1],
            containers=containers[pk],
            size_bytes=sizes.get(pk),
            cost_per_year=licences.get(pk, (None, None))[0],
            seats=licences.get(pk, (None, None))[1],
            requests=len(wishes.get(pk, [])),
            schools_asking=len(set(wishes.get(pk, []))),
            vetting_gaps=tuple(may_be_decided(vetted[pk], on)),
        )
        for pk, application in found.items()
    }


def _installs(applications: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Computers that have it and computers where it failed, by application id."""
    rows = (
        InstallStatus.objects.filter(app_version__application__in=list(applications))
        .order_by()
        .values_list("app_version__application")
        .annotate(
            installed=Count("device", filter=Q(state=State.INSTALLED), distinct=True),
            failed=Count("device", filter=Q(state=State.FAILED), distinct=True),
        )
    )
    return {pk: (installed, failed) for pk, installed, failed in rows}


def _licences(applications: Iterable[int], on: date) -> dict[int, tuple[Decimal | None, int | None]]:
    rows = (
        LicencePool.objects.valid(on)
        .filter(application__in=list(applications))
        .order_by()
        .values_list("application")
        .annotate(cost=Sum("cost_per_year"), seats=Sum("seats"))
    )
    return {pk: (cost, seats) for pk, cost, seats in rows}


def _wishes(applications: Iterable[int]) -> dict[int, list[int]]:
    """Schools of the requests that were not withdrawn or merged, by application id."""
    requests = AppRequest.objects.filter(application__in=list(applications)).exclude(
        status__in=["draft", "withdrawn", "merged"]
    )
    wishes: dict[int, list[int]] = {}
    for application_id, school_id in requests.values_list("application", "school"):
        wishes.setdefault(application_id, []).append(school_id)
    return wishes
