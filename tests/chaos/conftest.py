"""Real workers as child processes: they are killed, and the sandbox's own account tells whether it did harm."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis
from django.db import connection
from kombu import Connection

from intune_sync import tasks
from scripts.leftovers import owned_temporary_folder
from scripts.services import start_redis
from tests.pushing import Tenant, Town, build_town, push_sandbox, tenant  # noqa: F401
from tests.sandbox_process import REPOSITORY

SWEEP_SECONDS = 1


@dataclass
class Workers:
    """Celery processes of the portal, each leading a process group of its own."""

    environment: dict[str, str]
    folder: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *, beat: bool = False, name: str = "worker") -> subprocess.Popen[bytes]:
        log = (self.folder / f"{name}-{len(self.running)}.log").open("wb")
        options = ["worker", "--queues", "default,pull,write", "--concurrency", "2", "--loglevel", "INFO"]
        if beat:
            options = ["beat", "--schedule", str(self.folder / "beat")]
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "config", *options],
            cwd=REPOSITORY,
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.running.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """SIGKILL the whole group: the worker and the children of its pool."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)

    def kill_all(self) -> None:
        for process in self.running:
            self.kill(process)

    def logs(self) -> str:
        return "\n".join(path.read_text(errors="replace")[-4000:] for path in sorted(self.folder.glob("*.log")))


@pytest.fixture
def town(tenant: Tenant, transactional_db: None) -> Town:  # noqa: F811
    """Committed rows: the workers are other processes."""
    return build_town(tenant)


@dataclass(frozen=True)
class Broker:
    """A Redis-protocol server for these workers alone: other tests run beside, and this one is flushed."""

    url: str

    def flush(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def wake_writers(self) -> None:
        with Connection(self.url) as at:
            tasks.write.apply_async(connection=at)


@pytest.fixture(scope="session")
def private_redis() -> Iterator[Broker]:
    folder, lock = owned_temporary_folder("test")
    service = start_redis(folder / "redis", durable=False)
    yield Broker(service.url)
    service.stop()
    lock.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def broker(private_redis: Broker) -> Broker:
    private_redis.flush()
    return private_redis


@pytest.fixture
def workers(town: Town, broker: Broker, tmp_path: Path) -> Iterator[Workers]:
    found = Workers(_environment(town.tenant, broker), tmp_path)
    yield found
    found.kill_all()
    _end_their_connections()


def _environment(at: Tenant, broker: Broker) -> dict[str, str]:
    """The test's own database, a broker of their own, and a sweep each second."""
    database = connection.settings_dict
    address = f"{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    return {
        **os.environ,
        "DATABASE_URL": f"postgres://{address}",
        "REDIS_URL": broker.url,
        "SWEEP_SECONDS": str(SWEEP_SECONDS),
        "SYNC_INTERVAL_SECONDS": "86400",
        "GRAPH_URL": at.sandbox.url,
        "AUTHORITY_URL": at.sandbox.url,
        "GRAPH_CA_BUNDLE": at.sandbox.ca_path,
        "TENANT_ID": at.sandbox.tenant_id,
        "CLIENT_ID": at.sandbox.client_id,
        "CLIENT_SECRET": at.sandbox.client_secret,
    }


def _end_their_connections() -> None:
    """A killed client's session may live on for a moment, and would keep the test database from being flushed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def wait_until(true: Callable[[], Any], seconds: float, workers: Workers | None = None) -> Any:
    """The first true answer. Fails with the workers' logs when there is none in time."""
    end = time.monotonic() + seconds
    while not (answer := true()):
        if time.monotonic() > end:
            pytest.fail(f"waited {seconds:g} s in vain\n{workers.logs() if workers else ''}")
        time.sleep(0.05)
    return answer
