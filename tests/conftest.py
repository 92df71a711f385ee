"""Fixtures for all rooms. Servers come from `tests.plugin_services`, loaded before Django's settings are read."""

from __future__ import annotations

import pytest
from django.db import connection


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: object) -> None:
    """Tests that flush the database need TRUNCATE, which the audit trail refuses; its own test turns the refusal on."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("ALTER TABLE schools_auditevent DISABLE TRIGGER audit_no_truncate")
