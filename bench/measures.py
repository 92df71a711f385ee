"""What is measured. Each measure times two things in turn and gives their ratio, with the limit it is held to."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from django.contrib.auth import get_user_model
from django.test import Client
from django.test.utils import setup_test_environment

from bench import drift, follow_up, resolving, rollouts
from bench.figures import Ratio
from deployments.models import BaselineRevision
from intune_sync import runs
from intune_sync.models import SyncRun
from schools.models import Role
from schools.services.people import create_person, grant_role

MIRRORED = [SyncRun.Resource.GROUPS, SyncRun.Resource.AUTOPILOT, SyncRun.Resource.DEVICES, SyncRun.Resource.APPS]


def run(rounds: int) -> list[Ratio]:
    _mirror()
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
    page, beside = _rollout_pages(browser, revision, rounds)
    looking, reading = _drift(revision, rounds)
    median = statistics.median
    return [
        Ratio("list page 100 of 50 rows", median(deep_seconds), "list page 1", median(top_seconds), 2.0),
        Ratio(
            "software of all computers resolved in one pass",
            median(in_one_pass),
            f"of {resolving.ONE_AT_A_TIME} computers, one at a time",
            median(one_by_one),
            1.0,
        ),
        Ratio("page of a roll-out of all computers in 12 rings", page, "its change's own page", beside, 2.0),
        Ratio("looking for drift in groups, filters and apps", looking, "reading them from Intune", reading, 1.0),
        follow_up.report(browser, revision, rounds),
    ]


def _rollout_pages(browser: Client, revision: BaselineRevision, rounds: int) -> tuple[float, float]:
    """The roll-out's page and that of the change which it carries out, which counts the same computers."""
    rollout = rollouts.in_flight(revision)
    page, beside = [], []
    for _round in range(rounds * 3):
        page.append(_seconds(lambda: _answered(browser, rollout.get_absolute_url())))
        beside.append(_seconds(lambda: _answered(browser, rollout.change_set.get_absolute_url())))
    return statistics.median(page), statistics.median(beside)


def _drift(revision: BaselineRevision, rounds: int) -> tuple[float, float]:
    """The mirror is read from the sandbox first, as often; what is looked through then holds more."""
    drift.read()
    reading = [_seconds(drift.read) for _round in range(rounds)]
    read = drift.read()
    drift.seed(revision)
    looking = [_seconds(lambda: drift.look(read)) for _round in range(rounds)]
    return statistics.median(looking), statistics.median(reading)


def _answered(browser: Client, address: str) -> None:
    if browser.get(address).status_code != 200:
        raise RuntimeError(f"{address} did not answer")


def _mirror() -> None:
    for each in runs.request_runs(MIRRORED, SyncRun.Trigger.COMMAND):
        done = runs.run(each.pk)
        if done.status not in (SyncRun.Status.CHANGED, SyncRun.Status.NO_CHANGES):
            raise RuntimeError(f"{done.resource}: {done.status} {done.reason}")


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
