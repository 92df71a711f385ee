"""Acts about webhooks: where other systems listen, and for what. Sending is `schools.notifications.deliveries`."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from schools import audit
from schools.clock import shared_now
from schools.models import User, WebhookDelivery, WebhookEndpoint
from schools.notifications.kinds import is_registered

Status = WebhookDelivery.Status


@transaction.atomic
def create_webhook(name: str, url: str, kinds: Iterable[str], *, by: User) -> WebhookEndpoint:
    """A listener with a new secret, to be shown once. Raises ValidationError."""
    endpoint = WebhookEndpoint(secret=secrets.token_urlsafe(32), created_by=by)
    _put(endpoint, name, url, kinds, is_active=True)
    audit.record("webhook.created", endpoint, by=by, after=_said(endpoint))
    return endpoint


@transaction.atomic
def change_webhook(
    endpoint: WebhookEndpoint, name: str, url: str, kinds: Iterable[str], is_active: bool, *, by: User
) -> WebhookEndpoint:
    """What waits for a listener that is turned off goes out when it is turned on again. Raises ValidationError."""
    row = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    before = _said(row)
    _put(row, name, url, kinds, is_active)
    if _said(row) != before:
        audit.record("webhook.changed", row, by=by, before=before, after=_said(row))
    return row


@transaction.atomic
def send_again(delivery: WebhookDelivery, *, by: User) -> None:
    """Send it once more, with all its tries, whatever became of it; the receiver sees the same number."""
    row = WebhookDelivery.objects.select_for_update(of=("self",)).select_related("endpoint").get(pk=delivery.pk)
    before = {"status": row.status, "attempts": row.attempts}
    row.status, row.attempts, row.not_before, row.finished_at = Status.WAITING, 0, shared_now(), None
    row.save(update_fields=["status", "attempts", "not_before", "finished_at"])
    after = {"status": row.status, "attempts": 0, "event": row.kind}
    audit.record("webhook.sent_again", row.endpoint, by=by, before=before, after=after)


def _put(endpoint: WebhookEndpoint, name: str, url: str, kinds: Iterable[str], is_active: bool) -> None:
    endpoint.name, endpoint.url, endpoint.is_active = name.strip(), url.strip(), is_active
    endpoint.kinds = sorted(set(kinds))
    endpoint.full_clean()
    _check(endpoint)
    endpoint.save()


def _check(endpoint: WebhookEndpoint) -> None:
    """Systems inside the municipality are meant to listen, so private addresses are as good as others."""
    address = urlsplit(endpoint.url)
    if address.scheme not in ("http", "https"):
        raise ValidationError({"url": _("The address begins with https:// or http://.")})
    if address.username or address.password:
        raise ValidationError({"url": _("Leave user names and passwords out: the signature tells who is sending.")})
    unknown = [kind for kind in endpoint.kinds if not is_registered(kind)]
    if unknown or not endpoint.kinds:
        raise ValidationError({"kinds": _("Choose at least one thing that the portal tells of.")})


def _said(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "name": endpoint.name,
        "url": endpoint.url,
        "kinds": list(endpoint.kinds),
        "is_active": endpoint.is_active,
    }
