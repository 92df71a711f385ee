"""Each process acts as the identity of its own queue; asked for another, it refuses before it has a token."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from intune_sync import graph
from intune_sync.graph.identities import IDENTITIES, serve_queues

TRY_ALL = """
from intune_sync import graph
for identity in ("reader", "writer", "destructive"):
    try:
        graph.client(identity)
        print(identity)
    except graph.WrongIdentity:
        pass
"""


@pytest.fixture
def served() -> Iterator[None]:
    yield
    serve_queues(["pull", "write", "destructive"])


def made_after(start: str) -> list[str]:
    """Of which identities a fresh process makes clients after this start."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-c", start + TRY_ALL]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    ("queue", "identities"),
    [("pull", ["reader"]), ("write", ["writer"]), ("destructive", ["destructive"]), ("default", ["reader"])],
)
def test_a_worker_is_the_identity_of_its_queue(queue: str, identities: list[str]) -> None:
    start = f"from config.celery import app\napp.Worker(queues=[{queue!r}], pool='solo')\n"

    assert made_after(start) == identities


def test_one_worker_for_several_queues_is_the_identities_of_these() -> None:
    start = "from config.celery import app\napp.Worker(queues=['pull', 'write'], pool='solo')\n"

    assert made_after(start) == ["reader", "writer"]


def test_the_web_is_the_reader() -> None:
    assert made_after("import config.wsgi\n") == ["reader"]


def test_a_command_that_somebody_types_may_choose() -> None:
    assert made_after("import config, django; django.setup()\n") == list(IDENTITIES)


@pytest.mark.parametrize("queue", ["pull", "write", "default"])
def test_only_the_destructive_queue_has_a_destructive_client(served: None, queue: str) -> None:
    serve_queues([queue])

    with pytest.raises(graph.WrongIdentity):
        graph.client("destructive")
