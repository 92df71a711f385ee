"""Notifications for scripts."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import factories

pytestmark = pytest.mark.django_db


def headers(token: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept-Language": "en", **more}


def test_own_notifications_are_listed_in_words_and_marked_as_read() -> None:
    person = factories.person("it_admin")
    token, row = factories.api_token(person), factories.notification(person)
    factories.notification(person, read_at=factories.NOW)
    factories.notification(factories.user())

    listed = Client().get("/api/v1/notifications/?unread=true", headers=headers(token)).json()["results"]
    read = Client().post(
        f"/api/v1/notifications/{row.pk}/read/",
        "{}",
        content_type="application/json",
        headers=headers(token, **{"Idempotency-Key": "a"}),
    )

    assert [(each["id"], each["subject"]) for each in listed] == [(row.pk, "Change 7 waits for your approval")]
    assert read.status_code == 200
    row.refresh_from_db()
    assert row.read_at


def test_anothers_notification_is_not_found() -> None:
    token, row = factories.api_token(factories.person("it_admin")), factories.notification(factories.user())

    answer = Client().post(f"/api/v1/notifications/{row.pk}/read/", headers=headers(token))

    assert answer.status_code == 404
