"""Reading only what has changed: what it asks for, what it never concludes, and when everything is read instead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from intune_sync import runs
from intune_sync.models import SyncPosition, SyncRun, UnmatchedRecord
from intune_sync.pull.positions import OVERLAP, move_watermark
from intune_sync.schedule import due_resources, latest_night
from schools.models import Municipality
from tests.factories import NOW
from tests.intune_sync.fleet_answers import MakePull, managed, merge_devices, the_device
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db
Run = Callable[..., SyncRun]


@pytest.fixture
def run_now(sandbox: SandboxProcess) -> Run:
    def to_the_end(resource: str, mode: str = "window") -> SyncRun:
        return runs.run(runs.request_runs([resource], "schedule", mode=mode)[0].pk)

    return to_the_end


@pytest.fixture
def often(settings: Any) -> None:
    settings.SYNC_INTERVAL_SECONDS, settings.CLIENT_ID, settings.FULL_SYNC_HOUR = 900, "app", 2


def ended(resource: str, status: str, mode: str, at: datetime) -> SyncRun:
    run = SyncRun.objects.create(resource=resource, trigger="schedule", status=status, mode=mode, finished_at=at)
    SyncRun.objects.filter(pk=run.pk).update(created_at=at)
    return run


def test_without_a_position_everything_is_read(run_now: Run, organisation: Municipality) -> None:
    assert run_now("devices").mode == "full"
    assert SyncPosition.objects.get(resource="devices").watermark is not None


def test_changes_are_asked_for_from_the_watermark_and_cost_few_requests(
    run_now: Run, organisation: Municipality, sandbox: SandboxProcess
) -> None:
    run_now("devices", "full")

    run = run_now("devices")

    asked = sandbox.get("/sandbox/ledger?since=0&path_contains=managedDevices")
    assert (run.mode, run.status in ("changed", "no_changes")) == ("window", True)
    assert "lastSyncDateTime ge" in str(asked)
    assert run.requests <= -(-run.counts["seen"] // 1000) + 3


def test_window_marks_nobody_absent(a_pull: MakePull, organisation: Municipality) -> None:
    merge_devices(a_pull("devices"), managed(1, "S1"), managed(2, "S2"))
    SyncRun.objects.update(mode="window")

    counts = merge_devices(a_pull("devices"), managed(1, "S1"))

    assert the_device("S2").absent_runs == 0
    assert "absent" not in counts


def test_window_settles_only_records_that_it_has_sent(a_pull: MakePull, organisation: Municipality) -> None:
    merge_devices(a_pull("devices"), managed(1, "Default string"), managed(2, ""))
    SyncRun.objects.update(mode="window")

    merge_devices(a_pull("devices"), managed(1, "S1"))

    assert {record.reason for record in UnmatchedRecord.objects.all()} == {"no_serial", "unknown_school"}


def test_older_of_two_records_in_a_window_is_listed(a_pull: MakePull, organisation: Municipality) -> None:
    merge_devices(a_pull("devices"), managed(1, "S1", lastSyncDateTime="2027-01-10T07:00:00Z"))
    SyncRun.objects.update(mode="window")

    merge_devices(a_pull("devices"), managed(1, "S1", lastSyncDateTime="2027-01-10T07:00:00Z"), managed(2, "S1"))

    assert str(the_device("S1").intune_id) == managed(2, "S1")["id"]
    assert UnmatchedRecord.objects.get(graph_id=managed(1, "S1")["id"]).reason == "duplicate_serial"


def test_failed_page_leaves_rows_and_watermark_as_they_were(
    run_now: Run, organisation: Municipality, sandbox: SandboxProcess
) -> None:
    run_now("devices", "full")
    before = SyncPosition.objects.get(resource="devices").watermark
    sandbox.post("/sandbox/faults", {"kind": "status", "status": 403, "match": {"path_contains": "managedDevices"}})

    run = run_now("devices")

    assert run.status == "failed"
    assert SyncPosition.objects.get(resource="devices").watermark == before


def test_watermark_never_runs_ahead_of_our_clock_and_never_back(a_pull: MakePull) -> None:
    pull = a_pull("devices")

    move_watermark(pull, NOW + timedelta(days=3))
    move_watermark(pull, NOW - timedelta(days=3))

    assert SyncPosition.objects.get().watermark == NOW
    assert timedelta(minutes=1) < OVERLAP


def test_everything_is_read_once_a_night_and_changes_between(often: None) -> None:
    night = datetime(2027, 1, 12, 1, 0, tzinfo=UTC)  # two o'clock in Stockholm
    ended("devices", "changed", "full", night - timedelta(hours=6))
    ended("devices", "changed", "window", night - timedelta(minutes=5))

    assert due_resources(night - timedelta(seconds=1)).get("devices") is None
    assert due_resources(night)["devices"] == "full"

    ended("devices", "changed", "full", night + timedelta(minutes=1))
    assert due_resources(night + timedelta(minutes=20))["devices"] == "window"


def test_unsafe_night_waits_for_a_person_while_changes_are_read(often: None) -> None:
    ended("devices", "unsafe", "full", NOW - timedelta(minutes=20))

    assert due_resources(NOW)["devices"] == "window"


def test_unsafe_answer_may_still_be_released_after_changes_were_read() -> None:
    run = ended("devices", "unsafe", "full", NOW - timedelta(hours=1))
    ended("devices", "changed", "window", NOW)

    assert run.may_be_released

    ended("devices", "changed", "full", NOW)
    assert not run.may_be_released


def test_failed_night_is_tried_again_whole(often: None) -> None:
    ended("devices", "failed", "full", NOW - timedelta(minutes=2))

    assert due_resources(NOW)["devices"] == "full"


def test_night_follows_the_clock_on_the_wall(settings: Any) -> None:
    settings.FULL_SYNC_HOUR = 2

    assert latest_night(datetime(2027, 7, 1, 0, 30, tzinfo=UTC)) == datetime(2027, 7, 1, 0, 0, tzinfo=UTC)
    assert latest_night(datetime(2027, 1, 1, 0, 30, tzinfo=UTC)) == datetime(2026, 12, 31, 1, 0, tzinfo=UTC)


def test_asking_for_everything_widens_a_queued_run_of_changes() -> None:
    SyncPosition.objects.create(resource="devices", watermark=NOW, moved_at=NOW)
    (changes,) = runs.request_runs(["devices"], "schedule", mode="window")

    (everything,) = runs.request_runs(["devices"], "person", mode="full")

    assert changes.mode == "window"
    assert (everything.pk, everything.mode) == (changes.pk, "full")
