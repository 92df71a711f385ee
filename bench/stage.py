"""What a measurement needs: a PostgreSQL and Redis-protocol server of its own, and a sandbox that answers at once."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import django
from django.core.management import call_command

from scripts.children import start_child, stop_children
from scripts.demo_environment import portal_environment, sandbox_environment
from scripts.graph_sandbox import wait_for_sandbox
from scripts.services import start_postgres, start_redis
from scripts.storage import remove_storage

START_SECONDS = 60


@contextmanager
def stage(devices: int) -> Iterator[float]:
    """Everything up and Django configured for it; gives the seconds that the sandbox took until it answered."""
    with ExitStack() as cleanup:
        folder = Path(tempfile.mkdtemp(prefix="terminsklar-bench-"))
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        urls = {}
        for name, start in (("postgres", start_postgres), ("redis", start_redis)):
            cleanup.callback(remove_storage, folder / name)
            service = start(folder / name, durable=False)
            cleanup.callback(service.stop)
            urls[name] = service.url
        started = time.perf_counter()
        graph = cleanup.enter_context(_sandbox(folder, devices))
        took = time.perf_counter() - started
        os.environ.update(
            portal_environment(folder, 0, graph, database_url=urls["postgres"], redis_url=urls["redis"]),
            SECRET_KEY=secrets.token_urlsafe(50),
            LOG_LEVEL="ERROR",
        )
        django.setup()
        call_command("migrate", verbosity=0)
        yield took


@contextmanager
def _sandbox(folder: Path, devices: int) -> Iterator[dict[str, str]]:
    """A sandbox without throttling, in which nothing moves by itself while we measure."""
    logs = folder / "log"
    logs.mkdir()
    env = sandbox_environment(folder, devices) | {
        "SANDBOX_THROTTLE": "off",
        "SANDBOX_PACE": "0.001",
        "SANDBOX_SNAPSHOT": "false",
    }
    child = start_child("sandbox", [sys.executable, "-m", "intune_sync.sandbox"], env, logs)
    try:
        yield dict(wait_for_sandbox(child, folder / "sandbox", START_SECONDS))
    finally:
        stop_children([child], patience_seconds=4)
