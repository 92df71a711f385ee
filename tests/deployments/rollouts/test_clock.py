"""A roll-out from start to end, with what stops it."""

from datetime import date, datetime, time, timedelta

import pytest
from django.core.exceptions import ValidationError

from deployments.models import BaselineRevision, ChangeSet, GateReading, Ring, RingMember, Rollout
from deployments.services import changes, rollouts
from deployments.services.rollouts import Settings
from fleet.models import Device
from schools.calendar import local_moment
from schools.models import AuditEvent, CalendarPeriod, LessonHours, Notification, User
from tests import factories as make
from tests.deployments.rollouts.factories import approved_change, put_in_force, report, statuses, write
from tests.factories import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def admin() -> User:
    return make.person("it_admin")


def fleet(count: int, **columns) -> list[Device]:
    school = columns.pop("school", None) or make.school()
    return [make.device(school, **columns) for _ in range(count)]


def started(by: User, devices: list[Device], now: datetime = NOW, version=None, **settings) -> Rollout:
    row = rollouts.plan_rollout(
        approved_change(devices, version), Settings(**{"least_per_model": 2, **settings}), by=by, now=now
    )
    return rollouts.start(row, by=by, now=now, put_in_force=put_in_force)


def test_good_version_goes_ring_by_ring_to_all(admin: User) -> None:
    row = started(admin, fleet(20))
    now = NOW

    for number in range(1, 5):
        rollouts.advance(now)
        assert statuses(row)[number - 1] == "opening"
        assert RingMember.objects.exclude(released_at=None).filter(ring__number__gt=number).count() == 0
        write(row, now)
        report(row.rings.get(number=number), now)
        rollouts.advance(now + timedelta(hours=23))
        assert "opening" not in statuses(row)
        now += DAY

    row.refresh_from_db()
    assert (row.status, statuses(row)) == ("done", ["passed"] * 4)
    assert row.change_set.status == "applied"
    assert not row.members.filter(written_at=None).exists()
    assert Notification.objects.filter(kind="rollout.done", user=admin).exists()


def test_roll_out_that_cannot_be_advanced_does_not_hold_up_the_others(admin: User) -> None:
    broken, other = started(admin, fleet(20)), started(admin, fleet(20))
    Rollout.objects.filter(pk=broken.pk).update(starts_on=date.min)  # that midnight is before the first year in UTC

    assert rollouts.advance(NOW) == 1

    assert statuses(other)[0] == "opening"
    assert statuses(broken)[0] == "planned"


def test_ring_without_reports_lets_nothing_through(admin: User) -> None:
    row = started(admin, fleet(20))
    rollouts.advance(NOW)
    write(row, NOW)

    rollouts.advance(NOW + 30 * DAY)

    assert statuses(row) == ["open", "planned", "planned", "planned"]
    assert GateReading.objects.get().verdict == "too_few"


def test_version_that_fails_on_one_model_halts_and_is_named(admin: User) -> None:
    good, bad = make.hardware_model("Bra"), make.hardware_model("Dålig")
    devices = [*fleet(40, hardware_model=good), *fleet(40, hardware_model=bad)]
    row = started(admin, devices, version=make.app_version(make.application("Krita"), "5.3"), least_per_model=6)
    rollouts.advance(NOW)
    write(row, NOW)
    report(row.rings.get(number=1), NOW, failing=lambda device: device.hardware_model == bad)

    rollouts.advance(NOW + timedelta(minutes=5))
    rollouts.advance(NOW + 9 * DAY)

    row.refresh_from_db()
    assert (row.status, row.halt_code, statuses(row)[1]) == ("halted", "model_fails", "planned")
    assert (row.halt_data["version"], row.halt_data["model"]) == ("Krita 5.3", "Dell Inc. Dålig")
    assert "rollout.halted" in set(Notification.objects.values_list("kind", flat=True))


def test_halted_goes_on_with_a_reason_and_is_not_halted_by_the_same_again(admin: User) -> None:
    row = halted(admin)

    with pytest.raises(ValidationError, match="Say why"):
        rollouts.resume(row, by=admin)
    rollouts.resume(row, by=admin, reason="Modellen tas ur bruk")
    rollouts.advance(NOW + timedelta(minutes=10))

    row.refresh_from_db()
    assert (row.status, row.halt_code) == ("running", "")


