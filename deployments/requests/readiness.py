"""Whether an application can go to a request's computers without a further hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, Max, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, JSONObject
from django.utils.translation import gettext as _

from deployments.catalogue.licences import Shortfall, seats_in
from deployments.catalogue.vetting import may_be_decided
from deployments.models import AppRequest, AppVersion, InstallStatus, LicencePool
from deployments.requests.scope import computers
from schools.models import School

State = InstallStatus.State
POOL_COLUMNS = ("id", "application_id", "school_id", "seats", "cost_per_year", "ends_on")


@dataclass(frozen=True)
class Facts:
    """`without` are the computers that do not have it yet; `size_bytes` is the largest version's; `schools` are others
    that got it by a request; `installed` and `failed` are counted in all schools; `pools` may have ended."""

    computers: int
    without: int
    versions: int = 0
    size_bytes: int | None = None
    schools: int = 0
    installed: int = 0
    failed: int = 0
    pools: tuple[LicencePool, ...] = ()
    seats_left: int | None = None
    """None: no licence is counted."""


def facts(request: AppRequest, on: date) -> Facts:
    """One query; three more when licences are counted (one when no rule in force is about the application)."""
    application = request.application_id
    installed = InstallStatus.objects.filter(device=OuterRef("pk"), app_version__application=application).filter(
        state=State.INSTALLED
    )
    asked: dict[str, Any] = {
        "computers": _number(computers(request)),
        "without": _number(computers(request).exclude(Exists(installed))),
    }
    if application is not None:
        asked |= _about(application, request.school_id)
    said: dict[str, Any] = {**School.objects.filter(pk=request.school_id).values(**asked).get()}
    pools = tuple(_pool(row) for row in said.pop("pools", ()))
    seats = seats_in(pools, on).get(application) if application is not None else None
    return Facts(**said, pools=pools, seats_left=seats.left_at(request.school_id) if seats else None)


def _about(application: int, school: int) -> dict[str, Any]:
    versions = AppVersion.objects.filter(application=application)
    installs = InstallStatus.objects.filter(app_version__application=application)
    elsewhere = AppRequest.objects.filter(application=application, status__in=AppRequest.GRANTED).exclude(school=school)
    pools = LicencePool.objects.filter(application=application).order_by("pk")
    return {
        "versions": _number(versions),
        "size_bytes": Subquery(_alone(versions).annotate(found=Max("size_bytes")).values("found")),
        "schools": _number(elsewhere, Count("school", distinct=True)),
        "installed": _number(installs.filter(state=State.INSTALLED)),
        "failed": _number(installs.filter(state=State.FAILED)),
        "pools": ArraySubquery(pools.values(row=JSONObject(**{name: name for name in POOL_COLUMNS}))),
    }


def _number(rows: QuerySet[Any], count: Count | None = None) -> Coalesce:
    """The number of rows as one column of another query."""
    return Coalesce(Subquery(_alone(rows).annotate(found=count or Count("pk")).values("found")), 0)


def _alone(rows: QuerySet[Any]) -> Any:
    """As one group, so that an aggregate gives one row."""
    return rows.order_by().annotate(whole=Value(1)).values("whole")


def _pool(row: dict[str, Any]) -> LicencePool:
    """As the columns of JSON say; decimals and dates come as text."""
    cost, ends_on = row.pop("cost_per_year"), row.pop("ends_on")
    return LicencePool(
        **row,
        cost_per_year=None if cost is None else Decimal(str(cost)),
        ends_on=date.fromisoformat(ends_on) if ends_on else None,
    )


def obstacles(request: AppRequest, on: date, known: Facts | None = None) -> list[str]:
    """Why not, in words; empty when it is in the catalogue, can be installed, is vetted and has licences enough."""
    application = request.application
    if application is None:
        return [_("“%(name)s” is not in the catalogue yet.") % {"name": request.wanted}]
    known = known or facts(request, on)
    found = [] if known.versions else [_("There is no version of %(name)s in Intune yet.") % {"name": application}]
    found += may_be_decided(application, on)
    left = None if known.seats_left is None else max(0, known.seats_left)
    if left is not None and left < known.without:
        found.append(str(Shortfall(application, request.school, known.without, left)))
    return found
