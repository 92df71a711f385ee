"""The page that is measured is that of a roll-out half-way, and what it asks the database for does not grow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench.rollouts import OPENED, SHARES, in_flight
from deployments.models import BaselineRevision, Rollout
from tests import factories as make

pytestmark = pytest.mark.django_db

MOST_QUERIES = 10


@pytest.fixture
def revision() -> BaselineRevision:
    make.app_version(make.application("Bench 1"))
    return make.revision("active")


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(make.person("it_admin", username="bench"))
    return client


def computers(count: int) -> None:
    """Of two models in five schools; every third was last seen two days ago."""
    models, now = [make.hardware_model("A"), make.hardware_model("B")], timezone.now()
    schools = [make.school() for _ in range(5)]
    for place in range(count):
        seen = now if place % 3 else now - timedelta(days=2)
        make.device(schools[place % 5], hardware_model=models[place % 2], last_check_in_at=seen)


def page(browser: Client, rollout: Rollout) -> Any:
    answer = browser.get(rollout.get_absolute_url())
    assert answer.status_code == 200
    return answer.context


def test_roll_out_that_is_measured_is_half_way(revision: BaselineRevision, browser: Client) -> None:
    computers(240)

    seen = page(browser, in_flight(revision))

    stages = [row.step.ring.status for row in seen["rings"]]
    assert stages == ["passed"] * (OPENED - 1) + ["open"] + ["planned"] * (len(SHARES) - OPENED)
    assert all(row.step.reading for row in seen["rings"][:OPENED])
    assert seen["rings"][OPENED - 1].held_back
    places = {place for place, count in seen["progress"].whole.counts.items() if count}
    assert places == {"installed", "failed", "waiting_for_device", "waiting_for_intune", "later"}
    assert len(seen["schools"]) == 5
    assert seen["causes"]
    assert seen["curve"]


def test_its_page_asks_as_often_for_many_computers_as_for_few(
    revision: BaselineRevision, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.context.CACHE_SECONDS", 600)  # the frame is there, however slow the machine
    asked = []
    for more in (240, 480):
        computers(more)
        rollout = in_flight(revision)
        page(browser, rollout)
        with CaptureQueriesContext(connection) as queries:
            page(browser, rollout)
        asked.append(len(queries))

    assert asked[0] == asked[1] <= MOST_QUERIES
