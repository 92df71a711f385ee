"""Runs: asked for once, claimed by one worker, ended with a reason, and started again when their worker is gone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg2
import pytest
from django.db import connection
from django.utils import timezone, translation

from intune_sync import locks, runs, signs, tasks
from intune_sync.locks import FAMILY
from intune_sync.models import SyncPosition, SyncRun
from intune_sync.queries import freshness, health
from schools.models import AuditEvent
from tests import factories
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db
PullNow = Callable[[str], SyncRun]


@pytest.fixture
def elsewhere(transactional_db: None) -> Any:
    """Another worker's connection."""
    other = psycopg2.connect(**{**connection.get_connection_params(), "cursor_factory": None})
    other.autocommit = True
    yield other
    other.close()


def hold_lock(other: Any, resource: str) -> None:
    other.cursor().execute("SELECT pg_advisory_lock(%s, %s)", [FAMILY, SyncRun.Resource.values.index(resource)])


def queued(resource: str, **columns: Any) -> SyncRun:
    return SyncRun.objects.create(resource=resource, trigger="schedule", **columns)


def test_asking_twice_queues_one_run() -> None:
    first, again = (runs.request_runs(["apps"], "schedule")[0] for _ask in range(2))

    assert first == again


def test_who_asked_for_how_much_is_in_the_audit_trail() -> None:
    admin = factories.person("it_admin")
    read = factories.sync_run("devices", "no_changes")
    SyncPosition.objects.create(resource="devices", watermark=read.finished_at, moved_at=read.finished_at)

    runs.request_runs(["devices", "apps"], "person", admin, "window")

    told = AuditEvent.objects.filter(act="syncrun.requested", actor=admin).values_list("after", flat=True)
    assert {said["resource"]: said["mode"] for said in told} == {
        "devices": "window",
        "apps": "full",  # of which changes alone cannot be asked for
    }


def test_devices_wait_for_autopilot_and_install_status_for_both_and_apps() -> None:
    for resource in SyncRun.Resource.values:
        queued(resource)

    due = SyncRun.objects.due(timezone.now()).values_list("resource", flat=True)

    assert set(due) == {"groups", "autopilot", "apps", "filters", "profiles"}


def test_run_that_is_asked_to_wait_is_not_due_before() -> None:
    now = timezone.now()
    run = queued("apps", not_before=now + timedelta(minutes=2))

    assert runs.due_ids(now) == []
    assert runs.due_ids(now + timedelta(minutes=2)) == [run.pk]


def test_long_throttling_puts_the_run_back_with_the_time(pull_now: PullNow, sandbox: SandboxProcess) -> None:
    sandbox.post(
        "/sandbox/faults",
        {"kind": "throttle", "retry_after": 120, "count": -1, "match": {"path_contains": "mobileApps"}},
    )

    run = pull_now("apps")

    assert (run.status, run.reason, run.throttled) == ("queued", "throttled", 1)
    assert timedelta(seconds=100) < run.not_before - timezone.now() < timedelta(seconds=121)


def test_run_put_back_replaces_a_younger_one_in_the_queue(pull_now: PullNow, sandbox: SandboxProcess) -> None:
    sandbox.post(
        "/sandbox/faults",
        {"kind": "throttle", "retry_after": 120, "count": -1, "match": {"path_contains": "mobileApps"}},
    )
    ours = queued("apps")
    SyncRun.objects.filter(pk=ours.pk).update(status="running", turn=1)
    ours.refresh_from_db()
    younger = queued("apps")

    with runs.graph.client() as client:
        runs._go_on_later(ours, client, "throttled", {}, timedelta(seconds=60))

    younger.refresh_from_db()
    ours.refresh_from_db()
    assert (ours.status, younger.status, younger.reason) == ("queued", "skipped_busy", "busy")


def test_graph_down_fails_the_run_with_words_in_the_readers_language(
    pull_now: PullNow, sandbox: SandboxProcess
) -> None:
    sandbox.post("/sandbox/faults", {"kind": "down", "retry_after": 0})

    run = pull_now("apps")

    assert (run.status, run.reason) == ("failed", "graph_unavailable")
    with translation.override("en"):
        assert "did not answer" in run.explanation


def test_failed_resource_is_due_again_after_a_minute_and_a_good_one_after_the_interval(settings: Any) -> None:
    settings.SYNC_INTERVAL_SECONDS, settings.CLIENT_ID = 900, "x"
    now = timezone.now()
    minute_ago = now - timedelta(seconds=61)
    for resource in SyncRun.Resource.values:
        status = "failed" if resource == "apps" else "no_changes"
        factories.sync_run(resource, status, finished_at=minute_ago)

    runs.sweep(now)

    assert [run.resource for run in SyncRun.objects.open()] == ["apps"]


def test_sweep_asks_for_nothing_where_no_registration_is_set(settings: Any) -> None:
    settings.CLIENT_ID = ""

    assert runs.sweep(timezone.now()) == []


def test_unforeseen_error_ends_in_the_row(pull_now: PullNow, sandbox: SandboxProcess) -> None:
    queued("install_status", rest={"apps": {"not a GUID": {}}})

    run = pull_now("install_status")

    assert (run.status, run.reason) == ("failed", "unexpected")
    assert run.reason_data["kind"] == "ValidationError"


