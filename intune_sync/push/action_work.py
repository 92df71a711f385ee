"""One try at a remote action for one computer. What may have been sent is settled by reading what Intune tells of the
computer; a destructive action is sent once at most, and never again after any doubt."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

from django.db import transaction
from django.utils.dateparse import parse_datetime

from fleet.models import Device
from intune_sync.graph import GraphClient, NotFound
from intune_sync.models import ActionOrder, Operation
from intune_sync.payloads.actions import CALLS, RESULTS, VANISHES, Result, action_path, device_path, results_of
from intune_sync.push import caps, epochs
from intune_sync.push.kill_points import reach
from intune_sync.push.ledger import Lease
from intune_sync.push.sending import send
from schools import audit

SETTLES_WITHIN = timedelta(minutes=10)
"""How long Intune may take to show an action that it has taken."""
SKEW = timedelta(minutes=5)
LOOK_AGAIN_SECONDS = 10.0

Status, Problem = Operation.Status, Operation.Problem
Clock = Callable[[], datetime]


def carry_out(lease: Lease, client: GraphClient, at: Clock) -> None:
    """Raises GraphError, LostLease, Stopped."""
    operation = lease.operation
    intune_id, action = operation.desired["intune_id"], operation.desired["action"]
    if operation.is_destructive and not operation.in_doubt and not epochs.is_current(operation.epoch):
        return lease.fail(Problem.VOIDED, at())
    try:
        raw = client.get(device_path(intune_id), RESULTS)
    except NotFound:
        return _gone(lease, action, at())
    reach("after_read")
    results = results_of(raw, action)
    if _is_another(raw, cast(Device, operation.device)):
        return lease.fail(Problem.DEVICE_GONE, at())
    if found := _new(operation, results):
        return _record(lease, found, at())
    if operation.in_doubt:
        return _settle(lease, at())
    return _send(lease, client, results, at)


def _settle(lease: Lease, now: datetime) -> None:
    """Sent, or perhaps sent, and not to be seen (yet)."""
    sent_at = lease.operation.sent_at
    if sent_at and now - sent_at < SETTLES_WITHIN:
        answered = bool(lease.operation.request_id)
        lease.look_again(Problem.NO_EFFECT if answered else Problem.SETTLING, now, LOOK_AGAIN_SECONDS)
    elif lease.operation.is_destructive:
        lease.fail(Problem.NEVER_SEEN, now)
    else:
        lease.send_anew(Problem.NO_EFFECT, now)


def _send(lease: Lease, client: GraphClient, results: list[Result], at: Clock) -> None:
    operation = lease.operation
    intune_id, action = operation.desired["intune_id"], operation.desired["action"]
    body = CALLS[action].body
    call = partial(client.post, action_path(intune_id, action), body, CALLS[action].version)
    try:
        send(
            lease,
            [action_path(intune_id, action), body],
            call,
            at,
            when=caps.room(at()) if operation.is_destructive else None,
            in_doubt=True,
            before=[each.as_json() for each in results],
        )
    except caps.Capped as full:
        lease.look_again(Problem.CAPPED, at(), (full.until - at()).total_seconds())
        return None
    try:
        raw = client.get(device_path(intune_id), RESULTS)
    except NotFound:
        return _gone(lease, action, at())
    reach("after_reading_back")
    if found := _new(operation, results_of(raw, action)):
        return _record(lease, found, at())
    return lease.look_again(Problem.NO_EFFECT, at(), LOOK_AGAIN_SECONDS)


def _new(operation: Operation, results: list[Result]) -> Result | None:
    """What Intune tells of this very call: not there before it, or, before it was sent, newer than the order, as when
    the database is older than what was done."""
    if operation.in_doubt:
        known = operation.before or []
        return next((each for each in results if each.as_json() not in known), None)
    if not operation.is_destructive:
        return None
    return next((each for each in results if _started_at(each) > operation.created_at + SKEW), None)


def _started_at(result: Result) -> datetime:
    found = parse_datetime(result.started)
    return found if found and found.tzinfo else datetime.fromisoformat("0001-01-02T00:00:00+00:00")


def _is_another(raw: dict[str, Any], device: Device) -> bool:
    """Whether the record is of another computer by now."""
    serial = str(raw.get("serialNumber") or "")
    return bool(serial) and serial.upper() != device.serial_number.upper()


def _gone(lease: Lease, action: str, now: datetime) -> None:
    """Wiped and retired computers leave Intune: what was taken and is gone has happened."""
    if lease.operation.in_doubt and lease.operation.request_id and action in VANISHES:
        return _record(lease, None, now)
    return lease.fail(Problem.DEVICE_GONE, now)


def _record(lease: Lease, found: Result | None, now: datetime) -> None:
    operation, order = lease.operation, cast(ActionOrder, lease.operation.order)
    device = cast(Device, operation.device)
    with transaction.atomic():
        lease.move(Status.VERIFIED, now, finished_at=now, problem="", error="", waits=0, in_doubt=False)
        after = {"action": order.action, "state": found.state if found else "gone", "request_id": operation.request_id}
        audit.record(
            "action.sent", device, by=order.requested_by, school=device.school, after=after, reason=order.reason
        )
