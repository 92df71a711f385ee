"""The two first computers: the teacher says that it works, or somebody says why nobody needs to try."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from deployments.models import AppRequest
from deployments.requests.permissions import follows_up
from deployments.services.requests.carrying import carry_all
from deployments.services.requests.course import Status, check_reason, locked, require, step
from schools.models import User


@transaction.atomic
def pilot_works(request: AppRequest, by: User, now: datetime | None = None) -> AppRequest:
    """It works on the two, so the rest follow. Raises InvalidMove, PermissionDenied."""
    row = _for_follow_up(request, by, Status.PILOT)
    return _rest(row, "request.pilot_works", by, now or timezone.now(), "")


@transaction.atomic
def skip_pilot(request: AppRequest, by: User, reason: str, now: datetime | None = None) -> AppRequest:
    """Let the rest follow without waiting for the two. Raises InvalidMove, PermissionDenied, ValidationError without a
    reason."""
    reason = check_reason(reason)
    row = _for_follow_up(request, by, Status.PLANNED, Status.PILOT)
    return _rest(row, "request.pilot_skipped", by, now or timezone.now(), reason)


def _for_follow_up(request: AppRequest, by: User, *statuses: str) -> AppRequest:
    if not follows_up(by, request):
        raise PermissionDenied
    row = locked(request)
    require(row, *statuses)
    return row


def _rest(row: AppRequest, act: str, by: User, now: datetime, reason: str) -> AppRequest:
    columns: dict[str, Any] = {"reason": reason} if reason else {}
    if row.pilot_devices.exists():
        decision = row.decisions.order_by("pk").first()
        assert decision is not None  # made when it was planned
        columns["change_set"] = carry_all(row, decision, now)
    return step(row, Status.INSTALLING, act, by=by, now=now, reason=reason, columns=columns)
