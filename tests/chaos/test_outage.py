"""Graph answers 503 for half an hour: the portal asks seldom whether it is back, gives nothing up, goes on alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from intune_sync.models import GraphBreaker
from tests.chaos import midway
from tests.chaos.checker import wrongs
from tests.chaos.conftest import Workers, wait_until
from tests.pushing import Town

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

RECOVERS_WITHIN_SECONDS = 90
MOST_BEFORE_THE_PAUSE = 40
"""Requests of two writers and two readers, each with its repetitions, until all of them know."""
SECONDS_BETWEEN_PROBES = 40


@pytest.mark.parametrize("seconds", [20, pytest.param(1800, marks=pytest.mark.full_only)])
def test_graph_is_away(seconds: int, town: Town, workers: Workers, record_property: Callable[[str, Any], None]):
    approved = midway.begun(town, workers)

    town.tenant.sandbox.post("/sandbox/faults", {"kind": "down"})
    began_at = time.time()
    wait_until(lambda: GraphBreaker.objects.exclude(opened_at=None).exists(), midway.LONG_SECONDS, workers)
    time.sleep(max(0.0, began_at + seconds - time.time()))
    town.tenant.heal()
    returned_at = time.time()
    midway.ended(workers)

    recovery = midway.seconds_to_last_write(town.tenant, returned_at)
    asked = [call for call in town.tenant.calls() if began_at < midway.received(call) < returned_at]
    record_property("recovery_seconds", recovery)
    assert wrongs(town.tenant, approved) == []
    assert recovery <= RECOVERS_WITHIN_SECONDS
    assert len(asked) <= MOST_BEFORE_THE_PAUSE + (returned_at - began_at) / SECONDS_BETWEEN_PROBES + 3
