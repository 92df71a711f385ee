"""PostgreSQL dies, is full, or loses a connection in the middle of COMMIT: what is sent stays once and right."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import psycopg2
import pytest
from django.db import connection

from tests.chaos import midway, orders
from tests.chaos.checker import wrongs
from tests.chaos.conftest import Workers
from tests.chaos.servers import Database, Proxies
from tests.pushing import Tenant, Town, build_town

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

FULL_SECONDS = 8
RECOVERS_WITHIN_SECONDS = 90


@pytest.fixture
def town(tenant: Tenant, database: Database) -> Town:
    return build_town(tenant)


@pytest.mark.full_only
def test_it_is_restarted_immediate(
    town: Town, database: Database, proxied_workers: Workers, record_property: Callable[[str, Any], None]
):
    """Nobody shortens the lease of what was held when it died."""
    approved = midway.begun(town, proxied_workers)

    database.restart()
    returned_at = time.time()
    midway.ended(proxied_workers)

    recovery = midway.seconds_to_last_write(town.tenant, returned_at)
    record_property("recovery_seconds", recovery)
    assert wrongs(town.tenant, approved) == []
    assert recovery <= RECOVERS_WITHIN_SECONDS


@pytest.mark.seeds(short=1, full=4)
def test_it_is_restarted_again_and_again(seed: int, town: Town, database: Database, proxied_workers: Workers):
    approved = midway.begun(town, proxied_workers, writes=seed)

    for writes in (seed, seed + 4):
        midway.wait(lambda writes=writes: len(town.tenant.writes()) >= writes, proxied_workers)
        database.restart()
        orders.let_leases_run_out()
    midway.ended(proxied_workers)

    assert wrongs(town.tenant, approved) == []


@pytest.mark.full_only
@pytest.mark.parametrize("writes", [1, 5])
def test_it_is_full(writes: int, town: Town, database: Database, proxied_workers: Workers):
    """No connection is left for anybody, and those that were open are gone."""
    approved = midway.begun(town, proxied_workers, writes=writes)

    with ExitStack() as taken:
        end_other_connections()
        take_all(database, taken)
        time.sleep(FULL_SECONDS)
    orders.let_leases_run_out()
    midway.ended(proxied_workers)

    assert wrongs(town.tenant, approved) == []


def end_other_connections() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = user AND pid <> pg_backend_pid()"
        )


def take_all(database: Database, taken: ExitStack) -> None:
    while True:
        try:
            one = psycopg2.connect(database.service.url)
        except psycopg2.OperationalError:
            return
        taken.callback(one.close)


@pytest.mark.full_only
@pytest.mark.parametrize("times", [1, 6])
@pytest.mark.parametrize("delivered", [False, True], ids=["before", "after"])
def test_connections_are_cut_in_commit(
    delivered: bool, times: int, town: Town, proxies: Proxies, proxied_workers: Workers
):
    """Whether it was kept, nobody is told."""
    approved = midway.begun(town, proxied_workers, writes=2)

    cut = proxies.database.cut(b"COMMIT", delivered=delivered, times=times)
    midway.wait(lambda: cut.happened == times, proxied_workers)
    orders.let_leases_run_out()
    midway.ended(proxied_workers)

    assert wrongs(town.tenant, approved) == []
