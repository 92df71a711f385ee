"""What django-axes needs of us: whose address, what the page says, and until when the pause lasts.

After ten failures for a user name from one address there is a pause of a quarter of an hour, even for the right
password.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.http import HttpRequest, HttpResponse


def address_of(request: HttpRequest) -> str | None:
    """The client's; behind a trusted proxy `config.middleware.client_address` has put it there."""
    return request.META.get("REMOTE_ADDR") or None


def is_paused(request: HttpRequest | None) -> bool:
    """Whether axes stopped this request's attempt, before any password was looked at or with the last one."""
    return bool(getattr(request, "axes_locked_out", False))


def paused_until(username: str, request: HttpRequest | None) -> datetime | None:
    """When the user name may be tried again from this address."""
    if request is None:
        return None
    failures = AccessAttempt.objects.filter(username=username, ip_address=address_of(request))
    last = failures.order_by("-attempt_time").values_list("attempt_time", flat=True).first()
    cool_off = settings.AXES_COOLOFF_TIME
    return last + cool_off if last else None


def say_on_the_page(
    request: HttpRequest, response: HttpResponse | None = None, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """The sign-in page as it is, with its sentence about the pause, as 429."""
    response = response or HttpResponse()
    response.status_code = 429
    return response
