"""A worker that is killed in the middle of a pull."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connection
from django.utils import timezone

from fleet.models import Device
from intune_sync import runs
from intune_sync.models import SyncRun
from tests.sandbox_process import SandboxProcess
from tests.waiting import eventually

REPOSITORY = Path(__file__).resolve().parents[2]


def start_sync(resource: str) -> subprocess.Popen[bytes]:
    """`manage.py sync` as a process of its own, on the test database and the sandbox."""
    target = connection.get_connection_params()
    url = (
        f"postgres://{target['user']}:{target.get('password', '')}@{target['host']}:{target['port']}/{target['dbname']}"
    )
    named = ("GRAPH_URL", "AUTHORITY_URL", "GRAPH_CA_BUNDLE", "TENANT_ID", "CLIENT_ID", "CLIENT_SECRET")
    environment = {**os.environ, "DATABASE_URL": url, **{name: getattr(configured, name) for name in named}}
    command = [sys.executable, "manage.py", "sync", "--json", "--resource", resource]
    return subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE)


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_killed_worker_leaves_nothing_half_and_the_sweep_starts_again(
    sandbox: SandboxProcess, organisation: Any, settings: Any
) -> None:
    settings.SYNC_INTERVAL_SECONDS = 0
    sandbox.post("/sandbox/faults", {"kind": "delay", "seconds": 30, "match": {"path_contains": "managedDevices"}})
    worker = start_sync("devices")
    try:
        eventually(SyncRun.objects.filter(status="running").exists, seconds=20, what="the run to start")
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        sandbox.delete("/sandbox/faults")
        due = eventually(lambda: runs.sweep(timezone.now()), seconds=10, what="the sweep to notice")

        assert not Device.objects.exists()
        assert SyncRun.objects.get(status="abandoned").reason == "abandoned"
        assert runs.run(due[0]).status == "changed"
        assert Device.objects.count() > 180
    finally:
        worker.kill()
        worker.communicate()


@pytest.mark.django_db(transaction=True)
def test_command_says_what_it_read_and_exits_by_the_outcome(sandbox: SandboxProcess, organisation: Any) -> None:
    done = start_sync("groups")
    answer = done.communicate(timeout=30)[0]

    assert b'"status": "changed"' in answer
    assert done.returncode == 0

    sandbox.post(
        "/sandbox/faults", {"kind": "status", "status": 403, "count": -1, "match": {"path_contains": "/groups"}}
    )
    refused = start_sync("groups")
    answer = refused.communicate(timeout=30)[0]
    assert b'"reason": "forbidden"' in answer
    assert refused.returncode == 1
