"""Whether an application can go to a request's computers without a further hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Exists, Max, OuterRef, Q
from django.utils.translation import gettext as _

from deployments.catalogue.licences import Shortfall, seats_of
from deployments.catalogue.vetting import may_be_decided
from deployments.models import Application, AppRequest, InstallStatus
from deployments.requests.scope import computers


@dataclass(frozen=True)
class Facts:
    """`without` are the computers that do not have it yet; `size_bytes` is the largest version's; `schools` are others
    that got it by a request; `seats_left` None: no licence is counted."""

    computers: int
    without: int
    versions: int = 0
    size_bytes: int | None = None
    schools: int = 0
    seats_left: int | None = None


def facts(request: AppRequest, on: date) -> Facts:
    """Three queries; more only when licences are counted."""
    installed = InstallStatus.objects.filter(
        device=OuterRef("pk"), app_version__application=request.application_id, state=InstallStatus.State.INSTALLED
    )
    counted = computers(request).aggregate(computers=Count("pk"), without=Count("pk", filter=~Q(Exists(installed))))
    if request.application is None:
        return Facts(**counted)
    elsewhere = Q(requests__status__in=AppRequest.GRANTED) & ~Q(requests__school=request.school_id)
    known = Application.objects.filter(pk=request.application.pk).aggregate(
        number=Count("versions", distinct=True),
        size=Max("versions__size_bytes"),
        schools=Count("requests__school", distinct=True, filter=elsewhere),
    )
    seats = seats_of([request.application.pk], on).get(request.application.pk)
    return Facts(
        **counted,
        versions=known["number"],
        size_bytes=known["size"],
        schools=known["schools"],
        seats_left=seats.left_at(request.school_id) if seats else None,
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
