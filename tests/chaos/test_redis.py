"""Redis forgets, dies, answers nobody or is full: no work is lost or doubled, and it goes on by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
import redis

from tests.chaos import midway
from tests.chaos.checker import wrongs
from tests.chaos.conftest import Workers
from tests.chaos.servers import Broker, Proxies
from tests.chaos.test_apply_survives import APPS
from tests.pushing import Town

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

GONE_SECONDS = 6
RECOVERS_WITHIN_SECONDS = 60


@contextmanager
def flushed(broker: Broker, proxies: Proxies) -> Iterator[None]:
    broker.flush()
    yield


@contextmanager
def restarted(broker: Broker, proxies: Proxies) -> Iterator[None]:
    broker.kill()
    yield
    broker.restart()


@contextmanager
def blackholed(broker: Broker, proxies: Proxies) -> Iterator[None]:
    proxies.redis.blackhole()
    yield
    proxies.redis.heal()


@contextmanager
def half_open(broker: Broker, proxies: Proxies) -> Iterator[None]:
    proxies.redis.half_open()
    yield
    proxies.redis.heal()


@contextmanager
def full(broker: Broker, proxies: Proxies) -> Iterator[None]:
    with redis.Redis.from_url(broker.url) as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 1)
        yield
        client.config_set("maxmemory", 0)


Fault = Callable[[Broker, Proxies], AbstractContextManager[None]]
FAULTS: dict[str, Fault] = {each.__name__: each for each in (flushed, restarted, blackholed, half_open, full)}
IN_SHORT = {("blackholed", 3)}
CASES = [
    pytest.param(fault, writes, marks=[] if (fault, writes) in IN_SHORT else pytest.mark.full_only)
    for fault in FAULTS
    for writes in (3, 8)
]


@pytest.mark.parametrize(("fault", "writes"), CASES)
def test_redis_is(  # noqa: PLR0917
    fault: str,
    writes: int,
    town: Town,
    broker: Broker,
    proxies: Proxies,
    proxied_workers: Workers,
    record_property: Callable[[str, Any], None],
):
    approved = midway.begun(town, proxied_workers, writes=writes)

    with FAULTS[fault](broker, proxies):
        time.sleep(GONE_SECONDS)
    returned_at = time.time()
    midway.ended(proxied_workers)

    recovery = midway.seconds_to_last_write(town.tenant, returned_at)
    record_property("recovery_seconds", recovery)
    assert wrongs(town.tenant, approved) == []
    assert len(town.tenant.writes()) == len(APPS)
    assert recovery <= RECOVERS_WITHIN_SECONDS
