"""Calls of one worker when Graph refuses, signs out or goes away, and when Redis is gone, judged at Graph's side."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.conf import settings
from django.utils import timezone

from intune_sync import graph
from intune_sync.graph import GraphClient, GraphUnavailable, Throttled
from intune_sync.graph.breaker import BREAKER, FAILURES
from intune_sync.graph.budget import budget_of
from intune_sync.graph.gate import Gate
from intune_sync.graph.identities import registration, token_source
from intune_sync.graph.transport import Transport
from intune_sync.models import GraphBreaker
from intune_sync.push import apply
from tests.chaos import orders
from tests.chaos.checker import IN_FLIGHT_SECONDS, too_early, wrongs
from tests.pushing import GEOGEBRA, Tenant, Town, build_town

pytestmark = [pytest.mark.chaos, pytest.mark.django_db]
DEVICES = "deviceManagement/managedDevices"


@pytest.fixture
def town(tenant: Tenant, db: None) -> Town:
    return build_town(tenant)


@pytest.mark.parametrize("retry_after", [4.5, "date"])
def test_nothing_is_asked_before_the_time_that_graph_named(town: Town, retry_after: float | str):
    approved = orders.assignments(town, GEOGEBRA)
    town.tenant.fault("throttle", retry_after=retry_after, seconds=5)

    apply.work(timezone.now())

    refused = [call for call in town.tenant.calls() if call["status"] == 429]
    assert len(refused) == 1
    assert list(too_early(town.tenant.calls(), IN_FLIGHT_SECONDS)) == []
    assert wrongs(town.tenant, approved) == []


def test_a_long_wait_is_kept_by_the_next_worker_too(town: Town):
    orders.assignments(town, GEOGEBRA)
    town.tenant.fault("throttle", method="GET", path="/assignments", retry_after=60)

    for _ in range(3):
        apply.work(timezone.now())

    assert list(too_early(town.tenant.calls())) == []
    assert len([call for call in town.tenant.calls() if call["status"] == 429]) == 1


def test_a_token_that_is_refused_in_the_middle_is_renewed(town: Town):
    approved = orders.assignments(town, GEOGEBRA, "GIMP")
    town.tenant.fault("expire_tokens", path="/assign")

    apply.work(timezone.now())

    assert wrongs(town.tenant, approved) == []


def take_down(tenant: Tenant) -> None:
    tenant.sandbox.post("/sandbox/faults", {"kind": "down", "retry_after": 0})
    for _ in range(FAILURES):
        with graph.client() as client, pytest.raises(GraphUnavailable):
            client.get(DEVICES)


def test_while_graph_is_away_next_to_nothing_is_asked(town: Town):
    take_down(town.tenant)
    before = len(town.tenant.calls())

    for _ in range(30):
        with graph.client() as client, pytest.raises(GraphUnavailable):
            client.get(DEVICES)

    assert len(town.tenant.calls()) - before <= 2


def test_work_goes_on_by_itself_when_graph_is_back(town: Town):
    approved = orders.assignments(town, GEOGEBRA, "GIMP")
    take_down(town.tenant)
    town.tenant.heal()
    GraphBreaker.objects.update(probe_at=timezone.now())
    BREAKER.forget()

    apply.work(timezone.now())

    assert wrongs(town.tenant, approved) == []


def impatient() -> GraphClient:
    """A writer that asks again rather than sleeps."""
    registered = registration("writer")
    gate = Gate(budget_of(registered.client_id), BREAKER)
    transport = Transport(settings.GRAPH_CA_BUNDLE)
    return GraphClient(settings.GRAPH_URL, token_source(registered), transport, longest_sleep=0, gate=gate)


def test_without_redis_nothing_is_written_freely(town: Town, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")
    path = f"deviceAppManagement/mobileApps/{town.tenant.app_id('GIMP')}/assign"
    body = {"mobileAppAssignments": town.tenant.assignments("GIMP")}

    with impatient() as client:
        for _ in range(100):
            with suppress(Throttled):
                client.post(path, body, "beta")

    assert len(town.tenant.writes("GIMP")) <= 5
