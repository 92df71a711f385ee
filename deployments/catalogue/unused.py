"""Applications that hardly anybody has, though Intune keeps them: what the committee may take away."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from deployments.models import Application, AppVersion, BaselineEntry, BaselineRevision, InstallStatus

FEW_COMPUTERS = 10
"""An application on fewer computers than this counts as unused."""


def with_use(applications: QuerySet[Application]) -> QuerySet[Any]:
    """Adds `installed_on` (computers), `is_decided` (some container gets it) and `is_in_intune`."""
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
    return applications.annotate(
        installed_on=Coalesce(Subquery(installed, output_field=IntegerField()), 0),
        is_decided=Exists(decided),
        is_in_intune=Exists(AppVersion.objects.filter(application=OuterRef("pk"))),
    )


def unused(applications: QuerySet[Application]) -> QuerySet[Application]:
    """Kept in Intune, and decided for nobody or installed on few computers."""
    return with_use(applications).filter(Q(is_decided=False) | Q(installed_on__lt=FEW_COMPUTERS), is_in_intune=True)
