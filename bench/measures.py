"""What is measured. Each measure times two things in turn and gives their ratio, with the limit it is held to."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import setup_test_environment

from bench import resolving
from fleet.models import Device
from intune_sync import graph, runs
from intune_sync.models import SyncRun
from schools.models import Role
from schools.services.people import create_person, grant_role

MIRRORED = [SyncRun.Resource.GROUPS, SyncRun.Resource.AUTOPILOT, SyncRun.Resource.DEVICES, SyncRun.Resource.APPS]
PAGED = ["deviceManagement/windowsAutopilotDeviceIdentities", "deviceManagement/managedDevices"]
FORGET = "TRUNCATE fleet_device, fleet_hardwaremodel, intune_sync_intuneapp, intune_sync_syncrun CASCADE"


@dataclass(frozen=True)
class Ratio:
    name: str
    seconds: float
    against: str
    against_seconds: float
    limit: float

    @property
    def ratio(self) -> float:
        return self.seconds / self.against_seconds


def run(rounds: int) -> list[Ratio]:
    first, again, paging = [], [], []
    for _round in range(rounds):
        _forget()
        first.append(_seconds(_mirror))
        again.append(_seconds(_mirror))
        paging.append(_seconds(_page_through))
    browser = _signed_in()
    deep = _deep_page(browser, pages=100)
    top_seconds, deep_seconds = [], []
    for _round in range(rounds * 5):
        top_seconds.append(_seconds(lambda: browser.get("/devices/")))
        deep_seconds.append(_seconds(lambda: browser.get(deep)))
    revision = resolving.decide_a_baseline()
    in_one_pass, one_by_one = [], []
    for _round in range(rounds * 3):
        in_one_pass.append(_seconds(lambda: resolving.all_in_one_pass(revision)))
        one_by_one.append(_seconds(lambda: resolving.some_one_at_a_time(revision)))
    median = statistics.median
    return [
        Ratio("first mirror", median(first), "paging through Graph alone", median(paging), limit=10.0),
        Ratio("mirror with nothing changed", median(again), "first mirror", median(first), limit=0.9),
        Ratio("list page 100 of 50 rows", median(deep_seconds), "list page 1", median(top_seconds), limit=2.0),
        Ratio(
            "software of all computers resolved in one pass",
            median(in_one_pass),
            f"of {resolving.ONE_AT_A_TIME} computers, one at a time",
            median(one_by_one),
            limit=1.0,
        ),
    ]


def singles() -> dict[str, float]:
    """Figures of one side only, for the reader; no limit is held to them."""
    with graph.client() as client:
        client.get(PAGED[1])
        pages = [_seconds(lambda: client.get(PAGED[1])) for _round in range(5)]
    return {
        "a page of 1,000 managed devices over TLS, s": statistics.median(pages),
        "computers mirrored": Device.objects.count(),
        "rows written by a mirror with nothing changed": _rows_written(_mirror),
    }


def _mirror() -> None:
    for each in runs.request_runs(MIRRORED, SyncRun.Trigger.COMMAND):
        done = runs.run(each.pk)
        if done.status not in (SyncRun.Status.CHANGED, SyncRun.Status.NO_CHANGES):
            raise RuntimeError(f"{done.resource}: {done.status} {done.reason}")


def _page_through() -> None:
    with graph.client() as client:
        for path in PAGED:
            for _page in client.pages(path):
                pass


def _forget() -> None:
    with connection.cursor() as cursor:
        cursor.execute(FORGET)


def _rows_written(act: Callable[[], object]) -> int:
    before = _tuples_written()
    act()
    return _tuples_written() - before


def _tuples_written() -> int:
    """Rows of computers ever inserted or updated, by PostgreSQL's own count."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT n_tup_ins + n_tup_upd FROM pg_stat_user_tables WHERE relname = 'fleet_device'")
        return int(cursor.fetchone()[0])


def _signed_in() -> Client:
    if not get_user_model().objects.filter(username="bench").exists():
        person = create_person("bench", "Bench", "a long enough password 1", by=None)
        grant_role(person, Role.IT_ADMIN, None, by=None)
    setup_test_environment()  # pages then tell what they were made from
    browser = Client(headers={"host": "127.0.0.1"})
    browser.force_login(get_user_model().objects.get(username="bench"))
    return browser


def _deep_page(browser: Client, pages: int) -> str:
    """The address of a page far down the list, reached as a reader does: by Next."""
    address = "/devices/"
    for _page in range(pages - 1):
        following = browser.get(address).context["page"].next
        address = f"/devices/?after={following}"
    return address


def _seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started
