from datetime import timedelta

import pytest

from deployments.models import ChangeSet
from intune_sync.models import Operation
from intune_sync.push import ledger
from intune_sync.push.ledger import LEASE, LEASE_WHILE_SENDING, LostLease
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + LEASE + timedelta(seconds=1)


def operations(count: int = 1, **columns: object) -> list[Operation]:
    change_set = factories.change_set("applying")
    return [factories.operation(factories.assignment_change(change_set), **columns) for _ in range(count)]


def test_an_operation_is_claimed_by_one_worker_alone():
    [operation] = operations()

    assert ledger.claim(NOW, "a").operation == operation
    assert ledger.claim(NOW, "b") is None


def test_a_lease_that_ran_out_is_taken_over_with_a_higher_fence():
    operations()
    first = ledger.claim(NOW, "a")

    second = ledger.claim(LATER, "b")

    assert second.fence == first.fence + 1
    assert second.operation.worker == "b"


def test_a_late_worker_changes_nothing():
    [operation] = operations()
    late = ledger.claim(NOW, "a")
    ledger.claim(LATER, "b")

    with pytest.raises(LostLease):
        late.move("sending", LATER, request_hash="x")

    operation.refresh_from_db()
    assert (operation.status, operation.worker, operation.request_hash) == ("claimed", "b", "")


def test_a_late_worker_cannot_fail_what_another_holds():
    [operation] = operations()
    late = ledger.claim(NOW, "a")
    ledger.claim(LATER, "b")

    with pytest.raises(LostLease):
        late.fail("refused", LATER)

    assert Operation.objects.get().status == "claimed"
    assert ChangeSet.objects.get(pk=operation.change.change_set_id).status == "applying"


def test_a_worker_that_stood_still_before_the_call_makes_none():
    operations()
    late = ledger.claim(NOW, "a")
    late.move("sending", NOW)
    late.still_sending(NOW + LEASE)

    with pytest.raises(LostLease):
        late.still_sending(NOW + LEASE_WHILE_SENDING)

    ledger.claim(NOW + LEASE_WHILE_SENDING, "b")
    with pytest.raises(LostLease):
        late.still_sending(NOW)


def test_each_step_extends_the_lease():
    operations()
    lease = ledger.claim(NOW, "a")

    lease.move("sending", NOW + timedelta(seconds=50))

    assert ledger.claim(LATER, "b") is None


def test_what_is_not_due_yet_is_left_alone():
    operations(not_before=NOW + timedelta(seconds=10))

    assert ledger.claim(NOW, "a") is None
    assert ledger.claim(NOW + timedelta(seconds=10), "a") is not None


def test_what_failed_before_comes_after_what_was_not_tried():
    tried, fresh = operations(2)
    Operation.objects.filter(pk=tried.pk).update(attempts=1)

    assert ledger.claim(NOW, "a").operation == fresh


def test_waiting_for_intune_is_not_counted_as_a_try():
    operations()

    for turn in range(10):
        at = NOW + timedelta(hours=turn)
        ledger.claim(at, "a").wait("unavailable", at)

    operation = Operation.objects.get()
    assert (operation.status, operation.attempts, operation.waits) == ("ready", 0, 10)


def test_waits_grow_up_to_five_minutes():
    assert [ledger.longer_each_time(waits).total_seconds() for waits in (0, 1, 5, 6, 99)] == [5, 10, 160, 300, 300]


def test_the_third_failed_try_is_the_last():
    operations()

    for turn in range(3):
        at = NOW + timedelta(hours=turn)
        ledger.claim(at, "a").try_again("unexpected", at, "boom")

    operation = Operation.objects.get()
    assert (operation.status, operation.problem, operation.error) == ("failed", "unexpected", "boom")
    assert ChangeSet.objects.get().status == "failed"


def test_what_three_workers_died_on_is_given_up_with_the_reason():
    operations()
    for turn in range(3):
        ledger.claim(NOW + turn * 2 * LEASE, "a")

    ledger.sweep(NOW + 10 * LEASE)

    operation = Operation.objects.get()
    assert (operation.status, operation.problem) == ("failed", "poison")
    assert ChangeSet.objects.get().status == "failed"


def test_sweep_leaves_what_a_living_worker_holds():
    operations(attempts=2)
    ledger.claim(NOW, "a")

    ledger.sweep(NOW)

    assert Operation.objects.get().status == "claimed"


def test_sweep_closes_a_change_set_whose_operations_are_all_finished():
    [operation] = operations(status="verified")
    operation.change.written_at = NOW
    operation.change.save()

    ledger.sweep(NOW)

    assert ChangeSet.objects.get().status == "applied"


def test_sweep_tells_whether_work_is_due():
    operations(not_before=LATER)

    assert ledger.sweep(NOW) is False
    assert ledger.sweep(LATER) is True


def test_when_intune_is_busy_every_waiting_operation_waits():
    operations(3)

    ledger.hold_back(LATER)

    assert ledger.claim(NOW, "a") is None
    assert ledger.claim(LATER, "a") is not None


def test_holding_back_never_brings_an_operation_forward():
    operations(not_before=LATER)

    ledger.hold_back(NOW)

    assert Operation.objects.get().not_before == LATER


def test_a_move_that_makes_no_sense_is_a_programming_error():
    operations()
    lease = ledger.claim(NOW, "a")

    with pytest.raises(ValueError, match="never goes"):
        lease.move("sent", NOW)
