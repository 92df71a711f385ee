"""The one way in which a worker sends a write: that it is being sent, and what, is in the database before the call."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any, TypeVar
from uuid import uuid4

from intune_sync.graph import Answer, AnswerLost, BadAnswer, GraphError
from intune_sync.models import Operation
from intune_sync.push.kill_points import reach
from intune_sync.push.ledger import Lease
from intune_sync.push.merge import digest

Status = Operation.Status
Clock = Callable[[], datetime]
T = TypeVar("T")


def send(
    lease: Lease,
    body: Any,
    call: Callable[..., Answer],
    at: Clock,
    *,
    when: AbstractContextManager[object] | None = None,
    **columns: Any,
) -> Answer:
    """`call` is given `client_request_id`, `justification` and `approval_code`. `columns` are kept with *sending*,
    inside of `when`.

    Raises GraphError, LostLease, and Stopped when the kill switch was thrown meanwhile.
    """
    request, code = str(uuid4()), _approval_code(lease.operation, body)
    _keep_sending(lease, body, at, when, client_request_id=request, **columns)
    try:
        answer = call(client_request_id=request, justification=justification(lease.operation), approval_code=code)
    except GraphError as error:
        _note(lease, error)
        raise
    _keep_sent(lease, at, answer.request_id)
    return answer


def send_many(lease: Lease, body: Any, call: Callable[..., T], at: Clock) -> T:
    """As `send`, for a batch: each of its calls has its own outcome. `call` is given `justification`."""
    _keep_sending(lease, body, at, None, client_request_id=None)
    answers = call(justification=justification(lease.operation))
    _keep_sent(lease, at, "")
    return answers


def justification(operation: Operation) -> str:
    """Why, for whoever approves it in Intune."""
    change_set = operation.change_set
    said = operation.reason or (change_set.reason if change_set else "") or str(operation.subject)
    return f"Terminsklar {change_set.pk if change_set else operation.pk}: {' '.join(said.split())}"


def _approval_code(operation: Operation, body: Any) -> str:
    """What Intune gave when it asked for approval of the same body; another body needs an approval of its own."""
    return operation.approval_code if operation.request_hash == digest(body) else ""


def _note(lease: Lease, error: GraphError) -> None:
    """Any answer but a lost one says that nothing was done. An older doubt of the same operation is gone with it, as
    none is sent while one lasts."""
    if not isinstance(error, AnswerLost | BadAnswer):
        lease.keep(in_doubt=False)


def _keep_sending(
    lease: Lease, body: Any, at: Clock, when: AbstractContextManager[object] | None, **columns: Any
) -> None:
    if lease.operation.status == Status.SENT:
        lease.move(Status.CLAIMED, at())
    with when or nullcontext():
        lease.move(Status.SENDING, at(), request_hash=digest(body), sent_at=at(), waits=0, **columns)
    lease.still_sending(at())


def _keep_sent(lease: Lease, at: Clock, request_id: str) -> None:
    reach("after_call")
    lease.move(Status.SENT, at(), request_id=request_id, problem="", error="", approval_since=None, approval_code="")
