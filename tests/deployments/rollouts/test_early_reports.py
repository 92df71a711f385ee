"""What computers report while their ring is still being written."""

from datetime import timedelta

import pytest

from deployments.models import ChangeTarget, GateReading, Rollout
from deployments.queries import progress
from deployments.services import rollouts
from deployments.services.rollouts import Settings
from deployments.status import with_status
from schools.models import User
from tests import factories as make
from tests.deployments.rollouts.factories import approved_change, put_in_force, report, statuses, write
from tests.factories import NOW

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(minutes=5)


@pytest.fixture
def admin() -> User:
    return make.person("it_admin")


def opening(by: User) -> Rollout:
    """The first ring of sixty computers has been let in and is being written."""
    change_set = approved_change([make.device() for _ in range(60)])
    row = rollouts.plan_rollout(change_set, Settings(least_per_model=20, soak_hours=0), by=by, now=NOW)
    row = rollouts.start(row, by=by, now=NOW, put_in_force=put_in_force)
    rollouts.advance(NOW)
    assert statuses(row)[0] == "opening"
    return row


def test_failures_stop_the_roll_out_before_the_ring_is_confirmed(admin: User) -> None:
    row = opening(admin)
    report(row.rings.get(number=1), NOW, failing=lambda device: True)

    rollouts.advance(SOON)

    row.refresh_from_db()
    assert (row.status, row.halt_code, statuses(row)[0]) == ("halted", "app_fails", "opening")
    assert GateReading.objects.get().verdict == "halt"


def test_good_reports_let_nothing_through_before_the_ring_is_confirmed(admin: User) -> None:
    row = opening(admin)
    report(row.rings.get(number=1), NOW)

    rollouts.advance(SOON)

    row.refresh_from_db()
    assert (row.status, statuses(row)[0]) == ("running", "opening")
    assert not GateReading.objects.exists()


def test_few_failures_beside_many_successes_are_seen_in_proportion(admin: User) -> None:
    row = opening(admin)
    ring = row.rings.get(number=1)
    failing = set(ring.members.order_by("pk").values_list("device", flat=True)[:2])
    report(ring, NOW, failing=lambda device: device.pk in failing)

    rollouts.advance(SOON)

    row.refresh_from_db()
    assert row.status == "running"


def test_people_hear_of_a_failure_when_the_ring_is_confirmed_and_not_never(admin: User) -> None:
    row = opening(admin)
    ring = row.rings.get(number=1)
    report(ring, NOW, failing=lambda device: True)
    members = ring.members.count()
    assert progress(row.change_set, admin).counts["waiting_for_intune"] == 60

    write(row, SOON)

    seen = progress(row.change_set, admin)
    assert (seen.counts["failed"], seen.counts["waiting_for_intune"]) == (members, 60 - members)
    assert seen.as_of is not None


def test_report_from_before_the_ring_opened_says_nothing_of_the_new_attempt(admin: User) -> None:
    row = opening(admin)
    ring = row.rings.get(number=1)
    report(ring, NOW - timedelta(hours=1), failing=lambda device: True)

    rollouts.advance(SOON)
    write(row, SOON)

    row.refresh_from_db()
    assert row.status == "running"
    told = with_status(ChangeTarget.objects.filter(device__in=ring.members.values("device")))
    assert set(told.values_list("status", flat=True)) == {"waiting_for_device"}
