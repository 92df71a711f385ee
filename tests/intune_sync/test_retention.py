"""How long history is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from fleet.models import EnrolmentAttempt
from intune_sync.models import DriftItem, SyncRun
from intune_sync.retention import RUNS_KEPT_FOR, forget
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
LONG_AGO = NOW - RUNS_KEPT_FOR - timedelta(days=1)


def ended(status: str, at: datetime, mode: str = "full") -> SyncRun:
    return SyncRun.objects.create(resource="devices", trigger="schedule", status=status, mode=mode, finished_at=at)


def test_old_runs_go_but_the_last_answers_stay() -> None:
    whole = ended("changed", LONG_AGO)
    ended("failed", LONG_AGO)
    ended("changed", LONG_AGO - timedelta(days=1), mode="window")
    changes = ended("no_changes", LONG_AGO + timedelta(hours=1), mode="window")
    waiting = SyncRun.objects.create(resource="devices", trigger="schedule")

    assert forget(NOW)["runs"] == 2
    assert set(SyncRun.objects.values_list("pk", flat=True)) == {whole.pk, changes.pk, waiting.pk}
    assert forget(NOW) == {"runs": 0, "attempts": 0, "drift": 0}


def test_differences_that_are_over_are_kept_as_long_as_the_setting_says(settings: Any) -> None:
    settings.DRIFT_KEPT_DAYS = 100
    over = {"resolution": "gone", "since": NOW - timedelta(days=300), "last_seen_at": NOW - timedelta(days=200)}
    school = factories.school()
    factories.drift_item("foreign", school, resolved_at=NOW - timedelta(days=101), **over)
    recent = factories.drift_item("foreign", school, resolved_at=NOW - timedelta(days=99), **over)
    is_open = factories.drift_item("foreign", school, since=NOW - timedelta(days=300))

    assert forget(NOW)["drift"] == 1
    assert set(DriftItem.objects.values_list("pk", flat=True)) == {recent.pk, is_open.pk}


def test_attempts_are_kept_for_three_years() -> None:
    device = factories.device()
    device.enrolment_attempts.create(started_at=NOW - timedelta(days=3 * 365 + 1))
    kept = device.enrolment_attempts.create(started_at=NOW - timedelta(days=3 * 365 - 1))

    forget(NOW)

    assert [attempt.pk for attempt in EnrolmentAttempt.objects.all()] == [kept.pk]
