"""Webhooks: signed, tried again, given up at last, never sent on by redirects."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from schools.models import User, WebhookDelivery, WebhookEndpoint
from schools.notifications.deliveries import deliver
from schools.notifications.retries import LEASE, PAUSES
from schools.services.notify import tell
from schools.services.webhooks import create_webhook, send_again
from tests import factories
from tests.factories import NOW
from tests.notifications.listener import Listener, listening

pytestmark = pytest.mark.django_db
KIND = "changeset.planned"


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as server:
        yield server


@pytest.fixture
def admin() -> User:
    return factories.person("it_admin")


@pytest.fixture
def endpoint(listener: Listener, admin: User) -> WebhookEndpoint:
    return create_webhook("Ärendesystemet", listener.url, [KIND], by=admin)


def told(episode: str = "a") -> WebhookDelivery:
    tell([], KIND, episode=episode, url="/changes/7/", data={"number": 7, "revision": "VT 2027 å"})
    return WebhookDelivery.objects.filter(episode=episode).latest("id")


def test_body_says_what_happened_and_where(listener: Listener, endpoint: WebhookEndpoint) -> None:
    delivery = told()

    assert (deliver(NOW), deliver(NOW)) == (1, 0)

    [(headers, body)] = listener.received
    said = json.loads(body)
    assert said.pop("at")
    assert said == {
        "id": delivery.pk,
        "kind": KIND,
        "episode": "a",
        "url": "http://testserver/changes/7/",
        "data": {"number": 7, "revision": "VT 2027 å"},
    }
    assert headers["Terminsklar-Delivery"] == str(delivery.pk)


def test_receiver_can_check_the_signature_with_the_secret(listener: Listener, endpoint: WebhookEndpoint) -> None:
    told()
    deliver(NOW)
    [(headers, body)] = listener.received

    timestamp, _comma, sent = headers["Terminsklar-Signature"].removeprefix("t=").partition(",v1=")

    expected = hmac.new(endpoint.secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(sent, expected)


@pytest.mark.parametrize("answer", [500, 404, 301, 302, 307])
def test_any_answer_but_success_is_tried_again_with_the_same_body(
    answer: int, listener: Listener, endpoint: WebhookEndpoint
) -> None:
    listener.answers = [answer, 204]
    told()

    assert deliver(NOW) == 0
    row = WebhookDelivery.objects.get()
    assert (row.status, row.not_before) == ("waiting", NOW + PAUSES[0])
    assert row.answer.startswith(str(answer))
    assert deliver(NOW + PAUSES[0]) == 1
    assert listener.received[0][1] == listener.received[1][1]
    assert len(listener.received) == 2


def test_listener_that_is_away_is_given_up_in_the_end_and_can_be_called_again(
    listener: Listener, endpoint: WebhookEndpoint, admin: User
) -> None:
    WebhookEndpoint.objects.update(url="http://127.0.0.1:1/")
    told()
    now = NOW
    for pause in [*PAUSES, timedelta(0)]:
        deliver(now)
        now += pause
    row = WebhookDelivery.objects.get()
    assert (row.status, row.attempts, row.answer) == ("given_up", len(PAUSES) + 1, "ConnectionError")

    WebhookEndpoint.objects.update(url=listener.url)
    send_again(row, by=admin)
    row.refresh_from_db()
    assert deliver(row.not_before) == 1


def test_delivery_of_a_killed_sender_goes_out_after_the_lease(listener: Listener, endpoint: WebhookEndpoint) -> None:
    told()
    WebhookDelivery.objects.update(attempts=1, not_before=NOW + LEASE)

    assert deliver(NOW + LEASE - timedelta(seconds=1)) == 0
    assert deliver(NOW + LEASE) == 1


def test_listener_that_is_turned_off_waits(listener: Listener, endpoint: WebhookEndpoint) -> None:
    told()
    WebhookEndpoint.objects.update(is_active=False)

    assert deliver(NOW) == 0
    WebhookEndpoint.objects.update(is_active=True)
    assert deliver(NOW) == 1


def test_one_dead_listener_does_not_stop_the_others(listener: Listener, endpoint: WebhookEndpoint, admin: User) -> None:
    create_webhook("Borta", "http://127.0.0.1:1/", [KIND], by=admin)
    told()

    assert deliver(NOW) == 1
    assert len(listener.received) == 1
