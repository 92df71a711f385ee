"""The computers a request is about: a class group's or a school's, and the two on which it is tried first."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef, QuerySet

from deployments.models import Application, AppRequest, AppVersion, BaselineEntry, SoftwareException, SoftwareProfile
from deployments.services.profiles import profile_of
from fleet.models import Device

PILOT_COMPUTERS = 2


def computers(request: AppRequest) -> QuerySet[Device]:
    """All that would get it: in use, in Intune or Autopilot, and of a platform for which there is a version."""
    devices = Device.objects.filter(school=request.school_id, missing_since=None).exclude(
        lifecycle=Device.Lifecycle.RETIRED
    )
    if request.class_group_id:
        devices = devices.filter(class_group=request.class_group_id)
    if request.application_id:
        versions = AppVersion.objects.filter(application=request.application_id)
        devices = devices.filter(platform__in=versions.values("platform"))
    return devices


def pilot_computers(request: AppRequest) -> list[Device]:
    """The two that checked in last, of different models when there are any; none when that would be nearly all."""
    found = computers(request).filter(intune_id__isnull=False)
    if computers(request).count() <= PILOT_COMPUTERS:
        return []
    if request.application_id:
        found = found.exclude(Exists(_exceptions(request.application_id)))
    latest = list(found.order_by(F("last_check_in_at").desc(nulls_last=True), "pk")[:20])
    first = latest[:1]
    another = (
        [device for device in latest[1:] if device.hardware_model_id != first[0].hardware_model_id] if first else []
    )
    return [*first, *another, *latest[1:]][:PILOT_COMPUTERS]


def container(request: AppRequest) -> SoftwareProfile:
    """The container that is to say it: the class group's, or the school's."""
    return profile_of(request.class_group or request.school)


def _exceptions(application: int) -> QuerySet[SoftwareException]:
    """Of a computer, what is decided for it alone with a last day; a request leaves that as it is."""
    return SoftwareException.objects.open().filter(application=application, device=OuterRef("pk"))


def containers_that_say_no(request: AppRequest, application: Application) -> list[SoftwareProfile]:
    """Single computers of the request that an earlier decision took it from; the nearest container would win."""
    removed = BaselineEntry.objects.filter(
        revision__status="active",
        application=application,
        action=BaselineEntry.Action.REMOVE,
        profile__device__in=computers(request).exclude(Exists(_exceptions(application.pk))),
    )
    return list(SoftwareProfile.objects.filter(entries__in=removed))
