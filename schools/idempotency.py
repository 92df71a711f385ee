"""`Idempotency-Key` on API commands: the same key and request get the first answer again, and nothing is done twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from schools.models import IdempotentAnswer, User

LONGEST_KEY = 100
Action = Callable[..., Response]


class KeyReused(APIException):
    status_code = 422
    default_code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__(_("This Idempotency-Key was used for another request. Choose a new key."))


def idempotent(action: Action) -> Action:
    """Wrap a command of a viewset. Without the header it runs as it is.

    Requests with the same key wait in line for the first; then they get its answer. A command that raises leaves
    nothing, so that the same key may be tried again. If the process dies between the act and its stored answer, the
    next try runs the command again, and the state the act left refuses it (409).
    """

    @wraps(action)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        if "Idempotency-Key" not in request.headers:
            return action(view, request, *args, **kwargs)
        assert isinstance(request.user, User)
        row = IdempotentAnswer(
            user=request.user, key=_checked(request.headers["Idempotency-Key"]), request_digest=_digest(request)
        )
        with _alone(row):
            earlier = IdempotentAnswer.objects.filter(user=row.user, key=row.key).first()
            if earlier is not None:
                return _replay(earlier, row.request_digest)
            response = action(view, request, *args, **kwargs)
            _keep(row, response)
            return response

    return once


@contextmanager
def _alone(row: IdempotentAnswer) -> Iterator[None]:
    """A lock of the connection, not of a transaction: a command may talk to Graph, and then no transaction is open."""
    name = hashlib.sha256(f"{row.user_id} {row.key}".encode()).digest()
    lock = int.from_bytes(name[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [lock])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [lock])


def _digest(request: Request) -> str:
    """SHA-256 of method, path with query, and the parsed body, so that white space makes no other request."""
    said = [request.method, request.get_full_path(), request.data]
    return hashlib.sha256(json.dumps(said, sort_keys=True, cls=JSONEncoder).encode()).hexdigest()


def _checked(key: str) -> str:
    if not (key.isascii() and key.isprintable() and 0 < len(key) <= LONGEST_KEY):
        raise ValidationError({"Idempotency-Key": [_("A key has 1 to 100 printable ASCII characters.")]})
    return key


def _keep(row: IdempotentAnswer, response: Response) -> None:
    row.status = response.status_code
    row.body = json.loads(json.dumps(response.data, cls=JSONEncoder))
    row.save()


def _replay(earlier: IdempotentAnswer, digest: str) -> Response:
    if earlier.request_digest != digest:
        raise KeyReused
    return Response(earlier.body, status=earlier.status, headers={"Idempotent-Replay": "true"})