def halted(by: User) -> Rollout:
    row = started(by, fleet(60), least_per_model=20, soak_hours=0)
    rollouts.advance(NOW)
    write(row, NOW)
    report(row.rings.get(number=1), NOW, failing=lambda device: True)
    rollouts.advance(NOW + timedelta(minutes=5))
    row.refresh_from_db()
    assert row.halt_code == "app_fails"
    return row


def test_paused_opens_nothing_and_goes_on_when_resumed(admin: User) -> None:
    row = started(admin, fleet(20))
    rollouts.pause(row, by=admin)

    rollouts.advance(NOW)
    assert statuses(row)[0] == "planned"
    rollouts.resume(row, by=admin)
    rollouts.advance(NOW)
    assert statuses(row)[0] == "opening"


def test_gate_by_hand_waits_for_somebody(admin: User) -> None:
    row = started(admin, fleet(20), gate="by_hand", soak_hours=0)
    rollouts.advance(NOW)
    ring = write(row, NOW)
    report(ring, NOW)
    rollouts.advance(NOW + timedelta(minutes=5))

    assert statuses(row)[:2] == ["open", "planned"]
    assert Notification.objects.filter(kind="rollout.waits").count() == 1
    rollouts.pass_ring(row, by=admin, now=NOW)
    rollouts.advance(NOW + timedelta(minutes=6))
    assert statuses(row)[:2] == ["passed", "opening"]


def test_ring_is_let_through_before_its_gate_only_with_a_reason(admin: User) -> None:
    row = started(admin, fleet(20))
    rollouts.advance(NOW)
    write(row, NOW)

    with pytest.raises(ValidationError, match="Say why"):
        rollouts.pass_ring(row, by=admin, now=NOW)

    assert rollouts.pass_ring(row, by=admin, now=NOW, reason="Provat för hand").status == "passed"


def test_skipped_ring_gives_its_computers_to_the_next(admin: User) -> None:
    row = started(admin, fleet(20))

    rollouts.skip_ring(row, by=admin, reason="Redan provat")

    assert statuses(row) == ["skipped", "planned", "planned", "planned"]
    assert [ring.members.count() for ring in row.rings.all()] == [0, 4, 6, 10]
    rollouts.advance(NOW)
    assert statuses(row)[1] == "opening"


def test_last_ring_is_not_skipped(admin: User) -> None:
    row = started(admin, fleet(1))

    with pytest.raises(ValidationError, match="last ring"):
        rollouts.skip_ring(row, by=admin, reason="Nej")


def test_ring_that_lost_all_its_computers_is_passed_over(admin: User) -> None:
    row = started(admin, fleet(20))
    first = row.rings.get(number=1)
    ids = list(first.members.values_list("device", flat=True))
    rollouts.move_computers(row, ids, 4, by=admin)

    rollouts.advance(NOW)
    rollouts.advance(NOW)

    assert statuses(row)[:2] == ["skipped", "opening"]


def test_aborted_lets_other_changes_of_the_app_go_on(admin: User) -> None:
    row = started(admin, fleet(20))
    rollouts.advance(NOW)

    rollouts.abort(row, by=admin, reason="Fel version", now=NOW)
    assert ChangeSet.objects.get(pk=row.change_set_id).status == "applying"  # the ring is being written
    write(row, NOW)

    row.refresh_from_db()
    assert (row.status, ChangeSet.objects.get(pk=row.change_set_id).status) == ("aborted", "abandoned")


def test_second_of_the_same_app_waits_and_starts_by_itself(admin: User) -> None:
    version = make.app_version()
    first = started(admin, fleet(3), version=version, strategy="all_at_once")
    second = rollouts.plan_rollout(approved_change(fleet(3), version), Settings(), by=admin, now=NOW)

    rollouts.start(second, by=admin, now=NOW, put_in_force=put_in_force)
    second.refresh_from_db()
    assert second.status == "queued"
    assert rollouts.waits_for(second, NOW).others == (first.change_set,)
    assert rollouts.start_queued(NOW, put_in_force) == 0

    rollouts.advance(NOW)
    write(first, NOW)
    BaselineRevision.objects.filter(pk=second.change_set.revision_id).update(based_on=first.change_set.revision)
    assert rollouts.start_queued(NOW, put_in_force) == 1
    second.refresh_from_db()
    assert second.status == "running"


