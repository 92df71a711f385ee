"""PostgreSQL dies, is full, or loses a connection in the middle of COMMIT: what is sent stays once and right."""

from __future__ import annotations

import pytest

from tests.chaos.conftest import Workers, wait_until
from tests.chaos.servers import Broker, Database, Proxies
from tests.chaos.test_apply_survives import APPS, LONG_SECONDS, check, is_applied, let_leases_run_out, slow_down, start
from tests.pushing import Tenant, Town, build_town

pytestmark = [pytest.mark.chaos, pytest.mark.slow]


@pytest.fixture
def town(tenant: Tenant, database: Database) -> Town:
    return build_town(tenant)


def test_it_is_restarted_immediate(
    town: Town, database: Database, proxied_workers: Workers, broker: Broker, proxies: Proxies
):
    slow_down(town)
    proxied_workers.start()
    proxied_workers.start(beat=True, name="beat")
    change_set = start(town)
    broker.wake_writers()
    wait_until(lambda: len(town.tenant.writes()) >= 3, LONG_SECONDS, proxied_workers)

    database.restart()
    wait_until(lambda: is_applied(change_set), LONG_SECONDS, proxied_workers)

    check(town)
