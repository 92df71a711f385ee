"""Sends webhook deliveries that are due. No transaction is open while the other side answers."""

from __future__ import annotations

import json
import logging
import time
from datetime import datetime

import requests
from django.conf import settings
from django.db import transaction
from django.db.models import F

from schools.clock import shared_now
from schools.models import WebhookDelivery
from schools.notifications.retries import LEASE, pause_after
from schools.notifications.signature import signature

MOST_SECONDS = 15
"""A turn takes up no new delivery after this; the last one may take TIMEOUT_SECONDS more."""
TIMEOUT_SECONDS = 10
LARGEST_ANSWER = 200
Status = WebhookDelivery.Status
log = logging.getLogger(__name__)


def deliver(now: datetime) -> int:
    """Send what is due, until none is left or the time is up; how many were taken.

    A sender that is killed leaves its delivery to the next one, which sends it again after the lease under the same
    `Terminsklar-Delivery`: the receiver knows by that number what it has had already.
    """
    started, delivered = time.monotonic(), 0
    with requests.Session() as session:
        while time.monotonic() - started < MOST_SECONDS and (delivery := _claim(now)):
            is_taken, answer = _send(session, delivery)
            delivered += is_taken
            _settle(delivery, is_taken, answer, now)
    return delivered


@transaction.atomic
def _claim(now: datetime) -> WebhookDelivery | None:
    due = WebhookDelivery.objects.due(now).select_for_update(of=("self",), skip_locked=True)
    delivery = due.select_related("endpoint").order_by(F("not_before").asc(nulls_first=True), "id").first()
    if delivery is not None:
        delivery.attempts += 1
        claimed = WebhookDelivery.objects.filter(pk=delivery.pk)
        claimed.update(attempts=F("attempts") + 1, not_before=now + LEASE)
    return delivery


def body_of_delivery(delivery: WebhookDelivery) -> bytes:
    """The JSON that is sent: the same bytes at every try."""
    said = {
        "id": delivery.pk,
        "kind": delivery.kind,
        "episode": delivery.episode,
        "at": delivery.created_at.isoformat(timespec="seconds"),
        "url": f"{settings.SITE_URL}{delivery.body['url']}",
        "data": delivery.body["data"],
    }
    return json.dumps(said, ensure_ascii=False, sort_keys=True).encode()


def _send(session: requests.Session, delivery: WebhookDelivery) -> tuple[bool, str]:
    """Whether it was taken, and what the other side said: a status, or why there was no answer."""
    body = body_of_delivery(delivery)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Terminsklar",
        "Terminsklar-Kind": delivery.kind,
        "Terminsklar-Delivery": str(delivery.pk),
        "Terminsklar-Signature": signature(delivery.endpoint.secret, int(shared_now().timestamp()), body),
    }
    try:
        with session.post(
            delivery.endpoint.url,
            body,
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
            stream=True,  # the answer's body is nobody's concern, however long it is
        ) as answer:
            return 200 <= answer.status_code < 300, f"{answer.status_code} {answer.reason or ''}"[:LARGEST_ANSWER]
    except (requests.RequestException, OSError) as error:
        log.warning("webhook delivery %s was not taken: %s", delivery.pk, type(error).__name__)
        return False, type(error).__name__


def _settle(delivery: WebhookDelivery, is_taken: bool, answer: str, now: datetime) -> None:
    """Nothing changes when another sender has taken the delivery over meanwhile."""
    mine = WebhookDelivery.objects.filter(pk=delivery.pk, status=Status.WAITING, attempts=delivery.attempts)
    pause = pause_after(delivery.attempts)
    if is_taken:
        mine.update(status=Status.DELIVERED, answer=answer, finished_at=now)
    elif pause is None:
        mine.update(status=Status.GIVEN_UP, answer=answer, finished_at=now)
    else:
        mine.update(answer=answer, not_before=now + pause)
