"""Computers that come into an opened ring later than the others: held back by their school's calendar, or missing."""

from datetime import date, datetime, timedelta

import pytest

from deployments.models import InstallStatus, RingMember, Rollout
from deployments.services import rollouts
from deployments.services.rollouts import Settings
from fleet.models import Device
from schools.calendar import local_moment
from schools.models import AuditEvent, CalendarPeriod, School, User
from tests import factories as make
from tests.deployments.rollouts.factories import approved_change, put_in_force, statuses, write
from tests.factories import NOW

pytestmark = pytest.mark.django_db
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
THURSDAY = local_moment(date(2027, 1, 14))


@pytest.fixture
def admin() -> User:
    return make.person("it_admin")


def started(by: User, devices: list[Device], **settings) -> Rollout:
    how = Settings(**{"least_per_model": 1, "shares": (30, 60, 100), **settings})
    row = rollouts.plan_rollout(approved_change(devices), how, by=by, now=NOW)
    return rollouts.start(row, by=by, now=NOW, put_in_force=put_in_force)


def tell(row: Rollout, now: datetime) -> None:
    """All that Intune was told of report that it went well."""
    version = row.change_set.changes.get().app_version
    for member in row.members.exclude(written_at=None):
        InstallStatus.objects.get_or_create(
            device=member.device, app_version=version, defaults={"state": "installed", "reported_at": now}
        )


def two_rings_out(by: User) -> tuple[Rollout, School]:
    """One of two schools is in a freeze until Thursday; of the other, two rings have passed."""
    free, frozen = make.school(), make.school()
    CalendarPeriod.objects.create(
        kind="freeze", name="Prov", starts_on=date(2027, 1, 11), ends_on=date(2027, 1, 13), school=frozen
    )
    row = started(by, [make.device(school) for school in (free, frozen) for _ in range(20)])
    for day in range(2):
        rollouts.advance(NOW + day * DAY)
        write(row, NOW + day * DAY)
        tell(row, NOW + day * DAY)
    rollouts.advance(NOW + 2 * DAY)
    assert statuses(row) == ["passed", "passed", "planned"]
    assert not let_in(frozen)
    return row, frozen


def let_in(school: School) -> set[int]:
    """The rings in which computers of the school are."""
    found = RingMember.objects.filter(device__school=school).exclude(released_at=None)
    return set(found.values_list("ring__number", flat=True))


def test_next_ring_waits_until_schools_that_came_late_have_been_watched(admin: User) -> None:
    row, frozen = two_rings_out(admin)

    for number, at in ((1, THURSDAY), (2, THURSDAY + MINUTE)):
        rollouts.advance(at)
        assert let_in(frozen) == set(range(1, number + 1))
        assert statuses(row)[number - 1] == "open"
        rollouts.advance(at)
        assert let_in(frozen) == set(range(1, number + 1))  # nothing more before that is written
        rollouts.ring_written(row.rings.get(number=number), at)
    rollouts.advance(THURSDAY + DAY - MINUTE)
    tell(row, THURSDAY + DAY - MINUTE)
    rollouts.advance(THURSDAY + DAY - MINUTE)
    assert statuses(row) == ["open", "open", "planned"]

    rollouts.advance(THURSDAY + DAY + MINUTE)

    assert statuses(row) == ["passed", "passed", "opening"]
    assert AuditEvent.objects.filter(act="rollout.ring_watched_again").count() == 2


def test_ring_in_which_schools_that_came_late_fail_lets_nothing_through(admin: User) -> None:
    row, frozen = two_rings_out(admin)
    rollouts.advance(THURSDAY)
    ring = rollouts.ring_written(row.rings.get(number=1), THURSDAY)
    version = row.change_set.changes.get().app_version
    late = ring.members.filter(device__school=frozen)
    for member in list(late)[:2]:
        make.install_status(member.device, version, "failed", reported_at=THURSDAY + MINUTE)
    tell(row, THURSDAY + MINUTE)

    rollouts.advance(THURSDAY + 2 * DAY)

    assert late.count() > 2
    assert statuses(row)[0] == "open"
    assert ring.readings.latest("pk").verdict == "below"


def test_computer_that_is_back_is_let_in_and_holds_up_nothing(admin: User) -> None:
    """Its school has been watched already."""
    school = make.school()
    row = started(admin, [make.device(school) for _ in range(20)])
    missing = row.members.filter(ring__number=1).first()
    assert missing is not None
    Device.objects.filter(pk=missing.device_id).update(missing_since=NOW)
    rollouts.advance(NOW)
    ring = write(row, NOW)
    tell(row, NOW)
    assert not RingMember.objects.filter(pk=missing.pk, released_at__isnull=False).exists()

    Device.objects.filter(pk=missing.device_id).update(missing_since=None)
    rollouts.advance(NOW + 20 * HOUR)
    missing.refresh_from_db()
    assert missing.released_at == NOW + 20 * HOUR
    rollouts.ring_written(ring, NOW + 20 * HOUR)
    rollouts.advance(NOW + DAY)

    assert statuses(row)[:2] == ["passed", "opening"]


def test_computer_that_comes_back_into_a_ring_that_has_passed_does_not_open_it_again(admin: User) -> None:
    school = make.school()
    row = started(admin, [make.device(school) for _ in range(20)])
    missing = row.members.filter(ring__number=1).first()
    assert missing is not None
    Device.objects.filter(pk=missing.device_id).update(missing_since=NOW)
    rollouts.advance(NOW)
    write(row, NOW)
    rollouts.pass_ring(row, by=admin, now=NOW, reason="Provat")

    Device.objects.filter(pk=missing.device_id).update(missing_since=None)
    rollouts.advance(NOW + HOUR)

    missing.refresh_from_db()
    assert missing.released_at == NOW + HOUR
    assert statuses(row) == ["passed", "planned", "planned"]  # it has to be written before the next one opens


def test_ring_of_missing_computers_alone_is_passed_over(admin: User) -> None:
    row = started(admin, [make.device() for _ in range(20)])
    Device.objects.filter(ring_members__ring__number=1).update(missing_since=NOW)

    rollouts.advance(NOW)
    rollouts.advance(NOW)

    assert statuses(row) == ["skipped", "opening", "planned"]
    assert row.rings.get(number=1).reason == "All of its computers are missing or retired."


def test_missing_computers_keep_no_last_ring_waiting(admin: User) -> None:
    row = started(admin, [make.device() for _ in range(4)], shares=(100,), strategy="all_at_once")
    gone = row.members.first()
    assert gone is not None
    frozen = make.school()
    Device.objects.filter(pk=gone.device_id).update(lifecycle="retired", school=frozen)
    CalendarPeriod.objects.create(
        kind="freeze", name="Prov", starts_on=date(2027, 1, 11), ends_on=date(2027, 1, 13), school=frozen
    )

    rollouts.advance(NOW)
    write(row, NOW)

    row.refresh_from_db()
    assert row.status == "done"
