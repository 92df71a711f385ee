"""One try at the membership rule of a dynamic group that is to be put back: read it, write it, read back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from intune_sync.drift.compare import same_rule
from intune_sync.graph import GraphClient
from intune_sync.models import IntuneGroup, Operation
from intune_sync.payloads.members import RULE_PARAMS, group_path, rule_body
from intune_sync.payloads.values import text
from intune_sync.push import ledger
from intune_sync.push.kill_points import reach
from intune_sync.push.ledger import Lease
from intune_sync.push.sending import send
from schools import audit

Status, Problem = Operation.Status, Operation.Problem
Clock = Callable[[], datetime]


def carry_out(lease: Lease, client: GraphClient, at: Clock) -> None:
    """Only while the rule is the one that the approval was about. Raises GraphError and LostLease."""
    wanted = lease.operation.desired
    present = _read(client, wanted["group_id"])
    reach("after_read")
    if same_rule(present, wanted["after"]):
        return _record(lease, present, at())
    if not same_rule(present, wanted["before"]):
        return lease.fail(Problem.RULE_CHANGED, at())
    body = rule_body(wanted["after"])
    send(lease, body, partial(client.patch, group_path(wanted["group_id"]), body), at)
    present = _read(client, wanted["group_id"])
    reach("after_reading_back")
    if not same_rule(present, wanted["after"]):
        return lease.try_again(Problem.NO_EFFECT, at())
    return _record(lease, present, at())


def _read(client: GraphClient, group_id: str) -> str:
    return text(client.get(group_path(group_id), RULE_PARAMS).get("membershipRule"), 10_000)


def _record(lease: Lease, rule: str, now: datetime) -> None:
    """The mirror shows at once what was read back."""
    wanted: dict[str, Any] = lease.operation.desired
    with transaction.atomic():
        change_set_id = ledger.lock_change_set(lease.operation)
        lease.move(Status.VERIFIED, now, finished_at=now, problem="", error="", waits=0)
        IntuneGroup.objects.filter(graph_id=wanted["group_id"]).update(membership_rule=rule)
        before = {"group": wanted["name"], "rule": wanted["before"]}
        after = {"rule": rule, "entra_group_id": wanted["group_id"], "request_id": lease.operation.request_id}
        group = IntuneGroup.objects.filter(graph_id=wanted["group_id"]).first()
        audit.record("group.rule_put_back", group or lease.operation, by=None, before=before, after=after)
        ledger.finish_if_done(change_set_id, now)
