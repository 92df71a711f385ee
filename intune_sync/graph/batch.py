"""JSON batching: at most 20 calls in one, each with its own outcome.

https://learn.microsoft.com/graph/json-batching
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from intune_sync import own_words
from intune_sync.graph.errors import (
    AnswerLost,
    DependencyFailed,
    GraphError,
    GraphUnavailable,
    Throttled,
    Unauthenticated,
    error_from_answer,
)
from intune_sync.graph.services import charges, service_of

if TYPE_CHECKING:
    from intune_sync.graph.client import GraphClient

MOST = 20
ROUNDS = 4


@dataclass(frozen=True)
class BatchRequest:
    """`url` is relative to the version root, for example `/groups/{id}/members/$count`.

    `only_asks`: a POST that changes nothing, such as starting an export, and may be repeated like a read.
    `depends_on`: ids of requests before it, which must stand within the same twenty.
    """

    id: str
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    only_asks: bool = False
    depends_on: tuple[str, ...] = ()

    @property
    def is_write(self) -> bool:
        return self.method != "GET" and not self.only_asks

    def with_headers(self, headers: Mapping[str, str]) -> BatchRequest:
        return replace(self, headers={**self.headers, **headers})

    def as_json(self, client_request_id: str, waits_for: Collection[str] = ()) -> dict[str, Any]:
        headers = {**self.headers, "client-request-id": client_request_id}
        shown: dict[str, Any] = {"id": self.id, "method": self.method, "url": self.url}
        if self.body is not None:
            headers["Content-Type"] = "application/json"
            shown["body"] = self.body
        if waits_for:
            shown["dependsOn"] = list(waits_for)
        return {**shown, "headers": headers}


@dataclass(frozen=True)
class BatchAnswer:
    """`error` is None when the call succeeded. Both ids are of this call, not of the batch, where Graph names them."""

    status: int
    body: Any
    error: GraphError | None = None
    client_request_id: str = ""
    request_id: str = ""


def send_batch(graph: GraphClient, requests: list[BatchRequest], version: str) -> dict[str, BatchAnswer]:
    """Answers by request id, for every request; ids that differ in case alone are one to Graph and raise ValueError.

    What Graph did not take (429, 401, and 5xx or no answer to a read) is sent again, after the largest wait asked for;
    what is still refused after some rounds, or would have to wait too long, carries its error. What became of a write
    whose batch came to no answer is not known: AnswerLost. Raises what an outer call raises that Graph did not take.
    """
    if len({request.id.casefold() for request in requests}) != len(requests):
        raise ValueError("two requests of a batch have the same id")
    answers: dict[str, BatchAnswer] = {}
    for start in range(0, len(requests), MOST):
        waiting = requests[start : start + MOST]
        for number in range(ROUNDS):
            answers.update(_one_round(graph, waiting, version))
            waiting = [request for request in waiting if _may_repeat(answers[request.id].error)]
            errors = [error for request in waiting if (error := answers[request.id].error)]
            if not _settle(graph, waiting, errors) or number + 1 == ROUNDS:
                break
    return answers


def _settle(graph: GraphClient, waiting: list[BatchRequest], errors: list[GraphError]) -> bool:
    """Do what another round needs first; False when there shall be none."""
    if any(isinstance(error, Unauthenticated) for error in errors):
        graph.renew_token()
    worst: Throttled | None = None
    for request, error in zip(waiting, errors, strict=True):
        if isinstance(error, Throttled):
            graph.was_throttled(error, service_of(request.url))
            worst = error if worst is None or error.retry_after > worst.retry_after else worst
    # What only failed along with its parent has nothing of its own to wait for.
    return any(not isinstance(error, DependencyFailed) for error in errors) and (worst is None or graph.sleeps(worst))


def _one_round(graph: GraphClient, requests: list[BatchRequest], version: str) -> dict[str, BatchAnswer]:
    ids = {request.id: str(uuid4()) for request in requests}
    body = {
        "requests": [
            request.as_json(ids[request.id], [parent for parent in request.depends_on if parent in ids])
            for request in requests
        ]
    }
    costs = charges((request.method, request.url) for request in requests)
    is_write = any(request.is_write for request in requests)
    try:
        outer = graph.post("/$batch", body, version, is_write=is_write, costs=costs)
    except AnswerLost as lost:
        return {request.id: _lost(request, lost, ids[request.id]) for request in requests}
    responses = outer.body.get("responses", []) if isinstance(outer.body, dict) else []
    by_id = {str(response.get("id")).casefold(): response for response in responses}
    date = outer.headers.get("date") or ""
    return {each.id: _answer(each, by_id.get(each.id.casefold()), ids[each.id], date) for each in requests}


def _lost(request: BatchRequest, lost: AnswerLost, client_request_id: str) -> BatchAnswer:
    kind = AnswerLost if request.is_write else GraphUnavailable
    error = kind(
        lost.message or own_words.BATCH_LOST,
        status=lost.status,
        request_id=lost.request_id,
        client_request_id=client_request_id,
    )
    return BatchAnswer(lost.status or 0, None, error, client_request_id, lost.request_id)


def _answer(request: BatchRequest, response: dict[str, Any] | None, client_request_id: str, date: str) -> BatchAnswer:
    """`date` is when Graph answered the batch, by its own clock."""
    if response is None:
        kind = AnswerLost if request.is_write else GraphUnavailable
        error: GraphError = kind(own_words.NOT_IN_BATCH, client_request_id=client_request_id)
        return BatchAnswer(0, None, error, client_request_id)
    status, body = int(response["status"]), response.get("body")
    own = {name.lower(): str(value) for name, value in (response.get("headers") or {}).items()}
    headers = {"date": date, **own}
    request_id = headers.get("request-id", "")
    if status < 300:
        return BatchAnswer(status, body, None, client_request_id, request_id)
    error = error_from_answer(status, headers, body, client_request_id=client_request_id, is_write=request.is_write)
    return BatchAnswer(status, body, error, client_request_id, error.request_id)


def _may_repeat(error: GraphError | None) -> bool:
    return isinstance(error, Throttled | GraphUnavailable | Unauthenticated | DependencyFailed)
