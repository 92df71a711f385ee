"""How far a change has come on a computer, derived in SQL from what was written, checked in and reported."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Case, CharField, F, FilteredRelation, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from deployments.models import ChangeTarget, InstallStatus

State = InstallStatus.State
Effect = ChangeTarget.Effect


class DeviceStatus(models.TextChoices):
    """Six answers that together hold every computer of a change. INSTALLED means done, whatever was to be done."""

    INSTALLED = "installed", _("Done")
    WAITING_FOR_DEVICE = "waiting_for_device", _("Waiting for the computer")
    WAITING_FOR_INTUNE = "waiting_for_intune", _("Waiting for Intune")
    FAILED = "failed", _("Failed")
    NOT_APPLICABLE = "not_applicable", _("Not applicable")
    UNKNOWN = "unknown", _("Unknown")


def with_status(targets: models.QuerySet[ChangeTarget], *, early: bool = False) -> models.QuerySet[Any]:
    """Annotates `status` (DeviceStatus), `confirmed_at` (when Intune was told of this computer; None before),
    `counts_from` (a report from then on speaks of the change), `report_state`, `reported_at`, `error_code` and
    `detail`; the last four are None where Intune has not reported.

    In a roll-out a computer is told of with its ring; one that came later is in none, and is told of with the change.
    A ring takes a while to be written, and is confirmed when all of it is there: its first computers may have reported
    by then, so reports count from when the computer was let in. `early`, for gates: they count before the ring is
    confirmed, too. Two joins, at most one row each.
    """
    report = FilteredRelation(
        "device__install_statuses", condition=Q(device__install_statuses__app_version=F("change__app_version"))
    )
    member = FilteredRelation(
        "change__change_set__rollout__members", condition=Q(change__change_set__rollout__members__device=F("device"))
    )
    confirmed_at = Coalesce(F("ring_member__written_at"), F("change__written_at"))
    counts_from = Coalesce(F("ring_member__released_at"), F("change__written_at"))
    known = targets.annotate(report=report, ring_member=member, confirmed_at=confirmed_at, counts_from=counts_from)
    return known.annotate(
        report_state=F("report__state"),
        reported_at=F("report__reported_at"),
        error_code=F("report__error_code"),
        detail=F("report__detail"),
        status=_status(early),
    )


HOLDS_BACK = (
    DeviceStatus.FAILED,
    DeviceStatus.WAITING_FOR_INTUNE,
    DeviceStatus.WAITING_FOR_DEVICE,
    DeviceStatus.UNKNOWN,
    DeviceStatus.NOT_APPLICABLE,
    DeviceStatus.INSTALLED,
)
"""From what needs somebody to what is done: a computer is done when everything that is to happen to it is."""


def holding_back(targets: models.QuerySet[ChangeTarget], *, early: bool = False) -> models.QuerySet[Any]:
    """Of each computer the one target that tells how far it has come, so that every computer counts once."""
    rank = Case(*(When(status=status, then=Value(place)) for place, status in enumerate(HOLDS_BACK)))
    return with_status(targets, early=early).order_by("device", rank, "pk").distinct("device")


def _status(early: bool) -> Case:
    """The first line that fits holds; what no line knows is waiting, never done.

    A report from before that still tells what *is* on the computer (Intune keeps the time of a state that does
    not change), but not that the new attempt failed.
    """
    is_fresh = Q(report__reported_at__gte=F("counts_from"))
    has_checked_in = Q(device__last_check_in_at__gte=F("confirmed_at"))
    is_untold = Q(confirmed_at=None)
    if early:
        is_untold &= Q(report__reported_at=None) | Q(report__reported_at__lt=F("counts_from"))
    uninstall = Q(effect=Effect.UNINSTALL)
    failed = Q(report__state__in=[State.FAILED, State.UNINSTALL_FAILED])
    return Case(
        When(is_untold, then=Value(DeviceStatus.WAITING_FOR_INTUNE)),
        When(effect__in=[Effect.OFFER, Effect.RELEASE], then=Value(DeviceStatus.INSTALLED)),
        When(uninstall & Q(report__state=State.NOT_INSTALLED), then=Value(DeviceStatus.INSTALLED)),
        When(~uninstall & Q(report__state=State.INSTALLED), then=Value(DeviceStatus.INSTALLED)),
        When(is_fresh & failed, then=Value(DeviceStatus.FAILED)),
        When(
            (is_fresh | has_checked_in) & Q(report__state=State.NOT_APPLICABLE), then=Value(DeviceStatus.NOT_APPLICABLE)
        ),
        When(is_fresh & Q(report__state=State.UNKNOWN), then=Value(DeviceStatus.UNKNOWN)),
        When(is_fresh, then=Value(DeviceStatus.WAITING_FOR_DEVICE)),
        When(has_checked_in, then=Value(DeviceStatus.WAITING_FOR_INTUNE)),
        default=Value(DeviceStatus.WAITING_FOR_DEVICE),
        output_field=CharField(),
    )
