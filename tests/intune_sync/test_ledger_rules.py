"""Whose turn it is, what stops everything, what waits for approval, and what is set aside."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.test import Client

from intune_sync.models import Epoch, KillSwitch, Operation
from intune_sync.payloads import assignment_for
from intune_sync.payloads.members import remove_request
from intune_sync.push import apply, ledger
from intune_sync.services import retry_change_set, stops
from intune_sync.services.quarantine import release_operation
from schools.models import AuditEvent, Notification, User
from tests import factories
from tests.factories import NOW
from tests.pushing import GEOGEBRA, Tenant, Town, operation_of

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


def waiting(lane: str, count: int) -> list[Operation]:
    return [factories.autopilot_mark(status="ready", lane=lane, requested_by=person()) for _ in range(count)]


def person() -> User:
    return User.objects.first() or factories.person("it_admin")


def test_lanes_are_served_in_turn_however_long_they_are():
    waiting("change:1", 5), waiting("change:2", 2)

    served = [ledger.claim(NOW + timedelta(seconds=turn), "a").operation.lane for turn in range(5)]

    assert served == ["change:1", "change:2", "change:1", "change:2", "change:1"]


def test_a_late_school_does_not_wait_behind_three_hundred_operations():
    waiting("change:1", 300)
    for turn in range(3):
        ledger.claim(NOW + timedelta(seconds=turn), "a")
    [late] = waiting("school:7", 1)

    assert ledger.claim(NOW + timedelta(seconds=9), "a").operation == late


def stop() -> KillSwitch:
    return stops.throw(factories.person("it_admin"), "Fel tilldelning", NOW)


def test_nothing_is_claimed_while_the_switch_is_thrown():
    waiting("change:1", 1)
    stop()

    assert ledger.claim(NOW, "a") is None
    assert not ledger.is_due(NOW)


def test_a_switch_thrown_after_the_claim_stops_the_call(town: Town):
    change_set = town.started(GEOGEBRA)
    lease = ledger.claim(NOW, "a")
    stop()

    with apply.graph.client("writer") as client:
        apply.try_operation(lease, client, lambda: NOW)

    operation = operation_of(change_set)
    assert town.tenant.writes() == []
    assert (operation.status, operation.problem, operation.attempts) == ("ready", "stopped", 0)


def test_a_switch_thrown_right_before_the_call_stops_it_and_leaves_no_doubt(town: Town):
    town.started(GEOGEBRA)
    lease = ledger.claim(NOW, "a")
    lease.move("sending", NOW, in_doubt=True)
    stop()

    with pytest.raises(ledger.Stopped):
        lease.still_sending(NOW)

    assert not Operation.objects.get().in_doubt


def test_two_different_people_release_it_and_the_work_goes_on(town: Town):
    change_set = town.started(GEOGEBRA)
    first, second, thrown = factories.person("it_admin"), factories.person("it_admin"), stop()

    stops.release(thrown, first, NOW)
    with pytest.raises(ValidationError):
        stops.release(thrown, first, NOW)
    apply.work(NOW)
    assert town.tenant.writes() == []
    stops.release(thrown, second, NOW)
    apply.work(NOW)

    assert operation_of(change_set).status == "verified"
    assert Notification.objects.filter(kind="writes.stopped", user=first).exists()


def test_the_database_wants_two_releasers_and_one_stop():
    thrown, by = stop(), factories.person("it_admin")

    with pytest.raises(DatabaseError), transaction.atomic():
        KillSwitch.objects.filter(pk=thrown.pk).update(
            first_release_by=by, first_release_at=NOW, released_by=by, released_at=NOW
        )
    with pytest.raises(ValidationError):
        stop()


def test_every_page_of_it_says_that_writing_is_stopped(client: Client):
    cache.clear()
    factories.municipality()
    stop()
    client.force_login(factories.person("it_admin"))

    page = client.get("/changes/").content.decode()

    assert 'href="/sync/stop/"' in page


def test_what_kills_three_workers_is_set_aside_alone_and_let_in_again(town: Town):
    change_set = town.started(GEOGEBRA, "GIMP")
    poison = Operation.objects.filter(change_set=change_set).first()
    Operation.objects.filter(pk=poison.pk).update(status="sending", attempts=3, lease_expires_at=NOW)

    apply.work(LATER)
    ledger.sweep(LATER)
    poison.refresh_from_db()
    assert (poison.status, poison.problem, poison.quarantined_at) == ("failed", "poison", LATER)
    assert set(Operation.objects.exclude(pk=poison.pk).values_list("status", flat=True)) == {"verified"}

    release_operation(poison, factories.person("it_admin"))
    apply.work(LATER + timedelta(minutes=1))

    change_set.refresh_from_db()
    assert change_set.status == "applied"
    assert AuditEvent.objects.filter(act="operation.released").exists()


def approvals(tenant: Tenant, decision: str) -> None:
    tenant.sandbox.post("/sandbox/approvals", {"id": "*", "decision": decision})


@pytest.fixture
def approval(tenant: Tenant) -> Any:
    tenant.sandbox.post("/sandbox/settings", {"multi_admin_approval": "apps"})
    yield
    tenant.sandbox.delete("/sandbox/approvals")
    tenant.sandbox.post("/sandbox/settings", {"multi_admin_approval": "off"})


@pytest.mark.usefixtures("approval")
def test_a_write_waits_for_approval_in_intune_and_is_made_again(town: Town):
    change_set = town.started(GEOGEBRA)

    for turn in range(4):
        apply.work(NOW + timedelta(minutes=20 * turn))
    held = operation_of(change_set)
    assert (held.status, held.attempts) == ("awaiting_approval", 0)
    approvals(town.tenant, "approved")
    apply.work(NOW + timedelta(hours=3))

    assert operation_of(change_set).status == "verified"
    [asked] = town.tenant.sandbox.get("/sandbox/approvals")
    assert "Matematik 2" in asked["justification"]
    first, *replays = town.tenant.writes(GEOGEBRA)
    assert (first["approval_code"], {each["approval_code"] for each in replays}) == ("", {asked["id"]})
    assert operation_of(change_set).approval_code == ""


@pytest.mark.usefixtures("approval")
def test_what_is_refused_in_intune_fails_and_is_asked_for_anew_only_by_a_person(town: Town):
    change_set = town.started(GEOGEBRA)
    apply.work(NOW)
    approvals(town.tenant, "rejected")

    for turn in range(1, 4):
        apply.work(NOW + timedelta(minutes=20 * turn))

    operation = operation_of(change_set)
    assert (operation.status, operation.problem) == ("failed", "refused")
    assert len(town.tenant.sandbox.get("/sandbox/approvals")) == 1
    change_set.refresh_from_db()
    retry_change_set(change_set, person(), NOW)
    apply.work(NOW + timedelta(hours=2))
    assert operation_of(change_set).status == "awaiting_approval"
    assert len(town.tenant.sandbox.get("/sandbox/approvals")) == 2


@pytest.mark.usefixtures("approval")
def test_what_has_become_another_write_meanwhile_is_asked_for_anew(town: Town):
    change_set = town.started(GEOGEBRA)
    apply.work(NOW)
    town.tenant.somebody_adds(GEOGEBRA, assignment_for("group", town.tenant.groups["provvakt"], "available"))

    apply.work(NOW + timedelta(minutes=20))

    assert [call["approval_code"] for call in town.tenant.writes(GEOGEBRA)] == ["", ""]
    assert operation_of(change_set).status == "awaiting_approval"


@pytest.mark.usefixtures("approval")
def test_what_nobody_approves_in_time_is_given_up(town: Town, settings: Any):
    settings.APPROVAL_DAYS = 1
    change_set = town.started(GEOGEBRA)

    apply.work(NOW)
    apply.work(NOW + timedelta(days=1, hours=1))

    operation = operation_of(change_set)
    assert (operation.status, operation.problem) == ("failed", "not_approved")


def test_a_member_is_never_removed_without_ref():
    group, member = factories.uuid(), factories.uuid()

    request = remove_request(group, member)

    assert (request.method, request.url) == ("DELETE", f"/groups/{group}/members/{member}/$ref")
    for wrong in ("", "x", f"{member}/../..", None):
        with pytest.raises(ValueError):
            remove_request(group, wrong)  # type: ignore[arg-type]


def test_only_one_function_builds_the_path_of_a_removal():
    sources = [path for path in Path("intune_sync").rglob("*.py") if "sandbox" not in path.parts]
    naming = [path.name for path in sources if "/$ref" in path.read_text()]

    assert naming == ["members.py"]


def test_the_command_begins_a_new_epoch():
    call_command("new_epoch", "Återläst från i går")

    assert Epoch.objects.get().reason == "Återläst från i går"
    assert AuditEvent.objects.get(act="epoch.begun").reason == "Återläst från i går"
