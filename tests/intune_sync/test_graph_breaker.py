"""Calls pause when Graph has not answered several times in a row, and go on by themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from intune_sync import graph, runs
from intune_sync.graph import CircuitOpen, GraphUnavailable
from intune_sync.graph.breaker import BREAKER, FAILURES
from intune_sync.graph.state import door_state
from intune_sync.models import GraphBreaker, Operation
from intune_sync.push import apply
from tests import factories
from tests.pushing import NOW, Town
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db
DEVICES = "deviceManagement/managedDevices"


def take_down(sandbox: SandboxProcess) -> None:
    sandbox.post("/sandbox/faults", {"kind": "down", "retry_after": 0})


def fail(times: int) -> None:
    for _ in range(times):
        with graph.client() as client, pytest.raises(GraphUnavailable):
            client.get(DEVICES)


def calls(sandbox: SandboxProcess) -> int:
    return int(sandbox.get("/sandbox/state")["requests"])


def time_to_ask() -> None:
    GraphBreaker.objects.update(probe_at=timezone.now())
    BREAKER.forget()


def test_nothing_is_sent_after_several_calls_in_a_row_without_an_answer(sandbox: SandboxProcess) -> None:
    take_down(sandbox)
    fail(FAILURES)
    before = calls(sandbox)

    with graph.client("writer") as client, pytest.raises(CircuitOpen) as raised:
        client.post("groups", {})

    assert calls(sandbox) == before
    assert 5 < (raised.value.retry_after or 0) <= 10
    pause = door_state().pause
    assert pause and pause.probe_at and pause.said


def test_an_answer_in_between_begins_the_count_anew(sandbox: SandboxProcess) -> None:
    take_down(sandbox)
    fail(FAILURES - 1)
    sandbox.delete("/sandbox/faults")
    with graph.client() as client:
        client.get(DEVICES, {"$top": "1"})
    take_down(sandbox)
    fail(1)

    assert door_state().pause is None


def test_one_question_is_asked_and_a_longer_pause_follows_when_it_is_in_vain(sandbox: SandboxProcess) -> None:
    take_down(sandbox)
    fail(FAILURES)
    time_to_ask()
    before = calls(sandbox)

    for _ in range(3):
        with graph.client() as client, pytest.raises(CircuitOpen):
            client.get(DEVICES)

    assert calls(sandbox) == before + 1
    pause = door_state().pause
    assert pause and pause.probes == 1 and pause.probe_at
    assert pause.probe_at > timezone.now() + timedelta(seconds=15)


def test_it_goes_on_by_itself_when_graph_is_back(sandbox: SandboxProcess) -> None:
    take_down(sandbox)
    fail(FAILURES)
    sandbox.delete("/sandbox/faults")
    time_to_ask()

    with graph.client() as client:
        assert client.get(DEVICES, {"$top": "1"})["value"]

    assert door_state().pause is None


def test_a_synchronisation_is_put_back_and_not_failed(sandbox: SandboxProcess, organisation: Any) -> None:
    take_down(sandbox)
    fail(FAILURES)

    run = runs.run(runs.request_runs(["devices"], "schedule")[0].pk)

    assert (run.status, run.reason) == ("queued", "paused")
    assert run.not_before and run.not_before > timezone.now()


def test_a_write_is_put_down_without_being_counted_as_a_try(town: Town) -> None:
    town.started("GIMP")
    GraphBreaker.objects.create(
        failures=3, opened_at=timezone.now(), probe_at=timezone.now() + timedelta(seconds=9), error="Away."
    )
    BREAKER.forget()

    apply.work(NOW)

    assert not Operation.objects.exclude(attempts=0).exists()
    assert not Operation.objects.filter(status__in=["failed", "verified"]).exists()


def test_the_page_says_since_when_why_and_when_it_asks_again(client: Client) -> None:
    GraphBreaker.objects.create(
        failures=3, opened_at=timezone.now(), probe_at=timezone.now() + timedelta(seconds=9), error="HTTP 503"
    )
    client.force_login(factories.person("it_admin"))

    page = client.get(reverse("intune_sync:health")).content.decode()

    assert "HTTP 503" in page
    assert timezone.localtime(GraphBreaker.objects.get().probe_at).strftime("%H:%M:%S") in page
