"""A report that fails or gets stuck is ordered anew, and after three jobs the run says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from intune_sync import runs
from intune_sync.models import SyncRun
from intune_sync.pull import whole_report
from tests.pushing import Tenant

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn looks once; this sandbox takes longer than that over a job."""
    monkeypatch.setattr(whole_report, "PATIENCE_SECONDS", 0.0)


def turn(run: SyncRun) -> SyncRun:
    SyncRun.objects.filter(pk=run.pk).update(not_before=None)
    return runs.run(run.pk)


def ordered() -> SyncRun:
    return turn(runs.request_runs(["compliance"], "schedule")[0])


def make_stuck(run: SyncRun) -> None:
    long_ago = timezone.now() - timedelta(minutes=6)
    SyncRun.objects.filter(pk=run.pk).update(rest={**run.rest, "since": long_ago.isoformat()})


def test_stuck_job_is_replaced_by_a_new_one(tenant: Tenant) -> None:
    run = ordered()
    first = run.rest["job"]
    make_stuck(run)

    run = turn(turn(run))

    assert run.rest["job"] != first
    assert run.rest["tries"] == 2


def test_three_jobs_that_come_to_nothing_end_the_run_with_a_sentence(tenant: Tenant) -> None:
    run = ordered()
    for _job in range(3):
        make_stuck(run)
        run = turn(run)
        if run.status == "queued":
            run = turn(run)

    assert (run.status, run.reason) == ("failed", "export_failed")
    with translation.override("en"):
        assert "three times" in run.explanation


def test_job_is_waited_for_in_turns_and_not_ordered_twice(tenant: Tenant) -> None:
    run = turn(ordered())
    assert (run.status, run.rest["tries"]) == ("queued", 1)

    tenant.sandbox.advance(600)

    assert turn(run).status in ("changed", "no_changes")
