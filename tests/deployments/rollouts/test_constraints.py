import pytest
from django.db import IntegrityError

from deployments.models import CalendarOverride, ChangeSet, RingMember, Rollout
from tests import factories as make
from tests.deployments.rollouts.factories import approved_change, ring
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def planned() -> Rollout:
    return make.rollout(approved_change([]))


def exception(rollout: Rollout, **columns) -> CalendarOverride:
    columns = {"reason": "Bråttom", "requested_by": make.person("it_admin"), "requested_at": NOW, **columns}
    return CalendarOverride.objects.create(change_set=rollout.change_set, **columns)


def test_computer_is_in_one_ring(planned: Rollout) -> None:
    first, second, device = ring(planned, 1, 10), ring(planned, 2), make.device()
    RingMember.objects.create(rollout=planned, ring=first, device=device)

    with pytest.raises(IntegrityError, match="computer_in_one_ring"):
        RingMember.objects.create(rollout=planned, ring=second, device=device)


def test_one_ring_opens_at_a_time(planned: Rollout) -> None:
    ring(planned, 1, 10, status="opening")

    with pytest.raises(IntegrityError, match="one_ring_opens_at_a_time"):
        ring(planned, 2, status="opening")


def test_pilot_strategy_has_a_pilot_school(planned: Rollout) -> None:
    with pytest.raises(IntegrityError, match="pilot_school_where_one_is_first"):
        Rollout.objects.filter(pk=planned.pk).update(strategy="pilot_school")


def test_halt_has_a_reason(planned: Rollout) -> None:
    with pytest.raises(IntegrityError, match="halt_has_a_reason"):
        Rollout.objects.filter(pk=planned.pk).update(status="halted", started_at=NOW)


@pytest.mark.parametrize("columns", [{"kind": "calendar"}, {"kind": "at_once", "approval_at": NOW}])
def test_exception_takes_two_people(planned: Rollout, columns: dict) -> None:
    override = exception(planned, **columns)

    with pytest.raises(IntegrityError, match="override_takes_two_people"):
        CalendarOverride.objects.filter(pk=override.pk).update(approved_by=override.requested_by, approved_at=NOW)


@pytest.mark.parametrize("columns", [{"kind": "calendar"}, {"kind": "at_once", "approval_at": NOW}])
def test_exception_is_asked_for_once(planned: Rollout, columns: dict) -> None:
    exception(planned, **columns)

    with pytest.raises(IntegrityError, match="override_asked_for_once"):
        exception(planned, **columns)


@pytest.mark.parametrize("columns", [{"kind": "calendar", "approval_at": NOW}, {"kind": "at_once"}])
def test_exception_for_writing_at_once_alone_goes_with_an_approval(planned: Rollout, columns: dict) -> None:
    with pytest.raises(IntegrityError, match="override_at_once_goes_with_an_approval"):
        exception(planned, **columns)


def test_change_has_one_rollout(planned: Rollout) -> None:
    with pytest.raises(IntegrityError):
        make.rollout(ChangeSet.objects.get(pk=planned.change_set_id))
