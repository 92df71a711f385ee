"""Whom a gate counts, and from when a ring is watched."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from deployments.models import GateReading, Ring, RingMember, Rollout
from deployments.rollouts.gate import Tally
from deployments.rollouts.page import figures, for_page
from deployments.rollouts.readings import cells_of, keep, read_gate, tally_of
from deployments.services import rollouts
from deployments.services.rollouts import Settings
from fleet.models import Device
from schools.models import CalendarPeriod, User
from tests import factories as make
from tests.deployments.rollouts.factories import approved_change, put_in_force, report, write
from tests.factories import NOW

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def admin() -> User:
    return make.person("it_admin")


def started(by: User, devices: list[Device], **settings) -> Rollout:
    how = Settings(**{"shares": (50, 100), "least_per_model": 1, **settings})
    row = rollouts.plan_rollout(approved_change(devices), how, by=by, now=NOW)
    rollouts.start(row, by=by, now=NOW, put_in_force=put_in_force)
    rollouts.advance(NOW)
    return row


def members(ring: Ring) -> list[RingMember]:
    return list(ring.members.select_related("device").order_by("pk"))


def test_computer_that_has_been_let_in_counts_before_intune_is_told_of_it(admin: User) -> None:
    ring = started(admin, [make.device() for _ in range(20)]).rings.get(number=1)

    assert tally_of(ring) == Tally(waiting=10)
    assert read_gate(ring, ring.rollout, NOW).verdict == "too_few"


def test_those_that_the_calendar_holds_back_are_not_waited_for(admin: User) -> None:
    """Half of the ring is let in and has reported, so that it passes; the sample would be six of ten otherwise."""
    free, frozen = make.school(), make.school()
    CalendarPeriod.objects.create(
        kind="freeze", name="Prov", starts_on=date(2027, 1, 11), ends_on=date(2027, 1, 13), school=frozen
    )
    row = started(admin, [make.device(school) for school in (free, frozen) for _ in range(10)], soak_hours=0)
    ring = write(row, NOW)
    held_back = ring.members.filter(released_at=None).count()
    report(ring, NOW)

    found = read_gate(ring, row, NOW + HOUR)

    assert held_back == 5
    assert (found.tally, found.verdict) == (Tally(done=5), "pass")


@pytest.mark.parametrize("gone", [{"lifecycle": "retired"}, {"missing_since": NOW}])
def test_computer_that_is_gone_is_not_waited_for_and_its_report_stands(admin: User, gone: dict[str, object]) -> None:
    row = started(admin, [make.device() for _ in range(20)])
    ring = write(row, NOW)
    first, second, third, *_others = members(ring)
    version = row.change_set.changes.get().app_version
    make.install_status(first.device, version, "failed", reported_at=NOW)
    make.install_status(second.device, version, "installed", reported_at=NOW)

    Device.objects.filter(pk__in=[first.device_id, second.device_id, third.device_id]).update(**gone)

    assert tally_of(ring) == Tally(done=1, failed=1, waiting=7)
    seen = figures(for_page(Rollout.objects.filter(pk=row.pk)).get(), admin, NOW)
    assert seen["steps"][0].tally == tally_of(ring)


def test_ring_is_watched_from_when_the_latest_of_its_schools_was_written(admin: User) -> None:
    row = started(admin, [make.device() for _ in range(20)], soak_hours=24)
    ring = write(row, NOW)
    report(ring, NOW)
    late, back = members(ring)[:2]
    Device.objects.filter(pk=late.device_id).update(school=make.school())
    RingMember.objects.filter(pk=back.pk).update(written_at=NOW + 20 * HOUR)
    RingMember.objects.filter(pk=late.pk).update(written_at=NOW + 10 * HOUR)

    assert read_gate(ring, row, NOW + 33 * HOUR).verdict == "soaking"
    assert read_gate(ring, row, NOW + 34 * HOUR).verdict == "pass"
    seen = figures(for_page(Rollout.objects.filter(pk=row.pk)).get(), admin, NOW)
    assert seen["steps"][0].soaked_at == NOW + 34 * HOUR


def test_how_often_it_is_read_changes_nothing(admin: User) -> None:
    often, seldom = (started(admin, [make.device() for _ in range(20)]) for _ in range(2))
    told = [write(row, NOW) for row in (often, seldom)]
    for minute in range(60):
        for ring in told:
            if minute < len(members(ring)):
                version = ring.rollout.change_set.changes.get().app_version
                make.install_status(members(ring)[minute].device, version, reported_at=NOW + timedelta(minutes=minute))
        keep(told[0], read_gate(told[0], often, NOW + timedelta(minutes=minute)), NOW + timedelta(minutes=minute))

    first, second = (keep(ring, read_gate(ring, ring.rollout, NOW + HOUR), NOW + HOUR) for ring in told)

    assert (first.verdict, first.low, first.high) == (second.verdict, second.low, second.high)
    assert GateReading.objects.filter(ring=told[0]).count() == 10
    assert GateReading.objects.filter(ring=told[1]).count() == 1


def test_page_says_how_many_more_reports_make_it_certain(admin: User) -> None:
    row = started(admin, [make.device() for _ in range(20)], shares=(40, 100), soak_hours=0)
    ring = write(row, NOW)
    version = row.change_set.changes.get().app_version
    for member in members(ring)[:5]:
        make.install_status(member.device, version, reported_at=NOW)
    keep(ring, read_gate(ring, row, NOW + HOUR), NOW + HOUR)

    seen = figures(for_page(Rollout.objects.filter(pk=row.pk)).get(), admin, NOW + HOUR)

    assert seen["story"][-1] == (
        "Enough of those that reported succeed; 1 more that does makes it certain of the whole ring."
    )
    make.install_status(members(ring)[5].device, version, reported_at=NOW)
    assert read_gate(ring, row, NOW + HOUR).verdict == "pass"


def test_what_the_new_version_takes_the_place_of_has_told_how_it_went_before(admin: User) -> None:
    """The change concerns the same computers with both versions; only what it installs is its own doing."""
    old = make.app_version(version="1")
    new = make.app_version(old.application, version="2")
    fleet = [make.device() for _ in range(20)]
    change_set = approved_change(fleet, new)
    released = make.assignment_change(change_set, old)
    for place, device in enumerate(fleet):
        make.change_target(released, device, "release")
        make.install_status(device, old, "installed" if place else "failed")
    row = rollouts.plan_rollout(change_set, Settings(shares=(50, 100), least_per_model=1), by=admin, now=NOW)
    rollouts.start(row, by=admin, now=NOW, put_in_force=put_in_force)
    rollouts.advance(NOW)
    write(row, NOW)
    for member in members(row.rings.get(number=1)):
        make.install_status(member.device, new, "failed", reported_at=NOW + HOUR)

    (cell,) = cells_of(row)

    assert (cell.version, cell.now, cell.before) == (new.pk, Tally(failed=10), Tally(done=19, failed=1))