def test_second_worker_skips_what_another_is_reading(elsewhere: Any) -> None:
    hold_lock(elsewhere, "apps")

    run = runs.run(queued("apps").pk)

    assert (run.status, run.reason) == ("skipped_busy", "busy")


def test_run_of_a_living_worker_is_left_alone(elsewhere: Any, settings: Any) -> None:
    settings.SYNC_INTERVAL_SECONDS = 0
    hold_lock(elsewhere, "apps")
    now = timezone.now()
    run = queued("apps", status="running", turn=1, started_at=now, heartbeat_at=now)

    runs.sweep(now)

    run.refresh_from_db()
    assert run.status == "running"


def test_worker_whose_connection_died_is_noticed_at_once_and_its_run_queued_again(
    elsewhere: Any, settings: Any
) -> None:
    settings.SYNC_INTERVAL_SECONDS = 0
    now = timezone.now()
    run = queued("apps", status="running", turn=1, started_at=now, heartbeat_at=now)

    due = runs.sweep(now)

    run.refresh_from_db()
    assert (run.status, run.reason) == ("abandoned", "abandoned")
    assert due == [SyncRun.objects.get(status="queued", resource="apps").pk]


def test_worker_that_merges_for_long_in_silence_is_left_alone(elsewhere: Any, settings: Any) -> None:
    settings.SYNC_INTERVAL_SECONDS = 0
    hold_lock(elsewhere, "apps")
    now = timezone.now()
    run = queued("apps", status="running", turn=1, started_at=now, heartbeat_at=now - timedelta(minutes=9))

    runs.sweep(now)

    run.refresh_from_db()
    assert run.status == "running"


def test_lock_of_one_resource_says_nothing_of_another_and_looking_takes_none(elsewhere: Any, db: None) -> None:
    hold_lock(elsewhere, "apps")

    assert [locks.is_free("apps"), locks.is_free("devices"), locks.lock("devices")] == [False, True, True]
    locks.unlock("devices")


def test_database_asks_within_a_minute_whether_the_machine_of_a_lock_still_lives(db: None) -> None:
    locks.lock("devices")
    with connection.cursor() as cursor:
        cursor.execute("SELECT setting FROM pg_settings WHERE name LIKE 'tcp_keepalives%%' ORDER BY name")
        told = [int(setting) for (setting,) in cursor.fetchall()]
    locks.unlock("devices")

    assert told == [3, 30, 10]


def test_released_run_whose_worker_died_is_still_released(elsewhere: Any, settings: Any) -> None:
    settings.SYNC_INTERVAL_SECONDS = 0
    admin = factories.person("it_admin")
    queued("devices", status="running", turn=1, started_at=timezone.now(), approved_by=admin)

    runs.sweep(timezone.now())

    assert SyncRun.objects.get(status="queued").approved_by == admin


def test_whoever_wakes_a_worker_sees_no_error_when_the_broker_is_gone() -> None:
    press = "import config, django; django.setup(); from intune_sync.tasks import wake_pull; wake_pull([1])"
    environment = {**os.environ, "REDIS_URL": "redis://127.0.0.1:1/0", "DJANGO_SETTINGS_MODULE": "config.settings"}

    done = subprocess.run([sys.executable, "-c", press], check=False, env=environment, capture_output=True, timeout=60)

    assert done.returncode == 0, done.stderr.decode()
    assert b"waits for the next sweep" in done.stderr


def test_freshness_costs_two_queries_and_counts_complete_answers_only(django_assert_num_queries: Any) -> None:
    complete = factories.sync_run("devices", "no_changes")
    factories.sync_run("devices", "failed", finished_at=complete.finished_at + timedelta(hours=1))

    with django_assert_num_queries(2):
        fresh = freshness()

    assert fresh.as_of["devices"] == complete.finished_at
    assert fresh.as_of["apps"] is None


def test_health_offers_the_release_of_an_unsafe_run_until_somebody_did() -> None:
    admin = factories.person("it_admin")
    run = factories.sync_run("devices", "unsafe", reason="shrunk", reason_data={"absent": 3, "known": 9})
    assert health(admin, timezone.now()).releasable == [run]

    runs.release(run, admin)

    assert health(admin, timezone.now()).releasable == []


def test_message_that_finds_nothing_to_do_wakes_nobody() -> None:
    """Otherwise each late message would send as many as there are runs due, and a slow worker would never catch up."""
    SyncRun.objects.create(resource="groups", trigger="schedule")
    over = factories.sync_run("apps", "no_changes")
    broker = signs._redis()
    before = broker.llen("pull")

    for _message in range(3):
        tasks.pull.apply(args=[over.pk])

    assert broker.llen("pull") == before


def test_health_tells_how_old_the_link_to_the_changes_is() -> None:
    run = factories.sync_run("groups", "no_changes")
    factories.sync_run("devices", "no_changes")
    SyncPosition.objects.create(resource="groups", delta_link="https://graph.example/delta", moved_at=run.finished_at)
    SyncPosition.objects.create(resource="devices", watermark=run.finished_at, moved_at=run.finished_at)

    rows = {row.code: row.linked_at for row in health(factories.person("it_admin"), timezone.now()).resources}

    assert (rows["groups"], rows["devices"]) == (run.finished_at, None)
