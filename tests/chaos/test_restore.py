"""An older backup is restored while there was work open in it: what was done since is not done again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psycopg2
import pytest
from django.db import connection

from intune_sync.models import Operation
from tests.chaos import orders
from tests.chaos.checker import wrongs
from tests.chaos.conftest import Workers, wait_until
from tests.chaos.orders import LONG_SECONDS, sweeping
from tests.chaos.servers import WRITING, Broker, Database
from tests.pushing import Tenant, Town, build_town
from tests.sandbox_process import REPOSITORY

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.full_only]

Restore = Callable[[], None]
HARMLESS = "syncDevice"


@pytest.fixture
def town(tenant: Tenant, database: Database) -> Town:
    tenant.sandbox.post("/sandbox/settings", orders.AT_ONCE)
    return build_town(tenant)


def back_up_files(database: Database) -> Restore:
    """As a snapshot of the volume; PostgreSQL itself cannot tell it from a crash."""
    data, copy = database.folder / "data", database.folder / "copy"

    def restore() -> None:
        database.kill()
        _copy(copy, data)
        database.start()

    database.kill()
    _copy(data, copy)
    database.start()
    return restore


def _copy(source: Path, target: Path) -> None:
    subprocess.run(["rm", "-rf", target], check=True)
    subprocess.run(["cp", "-a", source, target], check=True)


def back_up_database(database: Database) -> Restore:
    """As a dump: the same rows in another database of the same name."""
    name = database.service.url.rpartition("/")[2]

    def say(*statements: str) -> None:
        connection.close()
        at = psycopg2.connect(database.service.url.removesuffix(name) + "postgres")
        at.autocommit = True
        with at.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        at.close()

    say(f"CREATE DATABASE backup TEMPLATE {name}")
    return lambda: say(f"DROP DATABASE {name} WITH (FORCE)", f"ALTER DATABASE backup RENAME TO {name}")


@pytest.fixture(params=[back_up_files, back_up_database])
def back_up(request: pytest.FixtureRequest, database: Database) -> Callable[[], Restore]:
    return partial(request.param, database)


@pytest.mark.parametrize("is_told", [True, False], ids=["told", "not told"])
def test_after_a_restore_nothing_destructive_is_sent_again(
    back_up: Callable[[], Restore], is_told: bool, town: Town, workers: Workers, broker: Broker
):
    """`is_told`: `manage.py new_epoch` is run, as docs/restore.md asks for; it holds also when that was forgotten.

    An import is not sent again either; only an action that does no harm is.
    """
    approved = orders.together(orders.assignments(town), orders.registration(town))
    approved = orders.together(approved, orders.actions(town, "autopilotReset", "wipe", HARMLESS))
    restore = back_up()
    first = workers.start(queues=WRITING)
    wait_until(sweeping(broker, orders.is_done, hurried=True), LONG_SECONDS, workers)
    workers.kill(first)

    restore()
    left = Operation.objects.open().count()
    if is_told:
        command = [sys.executable, "manage.py", "new_epoch", "Backup restored"]
        subprocess.run(command, cwd=REPOSITORY, env=workers.environment, check=True, stdout=subprocess.DEVNULL)
    workers.start(queues=WRITING)
    wait_until(sweeping(broker, orders.is_done, hurried=True), LONG_SECONDS, workers)

    again = {path for path in approved.actions if path.endswith(HARMLESS)}
    approved.actions.update(again)
    assert left == Operation.objects.exclude(kind=Operation.Kind.IDENTITY).count()
    assert wrongs(town.tenant, approved) == []
    assert len(town.tenant.writes()) == len(approved.assignments)
