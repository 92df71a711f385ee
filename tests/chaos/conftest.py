"""Real workers as child processes: they are killed, and the sandbox's own account tells whether it did harm."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_django
from django.core.management import call_command
from django.db import connection

from tests.chaos.proxy import FaultProxy
from tests.chaos.servers import Broker, Database, Proxies, running_broker, running_database, target, through
from tests.intune_sync.conftest import organisation, pull_now, running_sandbox, sandbox  # noqa: F401
from tests.pushing import Tenant, Town, build_town, push_sandbox, tenant  # noqa: F401
from tests.sandbox_process import REPOSITORY

SWEEP_SECONDS = 1
KILL_POINTS = "kill"
LONGEST = ("test_outage", "test_many_writes")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if marker := metafunc.definition.get_closest_marker("seeds"):
        count = marker.kwargs[metafunc.config.getoption("chaos")]
        metafunc.parametrize("seed", range(1, count + 1))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("chaos") == "short":
        spared = [item for item in items if item.get_closest_marker("full_only")]
        config.hook.pytest_deselected(items=spared)
        items[:] = [item for item in items if item not in spared]
    else:  # what takes longest begins first, so that nothing waits for it at the end
        items.sort(key=lambda item: Path(item.path).stem not in LONGEST)


@dataclass
class Workers:
    """Celery processes of the portal, each leading a process group of its own."""

    environment: dict[str, str]
    folder: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    are_revived: bool = False
    """Somebody starts another for one that ends by itself."""

    def start(
        self,
        *,
        beat: bool = False,
        name: str = "worker",
        queues: str = "default,pull,write,destructive",
        clock_off_seconds: int = 0,
    ) -> subprocess.Popen[bytes]:
        """`clock_off_seconds`: how far ahead its own clock is; below 0, behind."""
        number = len(list(self.folder.glob("*.log")))
        log = (self.folder / f"{name}-{number}.log").open("wb")
        options = ["worker", "--queues", queues, "--concurrency", "2", "--loglevel", "INFO"]
        if beat:
            options = ["beat", "--schedule", str(self.folder / "beat")]
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.chaos.off_clock" if clock_off_seconds else "celery",
                "-A",
                "config",
                *options,
            ],
            cwd=REPOSITORY,
            env={**self.environment, "CLOCK_OFF_SECONDS": str(clock_off_seconds)},
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

    def end(self) -> None:
        """Ask all of them to finish what they are at, and wait for it."""
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait(timeout=60)

    def kill_all(self) -> None:
        for process in self.running:
            self.kill(process)

    def ended_by_itself(self) -> bool:
        return not self.are_revived and any((process.poll() or 0) > 0 for process in self.running)

    @property
    def kill_points(self) -> Path:
        """See `intune_sync.push.kill_points`."""
        return self.folder / KILL_POINTS

    def logs(self) -> str:
        return "\n".join(path.read_text(errors="replace")[-4000:] for path in sorted(self.folder.glob("*.log")))


@pytest.fixture
def town(tenant: Tenant, transactional_db: None) -> Town:  # noqa: F811
    """Committed rows: the workers are other processes."""
    return build_town(tenant)


@pytest.fixture(scope="session")
def private_redis() -> Iterator[Broker]:
    """Other tests run beside, and this one is flushed."""
    with running_broker() as broker:
        yield broker


@pytest.fixture(scope="session")
def private_postgres(django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[Database]:
    with django_db_blocker.unblock(), running_database() as database:
        database.migrate()
        yield database


@pytest.fixture
def database(private_postgres: Database, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[Database]:
    """Empty, and used by this process and by `workers`. A module that asks for it has a `town` of its own:
    `def town(tenant, database): return build_town(tenant)`."""
    with django_db_blocker.unblock(), private_postgres.used_here():
        yield private_postgres
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def broker(private_redis: Broker) -> Broker:
    private_redis.flush()
    return private_redis


@pytest.fixture
def workers(town: Town, broker: Broker, tmp_path: Path) -> Iterator[Workers]:
    with _stopped_at_the_end(Workers(_environment(town.tenant, broker.url, tmp_path), tmp_path), town) as found:
        yield found


@pytest.fixture
def proxies(town: Town, broker: Broker) -> Iterator[Proxies]:
    servers = (_database_url(), broker.url, town.tenant.sandbox.url)
    with ExitStack() as stack:
        yield Proxies(*(stack.enter_context(FaultProxy(target(url))) for url in servers))


@pytest.fixture
def proxied_workers(town: Town, broker: Broker, proxies: Proxies, tmp_path: Path) -> Iterator[Workers]:
    """As `workers`, with a network that can fail between them and their servers."""
    graph = through(proxies.graph, town.tenant.sandbox.url)
    environment = {
        **_environment(town.tenant, broker.url, tmp_path),
        "DATABASE_URL": through(proxies.database, _database_url()),
        "REDIS_URL": through(proxies.redis, broker.url),
        "GRAPH_URL": graph,
        "AUTHORITY_URL": graph,
    }
    with _stopped_at_the_end(Workers(environment, tmp_path), town) as found:
        yield found


@contextmanager
def _stopped_at_the_end(workers: Workers, town: Town) -> Iterator[Workers]:
    workers.kill_points.mkdir(exist_ok=True)
    yield workers
    workers.kill_all()
    town.tenant.sandbox.delete("/sandbox/settings")
    _end_their_connections()


def _database_url() -> str:
    """Of the test's own database."""
    at = connection.settings_dict
    return f"postgres://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}/{at['NAME']}"


def _environment(at: Tenant, redis_url: str, folder: Path) -> dict[str, str]:
    """The test's own database, a broker of their own, and a sweep each second."""
    return {
        **os.environ,
        "DATABASE_URL": _database_url(),
        "REDIS_URL": redis_url,
        "SWEEP_SECONDS": str(SWEEP_SECONDS),
        "SYNC_INTERVAL_SECONDS": "86400",
        "GRAPH_URL": at.sandbox.url,
        "AUTHORITY_URL": at.sandbox.url,
        "GRAPH_CA_BUNDLE": at.sandbox.ca_path,
        "TENANT_ID": at.sandbox.tenant_id,
        "CLIENT_ID": at.sandbox.client_id,
        "CLIENT_SECRET": at.sandbox.client_secret,
        "SECURE_COOKIES": "false",
        "KILL_POINTS": str(folder / KILL_POINTS),
    }


def _end_their_connections() -> None:
    """A killed client's session may live on for a moment, and would keep the test database from being flushed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


def wait_until(true: Callable[[], Any], seconds: float, workers: Workers | None = None) -> Any:
    """The first true answer. Fails with the workers' logs when there is none in time, or one cannot start."""
    end = time.monotonic() + seconds
    while not (answer := true()):
        if time.monotonic() > end or (workers and workers.ended_by_itself()):
            pytest.fail(f"waited {seconds:g} s in vain\n{workers.logs() if workers else ''}")
        time.sleep(0.05)
    return answer