def test_queued_one_that_may_not_start_any_more_is_planned_again(admin: User) -> None:
    row = rollouts.plan_rollout(approved_change(fleet(3)), Settings(starts_on=date(2027, 1, 12)), by=admin, now=NOW)
    rollouts.start(row, by=admin, now=NOW, put_in_force=put_in_force)

    def refuse(*_args):
        raise changes.OutdatedDraft("Bring the draft up to date first.")

    assert rollouts.start_queued(NOW + DAY, refuse) == 0
    row.refresh_from_db()
    assert (row.status, row.started_by) == ("planned", None)
    told = set(Notification.objects.filter(kind="rollout.not_started").values_list("user", flat=True))
    assert told == {admin.pk, row.change_set.requested_by_id, row.change_set.approved_by_id}


def test_one_taken_out_of_the_queue_while_intune_was_read_does_not_start(admin: User) -> None:
    row = rollouts.plan_rollout(approved_change(fleet(3)), Settings(starts_on=date(2027, 1, 12)), by=admin, now=NOW)
    rollouts.start(row, by=admin, now=NOW, put_in_force=put_in_force)

    def read_slowly(change_set, by, now, then):
        rollouts.take_out_of_queue(row, by=admin)
        put_in_force(change_set, by, now, then)

    assert rollouts.start_queued(NOW + DAY, read_slowly) == 0
    row.refresh_from_db()
    assert (row.status, ChangeSet.objects.get(pk=row.change_set_id).status) == ("planned", "approved")


def lessons(**scope) -> None:
    CalendarPeriod.objects.create(
        kind="term", name="VT", starts_on=date(2027, 1, 7), ends_on=date(2027, 6, 11), **scope
    )
    for weekday in range(1, 6):
        LessonHours.objects.create(weekday=weekday, begins=time(8), ends=time(16), **scope)


def test_nothing_required_opens_in_lesson_hours(admin: User) -> None:
    lessons()
    row = rollouts.plan_rollout(approved_change(fleet(20)), Settings(), by=admin, now=NOW)
    rollouts.start(row, by=admin, now=NOW, put_in_force=put_in_force)
    row.refresh_from_db()
    end_of_day = local_moment(date(2027, 1, 11), time(16))
    assert (row.status, rollouts.waits_for(row, NOW).until) == ("queued", end_of_day)

    rollouts.start_queued(end_of_day, put_in_force)
    rollouts.advance(end_of_day + timedelta(hours=16))  # eight in the morning
    assert statuses(row)[0] == "planned"
    rollouts.advance(end_of_day)
    assert statuses(row)[0] == "opening"


def test_what_is_only_offered_does_not_wait_for_lessons(admin: User) -> None:
    lessons()
    change_set = approved_change(fleet(20), effect="offer")
    row = rollouts.plan_rollout(change_set, Settings(), by=admin, now=NOW)

    assert rollouts.waits_for(row, NOW) is None


def test_computer_of_unknown_school_waits_for_a_freeze_of_all(admin: User) -> None:
    CalendarPeriod.objects.create(
        kind="freeze", name="Nationella prov", starts_on=date(2027, 1, 11), ends_on=date(2027, 1, 13)
    )
    nobodys = make.device()
    Device.objects.filter(pk=nobodys.pk).update(school=None)
    row = rollouts.plan_rollout(approved_change([nobodys]), Settings(), by=admin, now=NOW)

    wait = rollouts.waits_for(row, NOW)

    assert wait is not None and wait.until == local_moment(date(2027, 1, 14))


def test_two_people_let_it_start_against_the_calendar(admin: User) -> None:
    lessons()
    row = rollouts.plan_rollout(approved_change(fleet(20)), Settings(), by=admin, now=NOW)
    rollouts.request_override(row, by=admin, reason="Säkerhetshål", now=NOW)
    assert rollouts.waits_for(row, NOW) is not None

    with pytest.raises(ValidationError, match="somebody else"):
        rollouts.approve_override(row, by=admin, now=NOW)
    rollouts.approve_override(row, by=make.person("it_admin"), now=NOW)

    assert rollouts.waits_for(row, NOW) is None


