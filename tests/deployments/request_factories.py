"""Requests and what they need: an application that may go straight to a school's computers."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import timezone

from deployments.models import Application, AppRequest, RequestStep, VettingCard
from deployments.services import amendments, changes
from fleet.models import Device
from schools.models import School, User
from tests import factories as make
from tests.factories import NOW


def vetted(application: Application | None = None, **columns: Any) -> Application:
    """An application with a version in Intune and a complete vetting card."""
    application = application or make.app_version().application
    facts = {
        "personal_data": "none",
        "agreement": "not_needed",
        "assessment": "not_needed",
        "minimum_age": 0,
        "data_region": "device",
        "accessibility": "meets",
        "cost_note": "Gratis",
        "valid_until": date(2099, 12, 31),
        **columns,
    }
    VettingCard.objects.update_or_create(application=application, defaults=facts)
    return application


def staff(school: School) -> dict[str, User]:
    """One person with each role of a school."""
    return {role: make.person(role, school) for role in ("approver", "school_it", "teacher")}


def app_request(status: str = "school", school: School | None = None, **columns: Any) -> AppRequest:
    """A request in this state with the step that it is in; beyond the school it is approved by somebody else."""
    school = school or make.school()
    requested_by = columns.pop("requested_by", None) or make.person("teacher", school)
    if "application" not in columns:
        columns["application"] = make.app_version().application
    if status in ("review", "committee", *AppRequest.GRANTED):
        columns["approved_by"] = columns.get("approved_by") or make.person("approver", school)
    if status in ("refused",):
        columns.setdefault("reason", "Vi har redan ett likvärdigt program.")
    row = {
        "purpose": "Geometri i matematik 2",
        "needed_by": date(2027, 2, 1),
        "responsible_teacher": requested_by,
        **columns,
    }
    request = AppRequest.objects.create(school=school, status=status, requested_by=requested_by, **row)
    RequestStep.objects.create(request=request, status=status, entered_at=NOW, due_at=request.due_at)
    return request


def carried_out(request: AppRequest, devices: list[Device]) -> None:
    """What the engine and the computers do: the request's change is approved and written, and these have installed."""
    request.refresh_from_db()
    version = request.application.versions.get()
    change_set = amendments.renew(request.change_set, request.approved_by)
    planned = changes.PlannedChange(version, [], [], {device.pk: "install" for device in devices})
    now = timezone.now()
    changes.record_plan(change_set, {"changes": []}, "b" * 64, [planned], by=None, now=now)
    changes.approve(change_set, "b" * 64, make.person("it_admin"), now)
    changes.start(change_set, None, now)
    changes.mark_written(change_set.changes.get(), now)
    changes.finish(change_set, now)
    for device in devices:
        make.install_status(device, version, reported_at=timezone.now())
