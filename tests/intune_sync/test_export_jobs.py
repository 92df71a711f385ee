"""An export that takes long is waited for in later turns; one that never ends is given up and ordered anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from intune_sync import runs
from intune_sync.models import IntuneApp, SyncRun
from intune_sync.pull import install_status, whole_report
from tests import factories
from tests.pushing import GEOGEBRA, Tenant

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn looks once; this sandbox takes longer than that over a job."""
    monkeypatch.setattr(install_status, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(whole_report, "PATIENCE_SECONDS", 0.0)


def orders(tenant: Tenant) -> int:
    return sum(
        request["method"] == "POST" and "exportJobs" in request["url"]
        for call in tenant.calls(method="POST", path_contains="$batch")
        for request in call["body"]["requests"]
    )


def catalogued(tenant: Tenant) -> str:
    app_id = tenant.app_id(GEOGEBRA)
    IntuneApp.objects.create(
        graph_id=app_id, display_name=GEOGEBRA, app_type="win32LobApp", install_counts={"failed": 1}
    )
    factories.app_version(intune_app_id=app_id)
    return app_id


def turn(run: SyncRun) -> SyncRun:
    SyncRun.objects.filter(pk=run.pk).update(not_before=None)
    return runs.run(run.pk)


def ordered() -> SyncRun:
    return turn(runs.request_runs(["install_status"], "schedule")[0])


def test_a_job_that_takes_long_is_waited_for_and_not_ordered_twice(tenant: Tenant) -> None:
    app_id = catalogued(tenant)
    run = ordered()
    assert (run.status, run.reason, run.rest["tries"]) == ("queued", "more_to_do", 1)

    tenant.sandbox.advance(600)
    run = turn(run)
    assert list(run.rest["jobs"]) == [app_id]
    tenant.sandbox.advance(600)
    run = turn(run)

    assert (run.status in ("changed", "no_changes"), run.counts["apps"], run.rest) == (True, 1, {})
    assert orders(tenant) == 2


def test_a_summary_that_never_ends_is_given_up_and_ordered_anew(tenant: Tenant) -> None:
    run = ordered()
    first = run.rest["job"]
    _waited(run, whole_report.STUCK_AFTER + timedelta(seconds=1))

    run = turn(turn(run))

    assert (run.status, run.rest["tries"]) == ("queued", 2)
    assert run.rest["job"] != first
    assert orders(tenant) == 2


def test_a_summary_that_three_jobs_do_not_bring_is_no_answer(tenant: Tenant) -> None:
    run = ordered()
    for _job in range(3):
        _waited(run, whole_report.STUCK_AFTER + timedelta(seconds=1))
        run = turn(run)
        run = turn(run) if run.status == "queued" else run

    assert (run.status, run.reason) == ("failed", "export_failed")


def test_an_apps_report_that_never_ends_is_ordered_anew_and_then_left_to_the_next_run(tenant: Tenant) -> None:
    catalogued(tenant)
    run = ordered()
    tenant.sandbox.advance(600)
    for _job in range(install_status.MOST_JOBS):
        run = turn(run)
        _waited(run, install_status.GIVE_UP_AFTER + timedelta(seconds=1))
        run = turn(run)

    assert (run.status, run.counts["exports_failed"], run.counts["apps"]) == ("no_changes", install_status.MOST_JOBS, 0)
    assert IntuneApp.objects.get(display_name=GEOGEBRA).installs_read_at is None


@pytest.fixture
def broken(tenant: Tenant) -> Iterator[Callable[[str, float], None]]:
    """`broken("export_failed_rate", 1.0)`: from now on Intune does so with every export."""
    yield lambda name, rate: tenant.sandbox.post("/sandbox/settings", {name: rate})
    tenant.sandbox.post("/sandbox/settings", {"export_failed_rate": 0.0, "export_stuck_rate": 0.0})


def test_an_apps_report_that_fails_is_ordered_anew_within_the_run(
    tenant: Tenant, broken: Callable[[str, float], None]
) -> None:
    catalogued(tenant)
    run = ordered()
    tenant.sandbox.advance(600)
    broken("export_failed_rate", 1.0)
    run = turn(run)  # the summary is there; the app's report is ordered
    tenant.sandbox.advance(600)
    run = turn(run)
    assert (run.status, run.counts["exports_failed"], run.rest["jobs"]) == ("queued", 1, {})

    broken("export_failed_rate", 0.0)
    run = turn(run)
    tenant.sandbox.advance(600)
    run = turn(run)

    assert (run.status in ("changed", "no_changes"), run.counts["apps"], run.counts["exports_failed"]) == (True, 1, 1)
    assert orders(tenant) == 3


@pytest.mark.parametrize("switch", ["export_failed_rate", "export_stuck_rate"])
def test_a_summary_that_fails_or_never_ends_in_intune_ends_the_run_with_its_reason(
    tenant: Tenant, broken: Callable[[str, float], None], switch: str
) -> None:
    broken(switch, 1.0)
    run = ordered()
    for _turn in range(8):
        tenant.sandbox.advance(600)
        if run.status == "queued":
            _waited(run, whole_report.STUCK_AFTER + timedelta(seconds=1))
            run = turn(run)

    assert (run.status, run.reason) == ("failed", "export_failed")


def _waited(run: SyncRun, how_long: timedelta) -> None:
    rest: dict[str, Any] = {**run.rest, "since": (timezone.now() - how_long).isoformat()}
    SyncRun.objects.filter(pk=run.pk).update(rest=rest)
