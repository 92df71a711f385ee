"""A ring that was marked as opening and of which nothing has been sent: it goes back when it may not open any more."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from deployments.models import RingGroup, Rollout
from deployments.services import changes, rollouts
from fleet.models import Device
from intune_sync.models import Operation
from intune_sync.push import apply, ledger, rings
from intune_sync.push.ledger import LostLease
from schools.calendar import local_moment
from schools.models import AuditEvent, CalendarPeriod, LessonHours
from tests.factories import NOW
from tests.intune_sync.test_rings import (
    carry,
    change,
    given,
    goes_ring_by_ring,
    let_through,
    opened,
    planned,
    put,
    ring_groups,
    start,
    statuses,
    town,  # noqa: F401  (fixture)
    work,
)
from tests.pushing import GEOGEBRA, Town

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=6)
EVENING = local_moment(date(2027, 1, 11), time(16))


def marked(town: Town, *names: str) -> Rollout:  # noqa: F811
    """The first of two rings is in the ledger; no worker has taken anything up."""
    rollout = start(town, planned(town, town.approved(*(names or (GEOGEBRA,))), 50, 100))
    rollouts.advance(NOW)
    rings.sweep(NOW)
    assert statuses(rollout) == ["opening", "planned"]
    assert Operation.objects.filter(kind="assign", stage=1).exists()
    return rollout


def half_sent(town: Town) -> Rollout:  # noqa: F811
    """Of two apps one is written."""
    rollout = marked(town, GEOGEBRA, "GIMP")
    apply.work(NOW, most=2)
    assert len(town.tenant.writes()) == 1
    return rollout


def stop(town: Town, rollout: Rollout, how: str) -> None:  # noqa: F811
    if how == "halted":
        rollouts.halt(Rollout.objects.get(pk=rollout.pk), "app_fails", {"key": "app_fails:1:"}, NOW)
    else:
        rollouts.pause(rollout, by=town.requester)


def lessons() -> None:
    """From eight to four on every day; at NOW they are held."""
    CalendarPeriod.objects.create(kind="term", name="VT", starts_on=date(2027, 1, 7), ends_on=date(2027, 6, 11))
    for weekday in range(1, 6):
        LessonHours.objects.create(weekday=weekday, begins=time(8), ends=time(16))


@pytest.mark.parametrize("how", ["paused", "halted"])
def test_it_goes_back_while_its_roll_out_does_not_run_and_opens_when_that_goes_on(town: Town, how: str):  # noqa: F811
    rollout = marked(town)
    stop(town, rollout, how)

    apply.work(NOW, most=100)  # before the sweep has seen it
    work()

    rollout.refresh_from_db()
    assert (rollout.status, statuses(rollout), opened(rollout)) == (how, ["planned", "planned"], set())
    assert town.tenant.writes() == []
    assert AuditEvent.objects.filter(act="rollout.ring_taken_back", actor=None).exists()
    rollouts.resume(rollout, by=town.requester, reason="Utrett")
    carry(rollout)
    assert statuses(rollout) == ["open", "planned"]
    assert {pk for pk, intent in given(town.tenant, GEOGEBRA).items() if intent} == opened(rollout) != set()


def test_broken_off_it_leaves_nothing_and_lets_other_changes_of_the_app_go_on(town: Town):  # noqa: F811
    rollout = marked(town)
    rollouts.abort(rollout, by=town.requester, reason="Fel version", now=NOW)

    work()

    rollout.change_set.refresh_from_db()
    assert (rollout.change_set.status, statuses(rollout)) == ("abandoned", ["planned", "planned"])
    assert not Operation.objects.filter(kind="assign").exists()
    assert (town.tenant.writes(), ring_groups(town.tenant)) == ([], [])
    assert not RingGroup.objects.filter(deleted_at=None).exists()
    again = change(town, put(town, GEOGEBRA, intent="available"))
    assert not changes.in_the_way(again).exists()
    goes_ring_by_ring(town, start(town, planned(town, again, 50, 100)), GEOGEBRA)


@pytest.mark.parametrize("how", ["paused", "halted", "lessons"])
def test_ring_of_which_a_part_is_sent_is_written_whatever_happens(town: Town, how: str):  # noqa: F811
    rollout = half_sent(town)
    lessons() if how == "lessons" else stop(town, rollout, how)

    work()

    assert statuses(rollout) == ["open", "planned"]
    assert len(town.tenant.writes()) == 2
    for name in (GEOGEBRA, "GIMP"):
        assert {pk for pk, intent in given(town.tenant, name).items() if intent} == opened(rollout)


def test_worker_that_holds_a_list_of_a_ring_that_goes_back_sends_nothing(town: Town):  # noqa: F811
    rollout = marked(town)
    apply.work(NOW, most=1)
    lease = ledger.claim(NOW, "slow")
    assert lease is not None and lease.operation.kind == "assign"
    stop(town, rollout, "paused")

    rings.sweep(NOW)

    assert statuses(rollout)[0] == "planned"
    with pytest.raises(LostLease):
        lease.move("sending", NOW)


@pytest.mark.parametrize("is_in_the_ledger", [False, True])
def test_it_is_not_sent_in_lesson_hours_because_intune_was_away_in_the_night(
    town: Town,  # noqa: F811
    is_in_the_ledger: bool,
):
    rollout = start(town, planned(town, town.approved(GEOGEBRA), 50, 100))
    rollouts.advance(NOW)
    if is_in_the_ledger:
        rings.sweep(NOW)
    lessons()

    work()
    assert (statuses(rollout), opened(rollout)) == (["planned", "planned"], set())
    assert carry(rollout).status == "running"
    assert town.tenant.writes() == []

    carry(rollout, EVENING)
    assert statuses(rollout) == ["open", "planned"]
    assert len(town.tenant.writes()) == 1


def test_computers_that_leave_the_ring_meanwhile_are_not_in_its_group_when_it_opens(town: Town):  # noqa: F811
    rollout = marked(town)
    apply.work(NOW, most=1)  # the group is there, with all of them
    leaver = next(iter(opened(rollout)))
    stop(town, rollout, "paused")
    work()

    rollouts.move_computers(rollout, [leaver], 2, by=town.requester)
    rollouts.resume(rollout, by=town.requester)
    carry(rollout)

    got = {pk for pk, intent in given(town.tenant, GEOGEBRA).items() if intent}
    assert got == opened(rollout) == set(rollout.members.filter(ring__number=1).values_list("device", flat=True))
    assert leaver not in got
    assert RingGroup.objects.count() == 1


def test_last_ring_goes_back_too(town: Town):  # noqa: F811
    rollout = carry(start(town, planned(town, town.approved(GEOGEBRA), 50, 100)))
    before = opened(rollout)
    rollouts.pass_ring(rollout, by=town.approver, now=LATER, reason="Prov")
    rollouts.advance(LATER)
    rings.sweep(LATER)
    stop(town, rollout, "paused")

    work(LATER)

    assert (statuses(rollout), opened(rollout)) == (["passed", "planned"], before)
    assert {pk for pk, intent in given(town.tenant, GEOGEBRA).items() if intent} == before
    rollouts.resume(rollout, by=town.requester)
    assert carry(rollout, LATER).status == "done"


def test_computer_that_was_missing_is_let_in_when_it_is_back(town: Town):  # noqa: F811
    rollout = start(town, planned(town, town.approved(GEOGEBRA), 50, 100))
    missing = rollout.members.filter(ring__number=1).order_by("pk")[0]
    Device.objects.filter(pk=missing.device_id).update(missing_since=NOW)
    carry(rollout)
    assert statuses(rollout)[0] == "open"
    assert missing.device_id not in opened(rollout)

    Device.objects.filter(pk=missing.device_id).update(missing_since=None)
    carry(rollout, LATER)

    missing.refresh_from_db()
    assert (missing.released_at, missing.written_at is not None) == (LATER, True)
    assert given(town.tenant, GEOGEBRA)[missing.device_id] == "required"
    assert len(town.tenant.writes()) == 1


def test_computer_that_moves_away_stays_in_its_ring_until_the_last_one(town: Town):  # noqa: F811
    school, other = town.schools["GY-RONN"], town.schools["AG-FURU"]
    rollout = carry(start(town, planned(town, town.approved(GEOGEBRA, owner=school), 50, 100)))
    mover = next(iter(opened(rollout)))
    Device.objects.filter(pk=mover).update(school=other)

    work(LATER)
    assert given(town.tenant, GEOGEBRA)[mover] == "required"
    let_through(town, rollout, LATER)

    assert rollout.status == "done"
    assert given(town.tenant, GEOGEBRA)[mover] is None
    assert ring_groups(town.tenant) == []


def test_name_of_a_group_has_a_random_part_and_older_groups_keep_theirs(town: Town):  # noqa: F811
    rollout = marked(town)
    group = RingGroup.objects.get()
    assert group.mail_nickname == f"terminsklar-ring-{group.pk}-{group.token}" and len(group.token) == 8
    RingGroup.objects.update(token="")

    work()
    assert ring_groups(town.tenant) == [f"terminsklar-ring-{group.pk}"]
    let_through(town, rollout, LATER)

    assert rollout.status == "done"
    assert ring_groups(town.tenant) == []
