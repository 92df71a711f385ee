"""`$batch`: up to twenty requests in one, answered in any order, each with its own status.

https://learn.microsoft.com/graph/json-batching
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import uuid4

import orjson

from .chance import unit
from .errors import GraphFault, method_not_allowed
from .messages import GraphRequest, GraphResponse, answer
from .switches import switch

if TYPE_CHECKING:
    from .graph import Graph

Json = dict[str, Any]

MOST_REQUESTS = 20
METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
BATCH_UNKNOWN_SEGMENT = switch(
    "batch_unknown_segment",
    "400",
    "How a request inside a batch for a path that the version lacks is answered; alone it is always 400.",
    *("400", "405"),
)


async def handle(graph: Graph, request: GraphRequest) -> GraphResponse:
    if request.method != "POST":
        raise method_not_allowed()
    items = _checked_items(request.body)
    number = graph.ledger.written
    answers: dict[str, Json] = {}
    for item in _in_order(items):
        parents = [answers[parent.lower()] for parent in item.get("dependsOn") or ()]
        if any(parent["status"] >= 400 for parent in parents):
            answers[item["id"].lower()] = _failed_dependency(item)
        else:
            response = await graph.handle(_inner_request(request, item, number))
            answers[item["id"].lower()] = _shown(item["id"], response)
    seed = graph.world.seed
    shuffled = sorted(answers.values(), key=lambda each: unit(seed, number, len(each["id"]), *each["id"].encode()))
    return answer({"responses": shuffled})


def _bad(message: str) -> GraphFault:
    return GraphFault(400, "BadRequest", message, plain=True)


def _checked_items(body: Any) -> list[Json]:
    """Raises GraphFault 400 for the whole batch."""
    items = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(items, list) or not items:
        raise _bad("Invalid batch payload format.")
    if len(items) > MOST_REQUESTS:
        raise _bad(f"Number of batch request steps exceeds the maximum value of {MOST_REQUESTS}.")
    seen: set[str] = set()
    for item in items:
        _check_item(item, seen)
        seen.add(item["id"].lower())
    for item in items:
        for parent in item.get("dependsOn") or ():
            if str(parent).lower() not in seen or str(parent).lower() == item["id"].lower():
                raise _bad(f"Request {item['id']} depends on request {parent}, which is not in the batch.")
    return items


def _check_item(item: Any, seen: set[str]) -> None:
    if not isinstance(item, dict) or not isinstance(item.get("id"), str) or not item["id"]:
        raise _bad("Every request of a batch needs an id.")
    if item["id"].lower() in seen:
        raise _bad(f"Request Id {item['id']} has to be unique in a batch.")
    if item.get("method") not in METHODS or not isinstance(item.get("url"), str):
        raise _bad(f"Request {item['id']} needs a method and a url.")
    if item["url"].lower().startswith(("http:", "https:")) or item["url"].strip("/").startswith("$batch"):
        raise _bad(f"The url of request {item['id']} must be relative to the version.")
    if not isinstance(item.get("headers") or {}, dict) or not isinstance(item.get("dependsOn") or [], list):
        raise _bad(f"Request {item['id']} has headers or dependsOn of the wrong kind.")
    headers = {str(name).lower() for name in item.get("headers") or {}}
    if "body" in item and "content-type" not in headers:
        raise _bad(f"Write request id : {item['id']} does not contain Content-Type header or body.")


def _in_order(items: list[Json]) -> list[Json]:
    """Parents before their dependants. Raises GraphFault 400 for a circle."""
    done: set[str] = set()
    ordered: list[Json] = []
    waiting = list(items)
    while waiting:
        ready = [item for item in waiting if all(parent.lower() in done for parent in item.get("dependsOn") or ())]
        if not ready:
            raise _bad("The requests of the batch depend on each other in a circle.")
        ordered += ready
        done |= {item["id"].lower() for item in ready}
        waiting = [item for item in waiting if item["id"].lower() not in done]
    return ordered


def _inner_request(outer: GraphRequest, item: Json, number: int) -> GraphRequest:
    parts = urlsplit("/" + item["url"].lstrip("/"))
    headers = {str(name).lower(): str(value) for name, value in (item.get("headers") or {}).items()}
    headers.setdefault("authorization", outer.headers.get("authorization", ""))
    return GraphRequest(
        version=outer.version,
        method=item["method"],
        path=unquote(parts.path),
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers=headers,
        body=item.get("body"),
        base_url=outer.base_url,
        request_id=str(uuid4()),
        batch=number,
    )


def _shown(identifier: str, response: GraphResponse) -> Json:
    headers = {"Cache-Control": "no-cache", **response.headers}
    shown: Json = {"id": identifier, "status": response.status, "headers": headers}
    if not response.body:
        return shown
    headers["Content-Type"] = response.content_type
    if response.content_type.startswith(("application/json", "text/plain")):
        shown["body"] = orjson.loads(response.body)
    else:
        shown["body"] = base64.b64encode(response.body).decode()
    return shown


def _failed_dependency(item: Json) -> Json:
    error = {"code": "FailedDependency", "message": "A request this one depends on failed."}
    headers = {"Content-Type": "application/json"}
    return {"id": item["id"], "status": 424, "headers": headers, "body": {"error": error}}
