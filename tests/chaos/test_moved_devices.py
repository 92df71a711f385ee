"""A computer is deleted, enrolled anew or moved while something ordered for it is on its way."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any
from uuid import uuid4

import pytest

from fleet.models import Device
from intune_sync.models import Operation
from intune_sync.services.identities import mark_identity
from tests import factories
from tests.chaos import orders
from tests.chaos.checker import wrongs
from tests.chaos.conftest import Workers, wait_until
from tests.chaos.kills import Kill
from tests.chaos.orders import LONG_SECONDS, sweeping
from tests.chaos.servers import WRITING, Broker
from tests.pushing import Town

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

EARLY, LATE = ("before_claim", "after_read", "after_sending_is_kept"), ("before_sent_is_kept", "after_reading_back")
IN_SHORT = {("autopilotReset", "after_read", "enrolled anew")}
ACTS: dict[str, list[dict[str, str]]] = {
    "deleted": [{"act": "leave"}],
    "enrolled anew": [{"act": "leave"}, {"act": "enrol"}],
    "moved": [{"act": "move", "group_tag": "GY-ANNAN"}],
}
IDENTITIES = "deviceManagement/windowsAutopilotDeviceIdentities"


def cases() -> Iterator[Any]:
    for case in product(("syncDevice", "autopilotReset", "wipe"), EARLY + LATE, ACTS):
        yield pytest.param(*case, marks=[] if case in IN_SHORT else pytest.mark.full_only)


@pytest.fixture(autouse=True)
def intune_is_quick(town: Town) -> None:
    town.tenant.sandbox.post("/sandbox/settings", orders.AT_ONCE)


@dataclass
class Meanwhile:
    """`with meanwhile.at(point)`: it happens while the worker stands still at that point of the operation."""

    workers: Workers
    broker: Broker

    @contextmanager
    def at(self, point: str) -> Iterator[None]:
        if point == "before_claim":  # whoever stood still there would let another claim it
            yield
            self.workers.start(queues=WRITING)
        else:
            stuck = Kill("", point, "stuck")
            stuck.ordered(self.workers)
            self.workers.start(queues=WRITING)
            sleeper = wait_until(sweeping(self.broker, lambda: stuck.victim(self.workers)), LONG_SECONDS, self.workers)
            yield
            os.kill(int(sleeper), signal.SIGCONT)
        wait_until(sweeping(self.broker, orders.is_done, hurried=True), LONG_SECONDS, self.workers)


@pytest.fixture
def meanwhile(workers: Workers, broker: Broker) -> Meanwhile:
    return Meanwhile(workers, broker)


@pytest.mark.parametrize(("action", "point", "happens"), list(cases()))
def test_an_action_reaches_the_computer_it_was_ordered_for_or_none(
    action: str, point: str, happens: str, town: Town, meanwhile: Meanwhile
):
    """Never the record that the computer, or another one, has got since."""
    approved = orders.actions(town, action)
    device = Device.objects.get(operations__kind="action")

    with meanwhile.at(point):
        for act in ACTS[happens]:
            town.tenant.sandbox.post("/sandbox/devices", {"serial": device.serial_number, **act})

    if happens != "moved" and point in EARLY:
        approved.actions = Counter()
    assert wrongs(town.tenant, approved) == []


@pytest.mark.full_only
@pytest.mark.parametrize("happens", ["deleted", "moved"])
@pytest.mark.parametrize("point", EARLY)
def test_a_group_tag_is_set_on_the_identity_it_was_ordered_for(
    point: str, happens: str, town: Town, meanwhile: Meanwhile
):
    raw = identities(town)[-1]
    device = factories.device(serial_number=raw["serialNumber"], autopilot_id=raw["id"])
    tag = f"GY-{uuid4().hex[:6].upper()}"  # no earlier run has set it
    operation = mark_identity(device, town.requester, group_tag=tag)

    with meanwhile.at(point):
        if happens == "deleted":
            town.tenant.sandbox.post("/sandbox/settings", {"identity_delete_seconds": 0.0})
            town.tenant.sandbox.post("/sandbox/devices", {"serial": raw["serialNumber"], "act": "leave"})
            delete_identity(town, raw["id"])
            wait_until(lambda: raw["id"] not in {each["id"] for each in identities(town)}, LONG_SECONDS)
        else:
            town.tenant.sandbox.post(
                "/sandbox/devices", {"serial": raw["serialNumber"], "act": "move", "group_tag": "GY-ANNAN"}
            )

    tags = {each["id"]: each["groupTag"] for each in identities(town)}
    writes = town.tenant.calls(method="POST", path_contains="/updateDeviceProperties", executed="true")
    assert Operation.objects.get(pk=operation.pk).status == ("failed" if happens == "deleted" else "verified")
    assert tags.get(raw["id"]) == (None if happens == "deleted" else tag)
    assert len(writes) == (0 if happens == "deleted" else 1)
    assert wrongs(town.tenant, orders.nothing(town)) == []


def identities(town: Town) -> list[Any]:
    return list(orders.graph(town.tenant, IDENTITIES)["value"])


def delete_identity(town: Town, identifier: str) -> None:
    sandbox = town.tenant.sandbox
    headers = {"Authorization": f"Bearer {sandbox.token()}"}
    url = f"{sandbox.url}/v1.0/{IDENTITIES}/{identifier}"
    sandbox.session.delete(url, headers=headers, timeout=30).raise_for_status()
