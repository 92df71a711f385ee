"""Writes of one worker that meets one fault at a time; each promise alone, judged at Microsoft's side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from fleet.models import Device
from intune_sync import graph
from intune_sync.models import Epoch
from intune_sync.payloads import assignment_for
from intune_sync.push import apply, ledger, reconcile
from intune_sync.push.ledger import LEASE, Lease
from intune_sync.services import stops
from tests import factories
from tests.chaos import orders
from tests.chaos.checker import key, wrongs
from tests.intune_sync.test_kept_groups import a_class, directory, groups_named, known_to_entra, members
from tests.pushing import GEOGEBRA, Tenant, Town, build_town
from tests.sandbox_process import SandboxProcess, start_sandbox

pytestmark = [pytest.mark.chaos, pytest.mark.django_db]
IMPORTED = "deviceManagement/importedWindowsAutopilotDeviceIdentities"


@pytest.fixture(scope="module")
def push_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """Its own, because its switches are turned and its computers wiped."""
    sandbox = start_sandbox(tmp_path_factory.mktemp("promises"), devices=200)
    sandbox.post("/sandbox/settings", orders.AT_ONCE)
    yield sandbox
    sandbox.stop()


@pytest.fixture
def town(tenant: Tenant, db: None) -> Town:
    return build_town(tenant)


def work(turns: int = 1, *, actions: bool = False, later: timedelta = timedelta()) -> None:
    """A worker's tasks, two minutes apart."""
    start = timezone.now() + later
    for turn in range(turns):
        apply.work(start + timedelta(minutes=2 * turn), actions=actions)


def go_on(lease: Lease, later: timedelta, identity: str = "writer") -> None:
    """The worker that holds `lease` wakes up."""
    at = timezone.now() + later
    with graph.client(identity) as client:
        apply.try_operation(lease, client, lambda: at)


def foreign_entry(town: Town) -> dict[str, Any]:
    return assignment_for("group", town.tenant.groups["terminsklar-form-grundskola"], "available")


def keys(town: Town, name: str) -> set[str]:
    return set(map(key, town.tenant.assignments(name)))


def received(tenant: Tenant, path: str, method: str = "POST") -> list[dict[str, Any]]:
    """Calls that came as far as Microsoft, whatever became of them."""
    return tenant.calls(method=method, path_contains=path)


def test_what_a_worker_holds_no_other_touches(town: Town):
    approved = orders.actions(town, "syncDevice")
    lease = ledger.claim(timezone.now(), "first", actions=True)

    work(actions=True, later=LEASE / 2)
    untouched = received(town.tenant, "/syncDevice") == []
    go_on(lease, LEASE / 2, "destructive")

    assert untouched
    assert wrongs(town.tenant, approved) == []


def test_a_worker_whose_work_another_has_taken_over_sends_nothing(town: Town):
    approved = orders.actions(town, "syncDevice")
    late = ledger.claim(timezone.now(), "late", actions=True)
    other = ledger.claim(timezone.now() + LEASE * 2, "other", actions=True)

    go_on(late, LEASE * 2, "destructive")
    sent_by_late = received(town.tenant, "/syncDevice")
    go_on(other, LEASE * 2, "destructive")

    assert sent_by_late == []
    assert wrongs(town.tenant, approved) == []


@pytest.mark.parametrize("kind", ["syncDevice", "autopilotReset"])
def test_a_worker_that_wakes_up_late_does_nothing_again(town: Town, kind: str):
    approved = orders.actions(town, kind)
    late = ledger.claim(timezone.now(), "late", actions=True)

    work(2, actions=True, later=LEASE * 2)
    go_on(late, LEASE * 5, "destructive")

    assert wrongs(town.tenant, approved) == []


@pytest.mark.parametrize("kind", ["autopilotReset", "cleanWindowsDevice"])
def test_a_destructive_action_whose_answer_was_lost_is_not_sent_again(town: Town, kind: str):
    approved = orders.actions(town, kind)
    [path] = approved.actions
    town.tenant.fault("drop_after", path=path)

    work(10, actions=True)

    assert wrongs(town.tenant, approved) == []


@pytest.mark.parametrize("kind", ["retire", "wipe"])
def test_a_destructive_action_that_never_arrived_is_not_sent_again(town: Town, kind: str):
    [path] = orders.actions(town, kind).actions
    town.tenant.fault("drop_before", path=path)

    work(10, actions=True)

    assert len(received(town.tenant, path)) == 1


def test_a_restored_database_wipes_nothing(town: Town):
    [path] = orders.actions(town, "wipe").actions
    Epoch.objects.update(database="another cluster/1/1")

    work(3, actions=True)

    assert received(town.tenant, path) == []


