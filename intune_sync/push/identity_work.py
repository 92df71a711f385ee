"""One try at the group tag and user of an Autopilot identity: read, write what differs, read back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction

from fleet.models import Device
from intune_sync.graph import GraphClient, NotFound
from intune_sync.models import Operation
from intune_sync.payloads.identities import Mark, assign_body, identity_path, user_path
from intune_sync.push.kill_points import reach
from intune_sync.push.ledger import Lease
from intune_sync.push.sending import send
from schools import audit

SHOWN_WITHIN = timedelta(minutes=3)
"""Intune takes a change at once and may show it later."""
LOOK_AGAIN_SECONDS = 10.0

Status, Problem = Operation.Status, Operation.Problem
Clock = Callable[[], datetime]


def carry_out(lease: Lease, client: GraphClient, at: Clock) -> None:
    """An identity that is gone fails. Raises GraphError, LostLease, Stopped."""
    operation = lease.operation
    mark = Mark(operation.desired.get("group_tag"), operation.desired.get("user"))
    try:
        raw = client.get(identity_path(operation.desired["autopilot_id"]))
    except NotFound:
        return lease.fail(Problem.DEVICE_GONE, at())
    reach("after_read")
    if mark.is_said_by(raw):
        return _record(lease, mark, raw, at())
    if operation.in_doubt:
        return _wait(lease, at())
    if not _user_exists(client, mark.user):
        return lease.fail(Problem.NO_USER, at())
    return _write_and_read_back(lease, client, mark, raw, at)


def _write_and_read_back(lease: Lease, client: GraphClient, mark: Mark, raw: dict[str, Any], at: Clock) -> None:
    _write(lease, client, mark, raw, at)
    raw = client.get(identity_path(lease.operation.desired["autopilot_id"]))
    reach("after_reading_back")
    if mark.is_said_by(raw):
        _record(lease, mark, raw, at())
    else:
        lease.look_again(Problem.NO_EFFECT, at(), LOOK_AGAIN_SECONDS)


def _write(lease: Lease, client: GraphClient, mark: Mark, raw: dict[str, Any], at: Clock) -> None:
    """Only what differs. `before` keeps what there was, for the audit trail."""
    before = lease.operation.before or {"group_tag": raw.get("groupTag"), "user": raw.get("userPrincipalName")}
    if mark.tag_differs(raw):
        _call(lease, client, "updateDeviceProperties", {"groupTag": mark.group_tag}, at, before=before)
    if mark.user and mark.user_differs(raw):
        body = assign_body(mark.user, str(raw.get("addressableUserName") or ""))
        _call(lease, client, "assignUserToDevice", body, at, before=before)
    elif mark.user_differs(raw):
        _call(lease, client, "unassignUserFromDevice", None, at, before=before)


def _call(lease: Lease, client: GraphClient, action: str, body: Any, at: Clock, **columns: Any) -> None:
    path = identity_path(lease.operation.desired["autopilot_id"], action)
    send(lease, [path, body], partial(client.post, path, body), at, in_doubt=True, **columns)


def _wait(lease: Lease, now: datetime) -> None:
    sent_at = lease.operation.sent_at
    if sent_at and now - sent_at < SHOWN_WITHIN:
        lease.look_again(Problem.NO_EFFECT, now, LOOK_AGAIN_SECONDS)
    else:
        lease.send_anew(Problem.NO_EFFECT, now)


def _user_exists(client: GraphClient, user: str | None) -> bool:
    """Intune takes any user of the domain, and a computer with one that is not there does not get through its start."""
    if not user:
        return True
    try:
        client.get(user_path(user), {"$select": "id"})
    except NotFound:
        return False
    return True


def _record(lease: Lease, mark: Mark, raw: dict[str, Any], now: datetime) -> None:
    operation = lease.operation
    with transaction.atomic():
        lease.move(Status.VERIFIED, now, finished_at=now, problem="", error="", waits=0, in_doubt=False)
        if mark.group_tag is not None:
            Device.objects.filter(autopilot_id=operation.desired["autopilot_id"]).update(
                observed_group_tag=mark.group_tag
            )
        after = {"group_tag": raw.get("groupTag"), "user": raw.get("userPrincipalName")}
        audit.record(
            "identity.marked",
            operation.device or operation,
            by=operation.requested_by,
            school=operation.device.school if operation.device else None,
            before=operation.before or after,
            after={**after, "request_id": operation.request_id},
            reason=operation.reason,
        )
