"""Each computer has exactly one condition, and counts, lists and labels agree about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product

import pytest

from fleet.models import Condition, Device
from fleet.queries import count_by_condition, summarise
from tests.factories import NOW, device

pytestmark = pytest.mark.django_db

LONG_SILENT, JUST_HEARD = NOW - timedelta(days=14, seconds=1), NOW - timedelta(days=14)


def every_kind_of_computer() -> int:
    """One for each combination of what the conditions look at."""
    seen: list[datetime | None] = [LONG_SILENT, JUST_HEARD, None]
    kinds = list(product([True, False], seen, Device.Compliance.values, [NOW, None]))
    for is_enrolled, last, compliance, missing in kinds:
        columns = {"last_check_in_at": last, "compliance_state": compliance, "missing_since": missing}
        device(enrolled=is_enrolled, **columns)
    return len(kinds)


def test_conditions_are_exclusive_and_cover_every_computer() -> None:
    total = every_kind_of_computer()

    lists = [set(Device.objects.in_condition(condition, NOW)) for condition in Condition]

    assert sum(len(rows) for rows in lists) == total
    assert set.union(*lists) == set(Device.objects.all())


def test_label_of_a_row_is_the_condition_whose_list_holds_it() -> None:
    every_kind_of_computer()

    for condition in Condition:
        labels = Device.objects.in_condition(condition, NOW).with_condition(NOW).values_list("condition", flat=True)
        assert set(labels) == {condition.value}


def test_counts_are_those_of_the_lists() -> None:
    every_kind_of_computer()

    counts = count_by_condition(Device.objects.all(), NOW)

    assert counts == {condition: Device.objects.in_condition(condition, NOW).count() for condition in Condition}


def test_condition_without_computers_counts_zero() -> None:
    device()

    assert count_by_condition(Device.objects.all(), NOW)[Condition.MISSING] == 0


def test_two_weeks_of_silence_is_not_yet_silent_and_a_second_more_is() -> None:
    heard, silent = device(last_check_in_at=JUST_HEARD), device(last_check_in_at=LONG_SILENT)

    assert list(Device.objects.stale(NOW)) == [silent]
    assert Device.objects.with_condition(NOW).get(pk=heard.pk).condition == Condition.IN_ORDER


def test_summary_adds_up_in_every_direction() -> None:
    total = every_kind_of_computer()

    fleet = summarise(Device.objects.all(), NOW)

    assert fleet.total == total
    for part in (fleet.by_condition, fleet.by_compliance, fleet.by_build):
        assert sum(part.values()) == total
