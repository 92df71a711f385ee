"""Servers of the fault programme alone: they are flushed, killed and restarted while other tests run beside."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis
from django.db import connection
from kombu import Connection

from intune_sync import tasks
from scripts.leftovers import owned_temporary_folder
from scripts.services import Service, start_postgres, start_redis
from scripts.storage import remove_storage
from tests.chaos.proxy import FaultProxy
from tests.sandbox_process import REPOSITORY

WRITING = "default,write,destructive"
"""The queues of workers that do not read Intune's lists beside."""


@dataclass
class Broker:
    """A Redis-protocol server. What it held is lost by a restart."""

    service: Service
    folder: Path

    @property
    def url(self) -> str:
        return self.service.url

    def flush(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def wake_writers(self) -> None:
        self.send(tasks.write)

    def wake_actors(self) -> None:
        self.send(tasks.act)

    def sweep(self) -> None:
        """As beat does."""
        self.send(tasks.sweep)

    def send(self, task: Any) -> None:
        with Connection(self.url) as at:
            task.apply_async(connection=at)

    def waiting(self) -> int:
        """Messages of `WRITING` that no worker has taken, or not finished."""
        with redis.Redis.from_url(self.url) as client:
            queues = sum(client.llen(name) for name in WRITING.split(","))
            return int(queues) + int(client.hlen("unacked"))

    def kill(self) -> None:
        self.service.process.kill()
        self.service.process.wait(timeout=10)

    def restart(self) -> None:
        """At the same port; killed before, unless it is dead already."""
        self.kill()
        self.service = start_redis(self.folder, durable=False, at_port=urlsplit(self.url).port)


@contextmanager
def running_broker() -> Iterator[Broker]:
    with _temporary_folder() as folder:
        broker = Broker(start_redis(folder / "redis", durable=False), folder / "redis")
        yield broker
        broker.service.stop()


@dataclass
class Database:
    """A PostgreSQL server that keeps what it has said is kept, with the portal's tables."""

    service: Service
    folder: Path

    def kill(self) -> None:
        """As `pg_ctl stop -m immediate`: no checkpoint, and nobody is told."""
        self.service.process.send_signal(signal.SIGQUIT)
        self.service.process.wait(timeout=30)

    def start(self) -> None:
        """At the same port, after it has recovered what was committed."""
        self.service = start_postgres(self.folder, durable=True, at_port=urlsplit(self.service.url).port)
        connection.close()

    def restart(self) -> None:
        self.kill()
        self.start()

    def migrate(self) -> None:
        """Tests empty all tables, which the audit trail refuses."""
        environment = {**os.environ, "DATABASE_URL": self.service.url}
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, cwd=REPOSITORY, env=environment, check=True)
        with self.used_here(), connection.cursor() as cursor:
            cursor.execute("ALTER TABLE schools_auditevent DISABLE TRIGGER audit_no_truncate")

    @contextmanager
    def used_here(self) -> Iterator[None]:
        """This process's Django works with it, too."""
        before, at = dict(connection.settings_dict), urlsplit(self.service.url)
        own = {"HOST": at.hostname, "PORT": at.port, "USER": at.username, "PASSWORD": at.password}
        connection.close()
        connection.settings_dict.update({**own, "NAME": at.path.strip("/")})
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict.update(before)


@contextmanager
def running_database() -> Iterator[Database]:
    with _temporary_folder() as folder:
        database = Database(start_postgres(folder / "postgres", durable=True), folder / "postgres")
        yield database
        database.service.stop()
        remove_storage(folder / "postgres")


@dataclass(frozen=True)
class Proxies:
    """Before each of the three servers of the workers. The tests themselves go past them."""

    database: FaultProxy
    redis: FaultProxy
    graph: FaultProxy

    def heal(self) -> None:
        for proxy in (self.database, self.redis, self.graph):
            proxy.heal()


def through(proxy: FaultProxy, url: str) -> str:
    """The same address, by way of the proxy."""
    parts = urlsplit(url)
    account, at, _server = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{account}{at}127.0.0.1:{proxy.port}").geturl()


def target(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 0)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    folder, lock = owned_temporary_folder("test")
    yield folder
    lock.close()
    shutil.rmtree(folder, ignore_errors=True)
