"""What this room does by itself goes by the clock that all workers share, however far off a worker's own is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from deployments import tasks
from schools.clock import shared_now
from tests.deployments.exception_factories import software_exception

pytestmark = pytest.mark.django_db


def test_worker_whose_clock_is_a_day_ahead_ends_no_exception_early(monkeypatch: pytest.MonkeyPatch) -> None:
    today = timezone.localdate(shared_now())
    row = software_exception("asked", starts_on=today, ends_on=today)
    ahead = timezone.now() + timedelta(days=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: ahead)

    tasks.advance_exceptions()

    row.refresh_from_db()
    assert row.status == "asked"
