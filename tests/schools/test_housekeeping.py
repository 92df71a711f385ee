"""What expires is forgotten; what still serves is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from schools.models import IdempotentAnswer
from schools.services.housekeeping import forget_what_has_expired
from tests.factories import person

pytestmark = pytest.mark.django_db


def test_ended_sessions_and_old_answers_are_deleted() -> None:
    now, user = timezone.now(), person("it_admin")
    Session.objects.create(session_key="ended", session_data="", expire_date=now - timedelta(seconds=1))
    Session.objects.create(session_key="open", session_data="", expire_date=now + timedelta(hours=1))
    for key in ("old", "new"):
        IdempotentAnswer.objects.create(user=user, key=key, request_digest="", status=200, body={})
    IdempotentAnswer.objects.filter(key="old").update(created_at=now - timedelta(days=3))

    forgotten = forget_what_has_expired(now)

    assert (forgotten["answers"], forgotten["sessions"]) == (1, 1)
    assert Session.objects.get().session_key == "open"
    assert IdempotentAnswer.objects.get().key == "new"
