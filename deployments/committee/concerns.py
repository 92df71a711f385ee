"""Applications that the committee should look at: unused, failing, or with a vetting or licence that runs out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deployments.catalogue.unused import why_unused, with_use
from deployments.catalogue.vetting import ENDS_SOON
from deployments.models import Application, BaselineEntry, BaselineRevision, InstallStatus

FAILING_SHARE = 0.1
FEWEST_ATTEMPTS = 20
"""A share of failed installations is brought up from so many attempts on."""
State = InstallStatus.State


@dataclass(frozen=True)
class Concern:
    application: Application
    reasons: tuple[str, ...]


def concerns(on: date) -> list[Concern]:
    """Of the applications in the active revision, by name. Four queries."""
    decided = BaselineEntry.objects.filter(revision__status=BaselineRevision.Status.ACTIVE, action="add")
    applications = (
        with_use(Application.objects.filter(pk__in=decided.values("application")))
        .select_related("vetting_card")
        .prefetch_related("licence_pools")
        .order_by("name")
    )
    counted = _installs()
    found = [Concern(each, tuple(_reasons(each, counted.get(each.pk, (0, 0)), on))) for each in applications]
    return [concern for concern in found if concern.reasons]


def _installs() -> dict[int, tuple[int, int]]:
    """Installed and failed by application id."""
    rows = (
        InstallStatus.objects.order_by()
        .values_list("app_version__application")
        .annotate(
            installed=Count("pk", filter=Q(state=State.INSTALLED)),
            failed=Count("pk", filter=Q(state=State.FAILED)),
        )
    )
    return {pk: (installed, failed) for pk, installed, failed in rows}


def _reasons(application: Application, counted: tuple[int, int], on: date) -> Iterator[str]:
    installed, failed = counted
    if unused := why_unused(application):
        yield unused
    attempts = installed + failed
    if attempts >= FEWEST_ATTEMPTS and failed / attempts >= FAILING_SHARE:
        yield ngettext(
            "%(failed)s of %(attempts)s attempt to install it has failed.",
            "%(failed)s of %(attempts)s attempts to install it have failed.",
            attempts,
        ) % {"failed": failed, "attempts": attempts}
    card = getattr(application, "vetting_card", None)
    if card is not None and card.valid_until and card.valid_until <= on + ENDS_SOON:
        yield _("Its vetting ends on %(day)s.") % {"day": formats.date_format(card.valid_until)}
    for pool in application.licence_pools.all():
        if pool.ends_on and on <= pool.ends_on <= on + ENDS_SOON:
            yield _("A licence of it ends on %(day)s.") % {"day": formats.date_format(pool.ends_on)}
