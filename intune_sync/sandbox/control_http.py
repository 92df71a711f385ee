"""JSON in and out of the control surface."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response


async def json_body(request: Request) -> Any:
    """An empty object for no body and for one that is not JSON."""
    raw = await request.body()
    try:
        return orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError:
        return {}


def json_answer(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


def refused(reason: str) -> Response:
    return json_answer({"error": reason}, 400)
