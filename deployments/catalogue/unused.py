"""Applications that hardly anybody has, though Intune keeps them: what the committee may take away.

One definition, for the catalogue's filter and the committee's agenda: an application of Intune is unused when it is
decided for nobody, or found on fewer than one in `ONE_IN` of the computers that got it or were offered it and answered.
Computers that still wait for it, and those on which it failed, say nothing of its use.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deployments.models import Application, AppVersion, BaselineEntry, BaselineRevision, InstallStatus

ONE_IN = 10
UNSEEN_TYPES = ["webApp"]
"""App types that no inventory finds on a computer."""
State = InstallStatus.State


def with_use(applications: QuerySet[Application]) -> QuerySet[Any]:
    """Adds the computers that got it or were offered it and answered (`answered_on`), those that have it by Intune's
    inventory and what was installed since, else by install reports (`found_on`), and whether some container gets it
    (`is_decided`), Intune has it (`is_in_intune`) and an inventory can find it (`is_seen`)."""
    decided = BaselineEntry.objects.filter(
        application=OuterRef("pk"),
        action=BaselineEntry.Action.ADD,
        revision__status=BaselineRevision.Status.ACTIVE,
    )
    versions = AppVersion.objects.filter(application=OuterRef("pk"))
    return applications.annotate(
        answered_on=_computers(State.INSTALLED, State.NOT_INSTALLED),
        found_on=Coalesce(
            F("detected__computers") + _computers(State.INSTALLED, installed_at__gt=OuterRef("detected__read_at")),
            _computers(State.INSTALLED),
            output_field=IntegerField(),
        ),
        is_decided=Exists(decided),
        is_in_intune=Exists(versions),
        is_seen=Exists(versions.exclude(app_type__in=UNSEEN_TYPES)),
    )


def _computers(*states: str, **narrower: Any) -> Coalesce:
    reports = InstallStatus.objects.filter(app_version__application=OuterRef("pk"), state__in=states, **narrower)
    counted = reports.order_by().values("app_version__application").annotate(found=Count("device", distinct=True))
    return Coalesce(Subquery(counted.values("found"), output_field=IntegerField()), 0)


def unused(applications: QuerySet[Application]) -> QuerySet[Application]:
    few = Q(is_seen=True, answered_on__gt=F("found_on") * ONE_IN)
    return with_use(applications).filter(Q(is_decided=False) | few, is_in_intune=True)


def why_unused(application: Any) -> str:
    """Of an application `with_use`, in words; empty when it is used."""
    if not application.is_in_intune:
        return ""
    if not application.is_decided:
        return _("It is decided for nobody.")
    if not application.is_seen or application.answered_on <= application.found_on * ONE_IN:
        return ""
    return ngettext(
        "It is found on only %(found)s of the %(answered)s computer that could have it.",
        "It is found on only %(found)s of the %(answered)s computers that could have it.",
        application.answered_on,
    ) % {"found": application.found_on, "answered": application.answered_on}
