"""Roll-outs that wait their turn: what they wait for, what is seen before their turn, and what holds up no other."""

from datetime import date, timedelta

import pytest

from deployments.models import BaselineRevision, ChangeSet, Rollout
from deployments.rollouts.page import figures, for_page
from deployments.services import changes, rollouts
from deployments.services.profiles import profile_of
from deployments.services.rollouts import Settings
from schools.models import Notification, User
from tests import factories as make
from tests.deployments.rollouts.factories import approved_change, put_in_force
from tests.factories import NOW

pytestmark = pytest.mark.django_db
TOMORROW = NOW + timedelta(days=1)


@pytest.fixture
def admin() -> User:
    return make.person("it_admin")


def queued(by: User, change_set: ChangeSet | None = None) -> Rollout:
    """Its day is tomorrow."""
    change_set = change_set or approved_change([make.device() for _ in range(3)])
    row = rollouts.plan_rollout(change_set, Settings(starts_on=date(2027, 1, 12)), by=by, now=NOW)
    rollouts.start(row, by=by, now=NOW, put_in_force=put_in_force)
    row.refresh_from_db()
    assert row.status == "queued"
    return row


def refused(row: Rollout) -> list[str]:
    """What was said of why it is planned again."""
    row.refresh_from_db()
    assert row.status == "planned"
    return [str(each.data["reason"]) for each in Notification.objects.filter(kind="rollout.not_started")]


def test_plan_that_has_to_be_approved_again_is_told_before_its_day(admin: User) -> None:
    row = queued(admin)
    changes.record_plan(row.change_set, {"calls": []}, "b" * 64, [], by=admin, now=NOW)

    assert rollouts.start_queued(NOW, put_in_force) == 0

    assert set(refused(row)) == {"The change has been planned anew since, and has to be approved again."}


def test_plan_that_another_has_overtaken_is_told_before_its_day(admin: User) -> None:
    row = queued(admin)
    BaselineRevision.objects.active().update(status="superseded", superseded_at=NOW)
    make.revision("active")

    assert rollouts.start_queued(NOW, put_in_force) == 0

    assert all("has become active since" in reason for reason in refused(row)) and refused(row)


def test_what_goes_wrong_with_one_holds_up_no_other(admin: User) -> None:
    broken, other = queued(admin), queued(admin)

    def cannot(change_set, by, now, then):
        if change_set == broken.change_set:
            raise LookupError("no such place")
        put_in_force(change_set, by, now, then)

    assert rollouts.start_queued(TOMORROW, cannot) == 1

    for row in (broken, other):
        row.refresh_from_db()
    assert (broken.status, other.status) == ("queued", "running")


def test_what_concerns_all_of_them_is_raised(admin: User) -> None:
    queued(admin)

    def is_away(*_args):
        raise ConnectionError

    with pytest.raises(ConnectionError):
        rollouts.start_queued(TOMORROW, is_away, stops=(ConnectionError,))


def needs_group(change_set: ChangeSet, profile: int) -> ChangeSet:
    change_set.plan = {**change_set.plan, "groups": [{"profile_id": profile, "nickname": "terminsklar-class-1"}]}
    change_set.save(update_fields=["plan"])
    return change_set


def test_it_waits_for_a_change_that_is_creating_its_group_and_its_page_says_so(admin: User) -> None:
    group = make.class_group(make.school())
    profile = profile_of(group)
    row = queued(admin, needs_group(approved_change([make.device()]), profile.pk))
    creating = needs_group(make.change_set("applying"), profile.pk)
    needs_group(make.change_set("approved"), profile.pk)

    wait = rollouts.waits_for(row, TOMORROW)
    seen = figures(for_page(Rollout.objects.filter(pk=row.pk)).get(), admin, TOMORROW)

    assert wait is not None and wait.others == (creating,)
    assert str(creating) in seen["story"][0]


def test_it_does_not_wait_for_a_roll_out_that_creates_the_group_with_its_last_ring(admin: User) -> None:
    profile = profile_of(make.class_group(make.school()))
    first = needs_group(approved_change([make.device() for _ in range(20)]), profile.pk)
    going = rollouts.plan_rollout(first, Settings(least_per_model=1, shares=(50, 100)), by=admin, now=NOW)
    rollouts.start(going, by=admin, now=NOW, put_in_force=put_in_force)
    second = needs_group(approved_change([make.device()]), profile.pk)

    assert not changes.creating_groups_of(second).exists()
    going.rings.update(status="passed")
    going.rings.filter(number=2).update(status="opening")
    assert changes.creating_groups_of(second).get() == first


def test_it_does_not_wait_for_a_group_that_is_there(admin: User) -> None:
    group = make.class_group(make.school(), entra_group_id=make.uuid())
    profile = profile_of(group)
    needs_group(make.change_set("applying"), profile.pk)

    assert not changes.creating_groups_of(needs_group(make.change_set("approved"), profile.pk)).exists()