def test_the_switch_stops_what_is_claimed_already(town: Town):
    orders.assignments(town, GEOGEBRA)
    lease = ledger.claim(timezone.now(), "first")
    stops.throw(factories.person("it_admin"), "Fel tilldelning", timezone.now())

    go_on(lease, timedelta())
    work(3)

    assert wrongs(town.tenant, orders.nothing(town)) == []
    assert town.tenant.writes() == []


def test_entries_of_others_stay_as_they_are_with_their_filters(town: Town):
    approved = orders.assignments(town, GEOGEBRA)
    [foreign] = town.tenant.at_start[town.tenant.app_id(GEOGEBRA)]

    work()

    assert foreign["target"]["deviceAndAppManagementAssignmentFilterId"]
    assert wrongs(town.tenant, approved) == []


@pytest.mark.parametrize("name", ["GIMP", "Inkscape", "Visual Studio Code", "Exam.net"])
def test_entries_of_others_are_in_every_list_that_is_sent(town: Town, name: str):
    town.tenant.somebody_adds(name, foreign_entry(town))
    approved, app = orders.assignments(town, name), town.tenant.app_id(name)
    approved.foreign[app] = approved.from_start[app] = town.tenant.assignments(name)

    work()

    assert wrongs(town.tenant, approved) == []


def test_what_somebody_wrote_between_reading_and_writing_is_put_back(town: Town):
    approved = orders.assignments(town, "GIMP")
    before = keys(town, "GIMP")
    town.tenant.somebody_adds_after_reading("GIMP", foreign_entry(town))

    work(2)

    assert keys(town, "GIMP") == before | {key(foreign_entry(town))} | approved.assignments[town.tenant.app_id("GIMP")]


def test_what_somebody_took_away_after_the_writing_is_written_again(town: Town):
    approved = orders.assignments(town, "GIMP")
    town.tenant.somebody_replaces_after_assign("GIMP", [foreign_entry(town)])

    work(2)

    assert keys(town, "GIMP") == {key(foreign_entry(town))} | approved.assignments[town.tenant.app_id("GIMP")]


def test_a_write_that_always_breaks_is_set_aside_after_three_tries(town: Town):
    approved = orders.assignments(town, "GIMP", "Inkscape")
    town.tenant.fault("status", path=f"{town.tenant.app_id('GIMP')}/assign", status=500, count=-1)

    work(10)

    approved.assignments[town.tenant.app_id("GIMP")] = set()
    assert len(town.tenant.writes("GIMP")) == 3
    assert wrongs(town.tenant, approved) == []


def test_an_import_whose_answer_was_lost_is_not_sent_again(town: Town):
    approved = orders.registration(town)
    town.tenant.fault("drop_after", path=f"{IMPORTED}/import")

    import_to_the_end(town)

    assert wrongs(town.tenant, approved) == []


def test_records_of_an_import_are_taken_away_though_some_deletions_fail(town: Town):
    approved = orders.registration(town)
    town.tenant.fault("status", method="DELETE", path=IMPORTED, status=503, count=2)

    import_to_the_end(town)

    left = {raw["serialNumber"] for raw in directory(town.tenant, IMPORTED)["value"]}
    assert left.isdisjoint(approved.imports)
    assert wrongs(town.tenant, approved) == []
    assert len(town.tenant.calls(method="DELETE", path_contains=IMPORTED)) == len(approved.imports) + 2


def import_to_the_end(town: Town) -> None:
    for turn in range(8):
        work(later=timedelta(minutes=3 * turn))
        town.tenant.sandbox.advance(120)


def test_a_group_whose_answer_was_lost_is_created_once(town: Town):
    group, devices = a_class(town)
    known_to_entra(town.tenant, *devices)
    town.tenant.fault("drop_after", path="/v1.0/groups")

    orders.put_in_force(town, town.plan(town.propose(GEOGEBRA, owner=group)))
    work(4)

    made = [call for call in received(town.tenant, "/v1.0/groups") if call["path"] == "/v1.0/groups"]
    assert len(made) == len(groups_named(town.tenant, f"terminsklar-class-{group.pk}")) == 1


def test_a_computer_that_leaves_a_group_stays_in_the_directory(town: Town):
    group, devices = a_class(town)
    stays, goes = known_to_entra(town.tenant, *devices, first=20)
    orders.put_in_force(town, town.plan(town.propose(GEOGEBRA, owner=group)))
    work(2)
    Device.objects.filter(pk=devices[1].pk).update(class_group=None)

    later = timedelta(minutes=6)
    reconcile.sweep(timezone.now() + later)
    work(2, later=later)

    group.refresh_from_db()
    calls = Counter(call["path"].rsplit("/", 1)[-1] for call in received(town.tenant, "/groups/", "DELETE"))
    assert directory(town.tenant, f"devices/{goes}").get("id") == goes
    assert members(town.tenant, group.entra_group_id) == {stays}
    assert calls == {"$ref": 1}
