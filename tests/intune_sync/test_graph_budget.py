"""The budget that all workers share, in a real Redis of their own, also when it is flushed or killed."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from django.db import connection

from intune_sync.graph.budget import Budget
from intune_sync.graph.services import SERVICES, Charge, charges, service_of
from intune_sync.models import GraphHold
from scripts.services import Service, start_redis
from tests.chaos.proxy import FaultProxy

WRITES = [Charge("apps", "any", 1), Charge("apps", "write", 1)]
WINDOW = 20  # writes to apps that the portal allows itself in five seconds

pytestmark = pytest.mark.django_db


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Service]:
    service = start_redis(tmp_path / "redis", durable=False)
    yield service
    service.stop()


def budget(service: Service, client_id: str = "app") -> Budget:
    return Budget(service.url, "tenant", client_id, "graph:")


def spend(shared: Budget, calls: int = 200, wanted: list[Charge] = WRITES) -> int:
    """How many of so many calls are granted at once."""
    return sum(shared.ask(wanted) == 0 for _ in range(calls))


def test_a_window_grants_four_fifths_of_what_microsoft_allows(own_redis: Service) -> None:
    assert SERVICES["apps"].in_a_window("write") * 4 == 80
    assert SERVICES["devices"].in_a_window("write") * 4 == 160
    assert SERVICES["entra"].in_a_window("write") * 30 == 2400

    assert spend(budget(own_redis)) == WINDOW


def test_all_registrations_of_the_portal_spend_the_same_budget(own_redis: Service) -> None:
    assert spend(budget(own_redis, "writer")) + spend(budget(own_redis, "destructive")) == WINDOW


def test_services_do_not_wait_for_each_other(own_redis: Service) -> None:
    shared = budget(own_redis)
    spend(shared)

    assert shared.ask(charges([("POST", "/groups")])) == 0


def test_the_wait_is_until_the_window_has_room_and_no_longer(own_redis: Service) -> None:
    shared = budget(own_redis)
    spend(shared)

    wait = shared.ask(WRITES)
    time.sleep(wait)

    assert 4 < wait <= 5.25
    assert shared.ask(WRITES) == 0


def test_a_batch_pays_for_each_of_its_writes(own_redis: Service) -> None:
    shared = budget(own_redis)

    assert shared.ask(charges(("DELETE", "/deviceAppManagement/mobileApps/1") for _ in range(WINDOW))) == 0
    assert spend(shared) == 0


def test_two_processes_that_race_keep_to_the_budget_in_every_window(own_redis: Service) -> None:
    answers: Any = multiprocessing.Queue()
    budget(own_redis).ask(WRITES)  # the memory of Redis has begun, so that no process asks PostgreSQL
    born = redis.Redis.from_url(own_redis.url, decode_responses=True).get("graph:tenant:born")
    workers = [multiprocessing.Process(target=racing, args=(own_redis.url, born, answers)) for _ in range(2)]
    for worker in workers:
        worker.start()
    granted = sorted(moment for _ in workers for moment in answers.get(timeout=40))
    for worker in workers:
        worker.join(10)

    assert len(granted) >= 2 * WINDOW - 1
    assert all(sum(start <= each < start + 5 for each in granted) <= WINDOW for start in granted)


def racing(url: str, born: str, answer: Any) -> None:
    shared = Budget(url, "tenant", "app", "graph:")
    shared._born = born
    deadline, granted = time.monotonic() + 7, []
    while time.monotonic() < deadline:
        if not shared._ask_redis(WRITES):
            granted.append(time.time())
        time.sleep(0.005)
    answer.put(granted)


def test_429_slows_the_service_down_and_time_brings_it_back(own_redis: Service) -> None:
    shared = budget(own_redis)
    shared.ask(WRITES)

    shared.slow_down("apps")
    shared.slow_down("apps")  # the same moment's second answer slows no further

    pace = {each.service: each.pace for each in shared.spending() or []}
    assert 78 <= pace["apps"] <= 85
    assert pace["devices"] == 100
    assert spend(shared) == 16 - 1
    time.sleep(1.2)
    assert {each.service: each.pace for each in shared.spending() or []}["apps"] > pace["apps"]


def test_a_wait_that_microsoft_asked_for_holds_every_process_for_that_service(own_redis: Service) -> None:
    budget(own_redis).hold("apps", 30.5)

    other = budget(own_redis)

    assert 30 < other.ask(WRITES) <= 30.6
    assert other.ask(charges([("GET", "/deviceManagement/managedDevices")])) == 0


def test_a_shorter_wait_never_replaces_a_longer(own_redis: Service) -> None:
    shared = budget(own_redis)
    shared.hold("apps", 30)
    shared.hold("apps", 2)

    assert shared.ask(WRITES) > 29


def test_another_app_of_the_portal_is_held_only_when_the_whole_tenant_is(own_redis: Service) -> None:
    budget(own_redis, "reader").hold("apps", 30)
    budget(own_redis, "reader").hold("devices", 30, everyone=True)

    writer = budget(own_redis, "writer")

    assert writer.ask(WRITES) == 0
    assert writer.ask([Charge("devices", "any", 1)]) > 29


def test_a_flushed_redis_forgets_no_wait_and_grants_nothing_for_a_window(own_redis: Service) -> None:
    shared = budget(own_redis)
    spend(shared)
    shared.hold("apps", 30)

    redis.Redis.from_url(own_redis.url).flushall()

    assert shared.ask(WRITES) > 29
    assert 4 < shared.ask(charges([("POST", "/groups")])) <= 5.5


def goes_on_slowly(shared: Budget) -> None:
    """One call after two seconds and a half, and the next after as long: the window before may have been spent."""
    assert spend(shared, 50) == 0
    time.sleep(shared.ask(WRITES))
    assert spend(shared, 50) == 1
    assert 2 < shared.ask(WRITES) <= 2.5


def test_without_redis_calls_go_on_slowly_and_never_freely(own_redis: Service) -> None:
    shared = budget(own_redis)
    shared.ask(WRITES)
    own_redis.stop()

    goes_on_slowly(shared)
    assert shared.spending() is None


def test_with_a_full_redis_calls_go_on_slowly_too(own_redis: Service) -> None:
    shared = budget(own_redis)
    shared.ask(WRITES)
    redis.Redis.from_url(own_redis.url).config_set("maxmemory", "1kb")

    goes_on_slowly(shared)


@pytest.fixture
def proxied(own_redis: Service) -> Iterator[tuple[FaultProxy, str]]:
    """Redis behind something that fails, and its address there."""
    parts = urlsplit(own_redis.url)
    with FaultProxy((str(parts.hostname), int(parts.port or 0))) as proxy:
        yield proxy, own_redis.url.replace(f":{parts.port}/", f":{proxy.port}/")


def test_a_mute_redis_is_asked_seldom_and_calls_go_on_slowly(proxied: tuple[FaultProxy, str]) -> None:
    proxy, url = proxied
    shared = Budget(url, "tenant", "app", "graph:")
    shared.ask(WRITES)
    proxy.blackhole()

    started = time.monotonic()
    goes_on_slowly(shared)

    assert time.monotonic() - started < 6  # half a second for each time that Redis is asked in vain


def test_what_was_sent_alone_is_charged_when_redis_is_back(proxied: tuple[FaultProxy, str]) -> None:
    proxy, url = proxied
    shared = Budget(url, "tenant", "app", "graph:")
    shared.ask(charges([("GET", "/groups")]))
    proxy.refuse()
    proxy.reset_all()
    time.sleep(shared.ask(WRITES))
    assert shared.ask(WRITES) == 0
    shared.hold("devices", 30)
    proxy.heal()
    shared._gone_until = 0.0

    assert 3 < shared.ask(WRITES) <= 4  # until every process has told what it sent

    assert {(each.service, each.kind): each.spent for each in shared.spending() or []}["apps", "write"] == 1
    assert shared.ask([Charge("devices", "any", 1)]) > 29  # Redis had not heard of this wait


def test_no_twenty_seconds_have_more_than_four_fifths_while_redis_comes_and_goes(
    proxied: tuple[FaultProxy, str],
) -> None:
    proxy, url = proxied
    budgets = [Budget(url, "tenant", "app", "graph:") for _process in range(3)]
    for each in budgets:
        each.ask([Charge("entra", "any", 1)])  # so that none asks PostgreSQL from another thread
    granted: list[float] = []
    ends = time.monotonic() + 19.9

    def work(shared: Budget) -> None:
        while time.monotonic() < ends:
            if not shared.ask(WRITES):
                granted.append(time.monotonic())
            time.sleep(0.01)
        connection.close()

    with ThreadPoolExecutor(3) as threads:
        done = [threads.submit(work, each) for each in budgets]
        time.sleep(7)
        proxy.refuse()
        proxy.reset_all()
        time.sleep(3.5)
        proxy.heal()
        for each in done:
            each.result()

    assert 40 < len(granted) <= 80


def test_without_redis_a_wait_that_microsoft_asked_for_is_kept_all_the_same(own_redis: Service) -> None:
    own_redis.stop()

    budget(own_redis).hold("apps", 30)

    assert budget(own_redis).ask(WRITES) > 29
    assert GraphHold.objects.get().service == "apps"


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("https://graph.example/v1.0/deviceManagement/managedDevices/1/wipe", "devices"),
        ("/beta/deviceAppManagement/mobileApps", "apps"),
        ("deviceManagement/windowsAutopilotDeviceIdentities", "enrolment"),
        ("deviceManagement/importedWindowsAutopilotDeviceIdentities/import", "enrolment"),
        ("deviceManagement/reports/exportJobs", "reports"),
        ("deviceManagement/assignmentFilters", "configuration"),
        ("/groups/1/members/2/$ref", "entra"),
        ("devices?$filter=x", "entra"),
        ("/$batch", ""),
    ],
)
def test_each_address_belongs_to_one_service(path: str, service: str) -> None:
    assert service_of(path) == service


def test_directory_calls_cost_units_and_intune_calls_one_each() -> None:
    asked = [("GET", "/groups/1/members"), ("GET", "/groups?$select=id"), ("PATCH", "/groups/1")]

    assert charges(asked) == [Charge("entra", "any", 3 + 1 + 1), Charge("entra", "write", 1)]
