"""The effective software of the whole fleet in one pass, against computers one at a time."""

from __future__ import annotations

from itertools import islice
from uuid import UUID

from django.utils import timezone

from deployments.fleetwide import effective_everywhere
from deployments.models import Application, AppVersion, BaselineEntry, BaselineRevision
from deployments.services.profiles import Owner, profile_of
from deployments.services.semesters import open_semester
from deployments.software import effective_for_device
from fleet.models import Device, Platform
from schools.models import Administration, Municipality, School, SchoolForm

APPLICATIONS = 100
ONE_AT_A_TIME = 50
"""Computers that are looked up one by one, as their pages do, in the time to compare with."""


def decide_a_baseline() -> BaselineRevision:
    """An active revision with 100 applications: to all, taken away and given again at school forms and schools."""
    schools = _place_computers()
    today = timezone.localdate()
    baseline = open_semester(today.year, "HT", today.replace(month=1, day=1), today.replace(month=12, day=31), by=None)
    revision = BaselineRevision.objects.create(baseline=baseline, number=1, created_by=None)
    municipality = Municipality.objects.get()
    for number in range(APPLICATIONS):
        version = _version(number)
        _put(revision, municipality, version, "required")
        _put(revision, schools[number % len(schools)].school_form, version, "")
        _put(revision, schools[(number * 7) % len(schools)], version, "available")
    now = timezone.now()
    BaselineRevision.objects.filter(pk=revision.pk).update(status="active", activated_at=now, decided_at=now)
    return revision


def all_in_one_pass(revision: BaselineRevision) -> None:
    resolved = sum(len(alike.cell.device_ids) for alike in effective_everywhere(revision))
    if resolved != Device.objects.filter(missing_since=None).exclude(lifecycle=Device.Lifecycle.RETIRED).count():
        raise RuntimeError(f"{resolved} computers were resolved")


def some_one_at_a_time(revision: BaselineRevision) -> None:
    for device in islice(Device.objects.select_related("school__school_form").order_by("pk"), ONE_AT_A_TIME):
        effective_for_device(device, revision)


def _place_computers() -> list[School]:
    """A school for each group tag that the mirrored computers have."""
    municipality = Municipality.objects.first() or Municipality.objects.create(name="Bench")
    administration, _new = Administration.objects.get_or_create(municipality=municipality, code="BENCH")
    tags = list(Device.objects.order_by().values_list("observed_group_tag", flat=True).distinct())
    codes = SchoolForm.Code.values
    forms = [SchoolForm.objects.get_or_create(code=code, defaults={"group_tag_prefix": code[:20]})[0] for code in codes]
    schools = []
    for number, tag in enumerate(sorted(tags)):
        columns = {"name": tag or "-", "school_form": forms[number % len(forms)], "school_unit_code": f"{number:08}"}
        school, _new = School.objects.get_or_create(
            group_tag=tag or "-", defaults={**columns, "administration": administration}
        )
        Device.objects.filter(observed_group_tag=tag).update(school=school)
        schools.append(school)
    return schools


def _version(number: int) -> AppVersion:
    application = Application.objects.create(name=f"Bench {number}")
    return AppVersion.objects.create(
        application=application,
        platform=Platform.WINDOWS,
        version="1",
        intune_app_id=UUID(int=number),
        app_type="win32LobApp",
    )


def _put(revision: BaselineRevision, owner: Owner, version: AppVersion, intent: str) -> None:
    BaselineEntry.objects.create(
        revision=revision,
        profile=profile_of(owner),
        application=version.application,
        action="add" if intent else "remove",
        intent=intent,
    )
