"""Fixtures for all rooms. Servers come from `tests.plugin_services`, loaded before Django's settings are read."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection

from intune_sync.graph import budget
from intune_sync.graph.breaker import BREAKER
from intune_sync.models import GraphHold


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--chaos", choices=["short", "full"], default="short", help="how much of the fault programme runs")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: object) -> None:
    """Tests that flush the database need TRUNCATE, which the audit trail refuses; its own test turns the refusal on."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("ALTER TABLE schools_auditevent DISABLE TRIGGER audit_no_truncate")


@pytest.fixture(autouse=True)
def fresh_door_to_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits for what an earlier one was asked to wait for: Redis and the process remember it."""
    forget_waits(monkeypatch)


@pytest.fixture
def waits_are_over(monkeypatch: pytest.MonkeyPatch, db: None) -> Callable[[], None]:
    """For a test that goes on at a later time than the clock's: what Microsoft asked to wait for has passed."""

    def end() -> None:
        GraphHold.objects.all().delete()
        forget_waits(monkeypatch)

    return end


def forget_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "PREFIX", f"graph:{uuid4()}:")
    BREAKER.forget()
