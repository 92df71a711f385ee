"""What stands in an exception's way, and what makes it mean nothing."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import ValidationError
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils.translation import gettext as _

from deployments.catalogue.licences import Shortfall, seats_of
from deployments.catalogue.vetting import may_be_decided
from deployments.entry_rules import check_entry
from deployments.models import Application, AppVersion, BaselineEntry, InstallStatus, SoftwareException
from deployments.services.profiles import container_of
from deployments.software import EffectiveApp, effective_for_container
from fleet.models import Device
from schools.models import ClassGroup, School

Kind = SoftwareException.Kind
Why = SoftwareException.Why
Place = Device | ClassGroup


def computers(place: Place) -> QuerySet[Device]:
    """The computers that an exception of this place is about, as Intune and Autopilot have them."""
    here = Device.objects.filter(missing_since=None).exclude(lifecycle=Device.Lifecycle.RETIRED)
    if isinstance(place, Device):
        return here.filter(pk=place.pk)
    return here.filter(class_group=place, class_group__school=F("school"))


def obstacles(row: SoftwareException, on: date) -> list[str]:
    """Why it cannot go straight to the computers, in words: no version for them, not vetted, too few licences. Nothing
    stands in the way of doing without."""
    if row.is_away:
        return []
    application, found = row.application, []
    here = computers(row.place)
    versions = AppVersion.objects.filter(application=application)
    platforms = [row.device.platform] if row.device else list(here.values_list("platform", flat=True).distinct())
    if not (versions.filter(platform__in=platforms) if platforms else versions).exists():
        found.append(_("There is no version of %(name)s in Intune for this.") % {"name": application})
    found += may_be_decided(application, on)
    return found + _too_few_licences(row, here, on)


def _too_few_licences(row: SoftwareException, here: QuerySet[Device], on: date) -> list[str]:
    seats = seats_of([row.application_id], on).get(row.application_id)
    left = seats.left_at(row.school_id) if seats else None
    if left is None or row.kind != Kind.REQUIRED or row.began_at:
        return []
    installed = InstallStatus.objects.filter(device=OuterRef("pk"), app_version__application=row.application_id)
    without = here.exclude(Exists(installed.filter(state=InstallStatus.State.INSTALLED))).count()
    return [str(Shortfall(row.application, row.school, without, max(0, left)))] if left < without else []


def holds_there(application: Application, place: Place) -> EffectiveApp | None:
    """What holds of the application in this place now; its school must be loaded with its school form."""
    for app in effective_for_container(container_of(place)):
        if app.application == application:
            return app
    return None


def check_means_something(row: SoftwareException) -> None:
    """Raises ValidationError for what would change nothing, and for what Intune cannot carry out."""
    holding = holds_there(row.application, row.place)
    intent = holding.intent if holding else None
    names = {"application": row.application, "place": row.place}
    if row.is_away:
        if intent in (None, "uninstall"):
            message = _("%(place)s does not get %(application)s, so there is nothing to do without.")
            raise ValidationError({"kind": message % names})
        return
    pinned = holding.reason.version_id if holding else None
    if intent == row.intent and pinned == row.version_id:
        message = _("%(place)s gets %(application)s in this way already, so no exception is needed.")
        raise ValidationError({"kind": message % names})
    profile = container_of(row.place)
    check_entry(
        BaselineEntry(
            profile=profile,
            application=row.application,
            action=BaselineEntry.Action.ADD,
            intent=row.intent,
            version=row.version,
        )
    )


def why_gone(row: SoftwareException) -> str:
    """Why the place is no longer what it was when the exception was asked for; empty when it is."""
    if row.device:
        if row.device.lifecycle == Device.Lifecycle.RETIRED:
            return Why.RETIRED
        return Why.MOVED if row.device.school_id != row.school_id else ""
    return Why.CLASS_REMOVED if row.class_group and row.class_group.removed_at else ""


def school_of_place(place: Place) -> School | None:
    return place.school
