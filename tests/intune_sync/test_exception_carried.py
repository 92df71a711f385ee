"""An exception for one computer goes to Intune through a group with one member, and leaves nothing behind."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from deployments.models import SoftwareException
from deployments.services import exceptions
from deployments.services.exceptions import Asked
from fleet.models import Device
from intune_sync.models import KeptGroup
from intune_sync.payloads import assignment_key
from intune_sync.push import apply, automatic, reconcile
from tests import factories as make
from tests.deployments.exception_factories import day
from tests.deployments.request_factories import vetted
from tests.factories import NOW
from tests.intune_sync.test_kept_groups import groups_named, known_to_entra, members
from tests.pushing import GEOGEBRA, Town

pytestmark = pytest.mark.django_db


def engine(now: datetime) -> SoftwareException:
    exceptions.advance(now)
    automatic.carry(now)
    apply.work(now)
    exceptions.advance(now)
    reconcile.sweep(now)
    apply.work(now)
    return SoftwareException.objects.get()


def test_exception_for_one_computer_comes_and_goes_by_itself(town: Town) -> None:
    school = town.schools["GY-RONN"]
    teacher, approver = make.person("teacher", school), make.person("approver", school)
    app = vetted(town.version(GEOGEBRA).application)
    device, *others = Device.objects.filter(school=school).select_related("school__school_form").order_by("pk")
    directory = known_to_entra(town.tenant, device, *others)
    before, everything = town.tenant.assignments(GEOGEBRA), town.tenant.everything()

    asked = Asked(app, "required", device, "Särskilt stöd i matematik", date(2027, 1, 31))
    row = exceptions.ask(asked, teacher, NOW)
    exceptions.approve(row, approver, NOW)
    row = engine(day(0, 9))

    assert (row.status, row.change_set.approved_by) == ("in_force", approver)
    (group,) = groups_named(town.tenant, f"terminsklar-device-{device.pk}")
    assert members(town.tenant, group["id"]) == {directory[0]}
    added = {assignment_key(raw) for raw in town.tenant.assignments(GEOGEBRA)} - set(map(assignment_key, before))
    assert added == {f"group:{group['id']}:required"}

    row = engine(day(21))  # the day after its last: uninstalled first
    assert row.status == "ending"
    assert f"group:{group['id']}:uninstall" in set(map(assignment_key, town.tenant.assignments(GEOGEBRA)))
    make.install_status(device, app.versions.get(platform=device.platform), "notInstalled", reported_at=day(22))
    row = engine(day(23))

    assert row.status == "ended"
    assert town.tenant.assignments(GEOGEBRA) == before
    assert members(town.tenant, group["id"]) == set()
    assert KeptGroup.objects.get(profile__device=device).member_count == 0

    assert town.tenant.everything() == everything  # no other app was touched
    written = [call for call in town.tenant.calls() if call["method"] in ("POST", "PATCH", "PUT", "DELETE")]
    about = ("/token", "/$batch", town.tenant.app_id(GEOGEBRA), "/groups", group["id"])
    assert [call["path"] for call in written if not any(part in call["path"] for part in about)] == []
    told = {reference for call in written for reference in directory[1:] if reference in str(call)}
    assert told == set()  # the other computers got no call
