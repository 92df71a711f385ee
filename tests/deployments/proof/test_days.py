from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from deployments.models import ProofDay
from deployments.proof.answers import Scope
from deployments.proof.days import due, history, note_day, reached
from tests import factories as make
from tests.deployments.proof.factories import AFTER, carried
from tests.factories import NOW

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)


def test_day_is_noted_once_however_often_it_is_asked_for() -> None:
    device = make.device(make.school(), last_check_in_at=AFTER)
    _decision, change = carried(device, make.device(make.school()))

    note_day(NOW)
    make.install_status(device, change.app_version, "installed", reported_at=AFTER)
    note_day(NOW + timedelta(hours=3))

    assert ProofDay.objects.count() == 2
    row = ProofDay.objects.get(school=device.school)
    assert (row.day, row.total, row.installed) == (date(2027, 1, 11), 1, 1)


def test_computer_that_moves_leaves_its_former_school_the_same_day() -> None:
    first, second = make.school(), make.school()
    device = make.device(first)
    carried(device)
    note_day(NOW)

    device.school = second
    device.save()
    note_day(NOW)

    assert list(ProofDay.objects.values_list("school", "total")) == [(second.pk, 1)]


def test_history_tells_when_nothing_waited_and_when_it_was_everywhere() -> None:
    device = make.device(make.school(), last_check_in_at=AFTER)
    silent = make.device(make.school(), last_check_in_at=NOW - timedelta(days=60))
    decision, change = carried(device, silent)
    note_day(NOW)
    report = make.install_status(device, change.app_version, "failed", reported_at=AFTER)
    note_day(NOW + A_DAY)
    report.state = "installed"
    report.save()
    note_day(NOW + 2 * A_DAY)

    found = reached(Scope())[decision.pk]

    assert (found.settled_on, found.everywhere_on, found.most_failed) == (date(2027, 1, 12), date(2027, 1, 13), 1)
    assert [(day.day, answers.done, answers.total) for day, answers in history(decision, Scope())] == [
        (11, 0, 2),
        (12, 0, 2),
        (13, 1, 2),
    ]


def test_decision_of_a_past_semester_is_noted_until_it_is_everywhere() -> None:
    device = make.device(make.school(), last_check_in_at=AFTER)
    decision, change = carried(device)
    make.baseline("HT", 2027)
    in_autumn = NOW + timedelta(days=250)
    assert due(in_autumn.date()) == [decision.pk]

    device.last_check_in_at = in_autumn
    device.save()
    make.install_status(device, change.app_version, "installed", reported_at=AFTER)
    note_day(in_autumn)

    assert due(in_autumn.date()) == []
    assert due(NOW.date()) == [decision.pk]


def test_decision_that_no_longer_holds_is_not_noted() -> None:
    decision, change = carried(make.device(make.school()))
    revision = change.change_set.revision
    assert due(NOW.date()) == [decision.pk]

    type(revision).objects.filter(pk=revision.pk).update(
        status="superseded", activated_at=NOW - 2 * A_DAY, superseded_at=NOW - A_DAY
    )

    assert due(NOW.date()) == []


def test_database_refuses_answers_that_do_not_add_up() -> None:
    decision, school = make.decision(), make.school()
    counts = {"waiting_for_device": 0, "waiting_for_intune": 0, "failed": 0, "not_applicable": 0, "unknown": 0}
    row = {"decision": decision, "school": school, "day": NOW.date(), **counts}

    for wrong in ({"total": 2, "installed": 1, "absent": 0}, {"total": 1, "installed": 1, "absent": 1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ProofDay.objects.create(**{**row, **wrong})


def test_noting_costs_two_queries_however_many_decisions(django_assert_num_queries) -> None:
    for _ in range(4):
        carried(make.device(make.school()))

    with django_assert_num_queries(2):
        assert note_day(NOW) == 4
