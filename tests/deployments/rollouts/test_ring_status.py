"""In a roll-out a computer's status counts from when its own ring was written."""

from datetime import timedelta

import pytest

from deployments.models import ChangeTarget, RingMember
from deployments.status import with_status
from tests import factories as make
from tests.deployments.rollouts.factories import approved_change, ring
from tests.factories import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=2)


def test_computer_of_a_later_ring_waits_for_intune_while_the_first_is_judged() -> None:
    first, second = make.device(last_check_in_at=NOW), make.device()
    version = make.app_version()
    change_set = approved_change([first, second], version)
    of = make.rollout(change_set)
    RingMember.objects.create(
        rollout=of, ring=ring(of, 1, 10), device=first, released_at=NOW, written_at=NOW - timedelta(hours=1)
    )
    RingMember.objects.create(rollout=of, ring=ring(of, 2), device=second)
    make.install_status(first, version, "failed", reported_at=NOW)
    make.install_status(second, version, "failed", reported_at=NOW)

    found = dict(with_status(ChangeTarget.objects.all()).values_list("device", "status"))

    assert found == {first.pk: "failed", second.pk: "waiting_for_intune"}


def test_failure_of_an_early_ring_stays_when_the_last_is_written() -> None:
    device, version = make.device(), make.app_version()
    change_set = approved_change([device], version)
    change_set.changes.update(written_at=LATER)
    of = make.rollout(change_set)
    RingMember.objects.create(rollout=of, ring=ring(of, 1, 10), device=device, released_at=NOW, written_at=NOW)
    make.install_status(device, version, "failed", reported_at=NOW + timedelta(hours=1))

    assert with_status(ChangeTarget.objects.all()).get().status == "failed"


def test_computer_that_came_later_counts_from_the_last_ring() -> None:
    device, version = make.device(last_check_in_at=NOW), make.app_version()
    change_set = approved_change([device], version)
    make.rollout(change_set)
    change_set.changes.update(written_at=LATER)

    found = with_status(ChangeTarget.objects.all()).get()

    assert (found.status, found.confirmed_at) == ("waiting_for_device", LATER)


def test_failure_while_the_ring_was_being_written_counts_when_it_is_confirmed_and_for_gates_at_once() -> None:
    device, version = make.device(last_check_in_at=NOW), make.app_version()
    of = make.rollout(approved_change([device], version))
    member = RingMember.objects.create(rollout=of, ring=ring(of, 1, 10), device=device, released_at=NOW)
    make.install_status(device, version, "failed", reported_at=NOW + timedelta(minutes=2))

    assert with_status(ChangeTarget.objects.all()).get().status == "waiting_for_intune"
    assert with_status(ChangeTarget.objects.all(), early=True).get().status == "failed"
    RingMember.objects.filter(pk=member.pk).update(written_at=NOW + timedelta(minutes=5))
    assert with_status(ChangeTarget.objects.all()).get().status == "failed"


def test_failure_from_before_the_ring_opened_does_not_count() -> None:
    device, version = make.device(last_check_in_at=NOW), make.app_version()
    of = make.rollout(approved_change([device], version))
    RingMember.objects.create(rollout=of, ring=ring(of, 1, 10), device=device, released_at=NOW, written_at=LATER)
    make.install_status(device, version, "failed", reported_at=NOW - timedelta(minutes=2))

    assert with_status(ChangeTarget.objects.all()).get().status == "waiting_for_device"
    assert with_status(ChangeTarget.objects.all(), early=True).get().status == "waiting_for_device"
