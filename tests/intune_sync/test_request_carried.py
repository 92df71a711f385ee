"""A school's request goes from the approver's yes through the engine to Intune, two computers first."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from deployments.models import AppRequest
from deployments.services import requests
from deployments.services.requests import Wish
from fleet.models import Device
from intune_sync.payloads import assignment_key
from intune_sync.push import apply, automatic
from tests import factories as make
from tests.deployments.request_factories import vetted
from tests.factories import NOW
from tests.intune_sync.test_kept_groups import known_to_entra
from tests.pushing import GEOGEBRA, Town

pytestmark = pytest.mark.django_db


def engine(minutes: int) -> None:
    now = NOW + timedelta(minutes=minutes)
    automatic.carry(now)
    apply.work(now)
    requests.advance(now)


def test_request_reaches_two_computers_and_then_the_rest(town: Town) -> None:
    school = town.schools["GY-RONN"]
    teacher, approver = make.person("teacher", school), make.person("approver", school)
    app = vetted(town.version(GEOGEBRA).application)
    known_to_entra(town.tenant, *Device.objects.filter(school=school).order_by("pk"))
    wish = Wish(school, "Geometri", date(2027, 2, 1), teacher, application=app)

    request = requests.submit(requests.draft(wish, teacher, NOW), teacher, NOW)
    requests.approve(request, approver, NOW)
    engine(1)

    request.refresh_from_db()
    assert (request.change_set.status, request.change_set.approved_by) == ("applied", approver)
    pilots = list(request.pilot_devices.all())
    assert len(pilots) == 2
    version = app.versions.get(platform=pilots[0].platform)
    for device in pilots:
        make.install_status(device, version)
    engine(2)
    assert AppRequest.objects.get().status == "pilot"

    requests.pilot_works(request, teacher, NOW + timedelta(minutes=3))
    engine(4)

    request.refresh_from_db()
    assert request.change_set.status == "applied"
    reached = set(map(assignment_key, town.tenant.assignments(GEOGEBRA)))
    assert f"group:{school.entra_group_id}:required" in reached
    for device in Device.objects.filter(school=school).exclude(pk__in=[each.pk for each in pilots]):
        make.install_status(device, version)
    engine(5)
    assert AppRequest.objects.get().status == "done"
