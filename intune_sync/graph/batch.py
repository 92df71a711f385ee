"""JSON batching: at most 20 calls in one, each with its own outcome.

https://learn.microsoft.com/graph/json-batching
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from intune_sync.graph.errors import (
    AnswerLost,
    GraphError,
    GraphUnavailable,
    Throttled,
    Unauthenticated,
    error_from_answer,
)

if TYPE_CHECKING:
    from intune_sync.graph.client import GraphClient

MOST = 20
ROUNDS = 4


@dataclass(frozen=True)
class BatchRequest:
    """`url` is relative to the version root, for example `/groups/{id}/members/$count`.

    `only_asks`: a POST that changes nothing, such as starting an export, and may be repeated like a read.
    """

    id: str
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    only_asks: bool = False

    @property
    def is_write(self) -> bool:
        return self.method != "GET" and not self.only_asks

    def as_json(self) -> dict[str, Any]:
        headers = dict(self.headers)
        shown: dict[str, Any] = {"id": self.id, "method": self.method, "url": self.url}
        if self.body is not None:
            headers["Content-Type"] = "application/json"
            shown["body"] = self.body
        return {**shown, "headers": headers} if headers else shown


@dataclass(frozen=True)
class BatchAnswer:
    """`error` is None when the call succeeded."""

    status: int
    body: Any
    error: GraphError | None = None


def send_batch(graph: GraphClient, requests: list[BatchRequest], version: str) -> dict[str, BatchAnswer]:
    """Answers by request id, for every request.

    What Graph did not take (429, 401, and 5xx or no answer to a read) is sent again, after the largest wait asked for;
    what is still refused after some rounds carries its error. Raises Throttled when the wait is too long to sleep, and
    what the outer call raises.
    """
    answers: dict[str, BatchAnswer] = {}
    for start in range(0, len(requests), MOST):
        waiting = requests[start : start + MOST]
        for _ in range(ROUNDS):
            answers.update(_one_round(graph, waiting, version))
            waiting = [request for request in waiting if _may_repeat(answers[request.id].error)]
            if not waiting:
                break
            errors = [answers[request.id].error for request in waiting]
            if any(isinstance(error, Unauthenticated) for error in errors):
                graph.renew_token()
            throttled = [error for error in errors if isinstance(error, Throttled)]
            if throttled:
                graph.sleep_or_raise(max(throttled, key=lambda error: error.retry_after))
    return answers


def _one_round(graph: GraphClient, requests: list[BatchRequest], version: str) -> dict[str, BatchAnswer]:
    body = {"requests": [request.as_json() for request in requests]}
    is_write = any(request.is_write for request in requests)
    outer = graph.post("/$batch", body, version, is_write=is_write)
    responses = outer.body.get("responses", []) if isinstance(outer.body, dict) else []
    by_id = {str(response.get("id")): response for response in responses}
    return {request.id: _answer(request, by_id.get(request.id), outer.client_request_id) for request in requests}


def _answer(request: BatchRequest, response: dict[str, Any] | None, client_request_id: str) -> BatchAnswer:
    if response is None:
        kind = AnswerLost if request.is_write else GraphUnavailable
        return BatchAnswer(0, None, kind("The batch came back without this call.", client_request_id=client_request_id))
    status, body = int(response["status"]), response.get("body")
    if status < 300:
        return BatchAnswer(status, body)
    headers = {name.lower(): str(value) for name, value in (response.get("headers") or {}).items()}
    error = error_from_answer(status, headers, body, client_request_id=client_request_id, is_write=request.is_write)
    return BatchAnswer(status, body, error)


def _may_repeat(error: GraphError | None) -> bool:
    return isinstance(error, Throttled | GraphUnavailable | Unauthenticated)