def test_each_school_begins_on_its_own_first_day_of_the_break(admin: User) -> None:
    early, late = make.school(), make.school()
    common = CalendarPeriod.objects.create(
        kind="break", name="Sportlov", starts_on=date(2027, 3, 1), ends_on=date(2027, 3, 5)
    )
    CalendarPeriod.objects.create(
        kind="break", name="Sportlov", starts_on=date(2027, 2, 22), ends_on=date(2027, 2, 26), school=early
    )
    devices = [*fleet(10, school=early), *fleet(10, school=late)]
    row = started(admin, devices, starts_in=common, shares=(50, 100), soak_hours=0)
    assert row.status == "queued"

    first_day = local_moment(date(2027, 2, 22))
    assert rollouts.start_queued(first_day - timedelta(seconds=1), put_in_force) == 0
    assert rollouts.start_queued(first_day, put_in_force) == 1
    rollouts.advance(first_day)
    let_in = RingMember.objects.filter(released_at=first_day)
    assert {member.device.school for member in let_in} == {early}

    ring = write(row, first_day)
    report(ring, first_day)
    rollouts.advance(first_day + timedelta(hours=1))
    rollouts.advance(first_day + timedelta(hours=1))
    assert statuses(row) == ["passed", "opening", "planned"]  # the last ring waits for the other school
    assert {each.device.school for each in RingMember.objects.exclude(released_at=None)} == {early}
    report(write(row, first_day + timedelta(hours=1)), first_day + timedelta(hours=1))

    later = local_moment(date(2027, 3, 1))
    for number in (1, 2):
        rollouts.advance(later)
        assert statuses(row)[2] == "planned"
        rollouts.ring_written(row.rings.get(number=number), later)
    rollouts.advance(later)
    assert statuses(row) == ["passed", "passed", "opening"]
    assert not RingMember.objects.filter(released_at=None).exists()


@pytest.mark.parametrize("gone", [False, True])
def test_rings_let_in_late_come_one_after_the_other(admin: User, gone: bool) -> None:
    free, frozen = make.school(), make.school()
    CalendarPeriod.objects.create(
        kind="freeze", name="Prov", starts_on=date(2027, 1, 11), ends_on=date(2027, 1, 13), school=frozen
    )
    row = started(admin, [*fleet(20, school=free), *fleet(20, school=frozen)], soak_hours=0)
    for number in (1, 2):
        rollouts.advance(NOW)
        report(write(row, NOW), NOW)
        row.rings.filter(number=number).update(status="passed", passed_at=NOW)
    row.rings.filter(number=3).update(status="opening")  # so that no further ring opens
    thursday = local_moment(date(2027, 1, 14))

    rollouts.advance(thursday)
    assert late(frozen, thursday) == {1}
    rollouts.advance(thursday)
    assert late(frozen, thursday) == {1}
    if gone:
        Device.objects.filter(ring_members__ring__number=1).update(lifecycle="retired")
    else:
        rollouts.ring_written(row.rings.get(number=1), thursday)
    rollouts.advance(thursday)
    assert late(frozen, thursday) == {1, 2}


def late(school, now: datetime) -> set[int]:
    """The rings whose computers of the school were let in then."""
    return set(RingMember.objects.filter(device__school=school, released_at=now).values_list("ring__number", flat=True))


def test_withdrawn_change_takes_its_rollout_along(admin: User) -> None:
    row = rollouts.plan_rollout(approved_change(fleet(3)), Settings(), by=admin, now=NOW)
    changes.cancel(row.change_set, by=admin)

    rollouts.advance(NOW)

    row.refresh_from_db()
    assert row.status == "aborted"
    assert AuditEvent.objects.filter(act="rollout.aborted", actor=None).exists()


def test_running_twice_changes_nothing(admin: User) -> None:
    row = started(admin, fleet(20))
    rollouts.advance(NOW)
    write(row, NOW)
    rollouts.advance(NOW)

    assert rollouts.advance(NOW) == 0
    assert Ring.objects.filter(rollout=row, status="open").count() == 1
