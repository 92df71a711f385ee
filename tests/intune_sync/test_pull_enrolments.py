"""Enrolment attempts: kept as history, with what failed and nobody's name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple
from datetime import timedelta

import pytest
from django.db import transaction

from fleet.models import EnrolmentAttempt
from intune_sync.models import SyncRun
from intune_sync.payloads.device_reports import attempt_row, attempts_job
from intune_sync.payloads.values import parse_duration
from intune_sync.pull import enrolments
from intune_sync.pull.staging import staging
from schools.models import Municipality
from tests import factories
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db
PullNow = Callable[[str], SyncRun]
Outcome, Step = EnrolmentAttempt.Outcome, EnrolmentAttempt.Step


@pytest.fixture
def long_memory(sandbox: SandboxProcess) -> Iterator[None]:
    """This Intune remembers the enrolment of every computer."""
    sandbox.post("/sandbox/settings", {"enrolment_history_days": 5000})
    yield
    sandbox.delete("/sandbox/settings")


def said(**columns: str) -> dict[str, str]:
    return {
        "DeviceId": "",
        "DeviceSerialNumber": "S1",
        "DeploymentState": "failure",
        "DeploymentStartDateTime": "2027-01-11T07:00:00Z",
        **columns,
    }


def merge(*rows: dict[str, str]) -> dict[str, int]:
    with staging("pulled_attempts", enrolments.COLUMNS) as table:
        table.add(astuple(row) for row in map(attempt_row, rows) if row)
        with transaction.atomic():
            return enrolments.merge()


def test_attempts_of_the_whole_fleet_are_kept(long_memory: None, pull_now: PullNow, organisation: Municipality) -> None:
    for resource in ("autopilot", "devices"):
        pull_now(resource)

    run = pull_now("enrolments")

    assert run.status == "changed"
    assert run.counts["created"] == EnrolmentAttempt.objects.count() > 150
    assert EnrolmentAttempt.objects.filter(outcome=Outcome.FAILURE).exclude(failed_step="").exists()
    assert run.requests <= 8
    assert pull_now("enrolments").status == "no_changes"


def test_what_intune_has_forgotten_stays(long_memory: None, pull_now: PullNow, sandbox: SandboxProcess) -> None:
    for resource in ("autopilot", "devices", "enrolments"):
        pull_now(resource)
    before = EnrolmentAttempt.objects.count()
    sandbox.post("/sandbox/settings", {"enrolment_history_days": 0})

    run = pull_now("enrolments")

    assert (run.status, run.counts["seen"]) == ("no_changes", 0)
    assert EnrolmentAttempt.objects.count() == before > 0


def test_no_address_of_a_person_is_kept_or_asked_for(
    long_memory: None, pull_now: PullNow, sandbox: SandboxProcess
) -> None:
    for resource in ("autopilot", "devices", "enrolments"):
        pull_now(resource)

    assert not EnrolmentAttempt.objects.filter(reason__contains="@").exists()
    assert "UPN" not in str(attempts_job()) and "UserId" not in str(attempts_job())


@pytest.mark.parametrize(
    ("columns", "step", "reason"),
    [
        ({"DeviceSetupStatus": "failure", "EspDeviceSetupFailureDetails": "App 7"}, Step.DEVICE_SETUP, "App 7"),
        ({"UserSetupStatus": "3", "EspUserSetupFailureDetails": "for eva@x.se."}, Step.ACCOUNT_SETUP, "for …"),
        ({"FailureReason": "<b>0x80180014</b>"}, Step.ENROLMENT, "<b>0x80180014</b>"),
    ],
)
def test_step_that_failed_and_why(columns: dict[str, str], step: str, reason: str) -> None:
    row = attempt_row(said(**columns))

    assert row is not None
    assert (row.failed_step, row.reason) == (step, reason)


def test_attempt_that_goes_on_is_brought_up_to_date_and_not_doubled(db: None) -> None:
    factories.device(serial_number="S1")
    merge(said(DeploymentState="inProgress"))

    counts = merge(said(DeploymentState="success", DeploymentEndDateTime="2027-01-11T07:40:00Z"))

    assert (counts["created"], counts["updated"]) == (0, 1)
    attempt = EnrolmentAttempt.objects.get()
    assert attempt.ended_at is not None
    assert (attempt.outcome, attempt.ended_at - attempt.started_at) == (Outcome.SUCCESS, timedelta(minutes=40))


def test_computer_is_found_by_intune_id_before_serial_and_never_by_a_placeholder(db: None) -> None:
    by_id = factories.device(serial_number="OTHER", intune_id="11111111-0000-4000-8000-000000000001")
    factories.device(serial_number="S1")

    merge(said(DeviceId=str(by_id.intune_id)), said(DeviceSerialNumber="Default string"))

    assert [attempt.device for attempt in EnrolmentAttempt.objects.all()] == [by_id]


def test_year_one_nulls_and_unknown_words(db: None) -> None:
    row = attempt_row(said(DeploymentEndDateTime="0001-01-01T00:00:00Z", DeploymentState="quantum", OSVersion=""))

    assert row is not None
    assert (row.ended_at, row.outcome, row.deployment_time) == (None, Outcome.UNKNOWN, None)
    assert attempt_row(said(DeploymentStartDateTime="0001-01-01T00:00:00Z")) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT12M3.5S", 723.5), ("P1DT2H", 93600), ("00:12:03", 723), ("1.02:00:00", 93600), ("42", 42)],
)
def test_durations_as_graph_and_as_reports_write_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)
