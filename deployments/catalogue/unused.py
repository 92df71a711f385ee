"""Applications that hardly anybody has, though Intune keeps them: what the committee may take away."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Greatest

from deployments.models import Application, AppVersion, BaselineEntry, BaselineRevision, InstallStatus

FEW_COMPUTERS = 10
"""An application on fewer computers than this counts as unused."""
UNSEEN_TYPES = ["webApp"]
"""App types that no inventory finds on a computer."""


def with_use(applications: QuerySet[Application]) -> QuerySet[Any]:
    """Adds `installed_on` (computers, by install reports), `found_on` (that, or more by Intune's inventory),
    `is_decided` (some container gets it), `is_in_intune` and `is_seen` (an inventory can find it)."""
    installed = (
        InstallStatus.objects.filter(app_version__application=OuterRef("pk"), state=InstallStatus.State.INSTALLED)
        .order_by()
        .values("app_version__application")
        .annotate(computers=Count("device", distinct=True))
        .values("computers")
    )
    decided = BaselineEntry.objects.filter(
        application=OuterRef("pk"),
        action=BaselineEntry.Action.ADD,
        revision__status=BaselineRevision.Status.ACTIVE,
    )
    versions = AppVersion.objects.filter(application=OuterRef("pk"))
    counted = applications.annotate(installed_on=Coalesce(Subquery(installed, output_field=IntegerField()), 0))
    return counted.annotate(
        found_on=Greatest("installed_on", Coalesce(F("detected__computers"), 0, output_field=IntegerField())),
        is_decided=Exists(decided),
        is_in_intune=Exists(versions),
        is_seen=Exists(versions.exclude(app_type__in=UNSEEN_TYPES)),
    )


def unused(applications: QuerySet[Application]) -> QuerySet[Application]:
    """Kept in Intune, and decided for nobody or found on few computers."""
    few = Q(is_seen=True, found_on__lt=FEW_COMPUTERS)
    return with_use(applications).filter(Q(is_decided=False) | few, is_in_intune=True)
