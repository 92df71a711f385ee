"""The one way in which a worker sends a write: that it is being sent, and what, is in the database before the call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

from intune_sync.graph import Answer
from intune_sync.kill_points import reach
from intune_sync.ledger import Lease
from intune_sync.merge import digest
from intune_sync.models import Operation

Status = Operation.Status
Clock = Callable[[], datetime]


def send(lease: Lease, body: Any, call: Callable[[str], Answer], at: Clock, **columns: Any) -> Answer:
    """`call` is given the client request id. `columns` are kept with *sending*. Raises GraphError and LostLease."""
    request = str(uuid4())
    if lease.operation.status == Status.SENT:
        lease.move(Status.CLAIMED, at())
    lease.move(
        Status.SENDING, at(), request_hash=digest(body), client_request_id=request, sent_at=at(), waits=0, **columns
    )
    answer = call(request)
    reach("after_call")
    lease.move(Status.SENT, at(), request_id=answer.request_id, problem="", error="")
    return answer
