from __future__ import annotations

from datetime import timedelta

import pytest

from deployments.proof.answers import Narrowing, Scope, answers_by_decision, answers_by_school, computers
from deployments.status import DeviceStatus
from tests import factories as make
from tests.deployments.proof.factories import AFTER, WRITTEN, carried
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_each_computer_counts_once_and_each_figure_counts_its_list() -> None:
    schools, admin = [make.school(), make.school()], make.person("it_admin")
    devices = [make.device(schools[n % 2], last_check_in_at=AFTER) for n in range(6)]
    decision, change = carried(*devices, make.device(last_check_in_at=AFTER))
    for device, state in zip(devices, ["installed", "installed", "failed", "unknown", "notApplicable"], strict=False):
        make.install_status(device, change.app_version, state, reported_at=AFTER)

    found = answers_by_decision(Scope.of(admin), NOW)[decision.pk]

    assert (found.total, found.done, found.failed, found.absent) == (7, 2, 1, 0)
    for status in DeviceStatus:
        rows = computers(Scope.of(admin, [decision.pk]), NOW, Narrowing(status))
        assert rows.count() == found.counts[status]
        assert {row.status for row in rows} <= {status}
    assert sum(each.total for each in answers_by_school(Scope.of(admin), NOW).values()) == 7


def test_of_several_apps_the_one_that_holds_back_counts() -> None:
    device, admin = make.device(make.school(), last_check_in_at=AFTER), make.person("it_admin")
    decision, done = carried(device)
    make.install_status(device, done.app_version, "installed", reported_at=AFTER)
    other = make.app_version()
    make.entry(done.change_set.revision, make.municipality(), other.application, decision=decision)
    make.change_target(make.assignment_change(done.change_set, other, written_at=WRITTEN), device)
    make.install_status(device, other, "failed", reported_at=AFTER)

    found = answers_by_decision(Scope.of(admin), NOW)[decision.pk]

    assert (found.total, found.failed) == (1, 1)


def test_apps_of_other_decisions_in_the_same_change_do_not_count() -> None:
    device, other_device = make.device(make.school()), make.device(make.school())
    decision, change = carried(device)
    beside = make.app_version()
    make.entry(change.change_set.revision, make.municipality(), beside.application, decision=make.decision())
    make.change_target(make.assignment_change(change.change_set, beside, written_at=WRITTEN), other_device)

    assert [row.device for row in computers(Scope(decisions=(decision.pk,)), NOW)] == [device]


def test_cancelled_change_concerns_nobody_and_the_one_after_it_does() -> None:
    decision, cancelled = carried(make.device(), status="cancelled", written_at=None)
    device = make.device()
    revision = make.revision("decided")
    make.entry(revision, make.municipality(), cancelled.app_version.application, decision=decision)
    change = make.assignment_change(make.change_set("applying", revision=revision), cancelled.app_version)
    make.change_target(change, device)

    assert [row.device for row in computers(Scope(decisions=(decision.pk,)), NOW)] == [device]


def test_later_revision_that_only_copies_the_entry_adds_no_computers() -> None:
    device = make.device(make.school())
    decision, change = carried(device, status="applied")
    later = make.revision("decided")
    make.entry(later, make.municipality(), change.app_version.application, decision=decision)
    make.change_target(make.assignment_change(make.change_set("applied", revision=later)), make.device())

    assert computers(Scope(decisions=(decision.pk,)), NOW).count() == 1


def test_where_a_later_change_of_the_same_app_speaks_it_holds() -> None:
    device, by = make.device(make.school(), last_check_in_at=AFTER), make.person("it_admin")
    decision, first = carried(device, decision=make.decision(by))
    make.install_status(device, first.app_version, "failed", reported_at=AFTER)
    second = make.assignment_change(
        make.change_set("applying", decision=decision), first.app_version, written_at=AFTER + timedelta(hours=1)
    )
    make.change_target(second, device)

    (row,) = computers(Scope(decisions=(decision.pk,)), NOW)

    assert (row.change, row.status) == (second, "waiting_for_device")


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"last_check_in_at": NOW - timedelta(days=29)}, 0),
        ({"last_check_in_at": NOW - timedelta(days=31)}, 1),
        ({"last_check_in_at": None}, 1),
        ({"lifecycle": "retired"}, 1),
        ({"missing_since": NOW}, 1),
    ],
)
def test_computers_that_nobody_can_expect_are_named_apart(columns, expected) -> None:
    decision, _change = carried(make.device(make.school(), **columns))

    found = answers_by_decision(Scope(), NOW)[decision.pk]

    assert (found.total, found.absent) == (1, expected)
    assert computers(Scope(), NOW, Narrowing(cause="absent")).count() == expected
    assert not found.is_everywhere


def test_failed_computer_is_never_named_apart() -> None:
    device = make.device(make.school(), last_check_in_at=NOW - timedelta(days=40))
    decision, change = carried(device, written_at=NOW - timedelta(days=50))
    make.install_status(device, change.app_version, "failed", reported_at=NOW - timedelta(days=45))

    found = answers_by_decision(Scope(), NOW)[decision.pk]

    assert (found.failed, found.absent, found.is_settled, found.is_everywhere) == (1, 0, True, False)


def test_schools_people_count_their_own_computers() -> None:
    mine, theirs = make.school(), make.school()
    decision, _change = carried(make.device(mine), make.device(theirs), make.device())
    person = make.person("school_it", mine)

    assert answers_by_decision(Scope.of(person), NOW)[decision.pk].total == 1
    assert answers_by_decision(Scope.of(person, school_id=theirs.pk), NOW) == {}
    assert answers_by_decision(Scope.of(make.person("teacher", mine)), NOW) == {}


def test_all_decisions_take_one_query(django_assert_num_queries) -> None:
    for _ in range(3):
        carried(make.device(make.school()))

    with django_assert_num_queries(1):
        assert len(answers_by_decision(Scope(), NOW)) == 3
