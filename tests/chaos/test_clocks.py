"""Workers whose own clocks are minutes off: no lease is taken too early, and Graph's waits are kept."""

from __future__ import annotations

import os
import random
import signal
import time
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from intune_sync.models import Operation
from intune_sync.push import ledger
from schools.models import WebhookDelivery
from schools.services.notify import tell
from schools.services.webhooks import create_webhook
from schools.tasks import call_webhooks
from tests.chaos import orders
from tests.chaos.checker import received, wrongs
from tests.chaos.conftest import Workers, wait_until
from tests.chaos.kills import Kill
from tests.chaos.orders import LONG_SECONDS, sweeping
from tests.chaos.servers import WRITING, Broker
from tests.chaos.test_apply_survives import APPS
from tests.notifications.listener import listening
from tests.pushing import Town

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

OFF = int(timedelta(minutes=10).total_seconds())
HOLDER_AND_TAKER = {"ahead": (0, OFF), "holder behind": (-OFF, 0), "apart": (-OFF, OFF)}
IN_SHORT = {("action", "ahead"), ("assignment", "holder behind")}
MESSAGES = 5


@pytest.fixture(autouse=True)
def intune_is_quick(town: Town) -> None:
    town.tenant.sandbox.post("/sandbox/settings", orders.AT_ONCE)


def cases() -> list[Any]:
    return [
        pytest.param(*case, marks=[] if case in IN_SHORT else pytest.mark.full_only)
        for case in product(orders.KINDS, HOLDER_AND_TAKER)
    ]


@pytest.mark.parametrize(("kind", "clocks"), cases())
def test_no_lease_is_taken_too_early(kind: str, clocks: str, town: Town, workers: Workers, broker: Broker):
    """The holder's server stands still right before a call; another leaves that alone while the lease lasts."""
    holder, taker = HOLDER_AND_TAKER[clocks]
    stuck = Kill(kind, "after_sending_is_kept", "stuck")
    stuck.ordered(workers)
    approved = orders.KINDS[kind](town)
    first = workers.start(queues=WRITING, clock_off_seconds=holder)
    sleeper = wait_until(sweeping(broker, lambda: stuck.victim(workers)), LONG_SECONDS, workers)
    os.killpg(first.pid, signal.SIGSTOP)
    its_own = broker.waiting()
    about = orders.object_of(Operation.objects.get(status="sending", worker__endswith=f":{sleeper}"))
    calls = len(town.tenant.calls(path_contains=about))

    workers.start(queues=WRITING, clock_off_seconds=taker)
    for _ in range(MESSAGES):
        for wake in (broker.sweep, broker.wake_writers, broker.wake_actors):
            wake()
    wait_until(lambda: broker.waiting() <= its_own, LONG_SECONDS, workers)
    end = stuck.moment(workers) + ledger.LEASE.total_seconds()
    meanwhile = [entry for entry in town.tenant.calls(path_contains=about)[calls:] if received(entry) < end]
    os.killpg(first.pid, signal.SIGCONT)
    wait_until(sweeping(broker, orders.is_done, hurried=True), LONG_SECONDS, workers)

    assert meanwhile == []
    assert wrongs(town.tenant, approved) == []


@pytest.mark.parametrize("clocks", HOLDER_AND_TAKER)
def test_no_webhook_is_called_twice(clocks: str, town: Town, workers: Workers, broker: Broker):
    """The holder's server stands still while it waits for the listener; another leaves that call alone meanwhile."""
    holder, taker = HOLDER_AND_TAKER[clocks]
    with listening() as listener:
        listener.answering.clear()
        create_webhook("Ärendesystemet", listener.url, ["changeset.planned"], by=town.requester)
        tell([], "changeset.planned", episode="a", url="/changes/7/", data={"number": 7, "revision": "VT 2027"})
        first = workers.start(queues=WRITING, clock_off_seconds=holder)
        broker.send(call_webhooks)
        wait_until(lambda: listener.received, LONG_SECONDS, workers)
        os.killpg(first.pid, signal.SIGSTOP)
        its_own = broker.waiting()

        workers.start(queues=WRITING, clock_off_seconds=taker)
        for _ in range(MESSAGES):
            broker.send(call_webhooks)
        wait_until(lambda: broker.waiting() <= its_own, LONG_SECONDS, workers)
        listener.answering.set()
        os.killpg(first.pid, signal.SIGCONT)
        wait_until(lambda: WebhookDelivery.objects.get().status == "delivered", LONG_SECONDS, workers)

        assert len(listener.received) == 1
        [(headers, _body)] = listener.received
        signed_at = int(headers["Terminsklar-Signature"].removeprefix("t=").partition(",")[0])
        assert abs(signed_at - time.time()) < OFF / 2


@pytest.mark.seeds(short=1, full=3)
def test_clocks_that_are_off_either_way(seed: int, town: Town, workers: Workers, broker: Broker):
    """Some of each kind is ordered, and Graph asks to wait until a date; one worker dies on the way."""
    chance = random.Random(seed)
    for place, kind in enumerate(({"retry_after": "date", "seconds": 2}, {"retry_after": 1.5})):
        town.tenant.fault("throttle", path="", rate=0.2, count=10, seed=10 * seed + place, **kind)
    approved = orders.together(orders.assignments(town, *APPS), orders.registration(town), orders.actions(town))

    ahead, behind = (chance.randrange(60, 20 * 60) for _ in range(2))
    first = workers.start(queues=WRITING, clock_off_seconds=ahead)
    workers.start(queues=WRITING, clock_off_seconds=-behind)
    wait_until(sweeping(broker, lambda: len(town.tenant.writes()) >= 3), LONG_SECONDS, workers)
    workers.kill(first)
    orders.let_leases_run_out()
    workers.start(queues=WRITING, clock_off_seconds=ahead)
    wait_until(sweeping(broker, orders.is_done, hurried=True), LONG_SECONDS, workers)

    assert wrongs(town.tenant, approved) == []
