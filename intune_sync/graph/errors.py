"""The one family of Graph failures, decided at the door so that callers ask one question: may it succeed later?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from intune_sync.graph.waits import retry_after_seconds

JUSTIFICATION, APPROVAL_CODE = "x-msft-approval-justification", "x-msft-approval-code"


class GraphError(Exception):
    """A failed Graph call.

    `message` is what Graph said, in its own plain words; `status` is None if no answer came. `request_id` is what
    Microsoft's support asks for.
    """

    transient: ClassVar[bool] = False
    retry_after: float | None = None

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str = "",
        request_id: str = "",
        client_request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.request_id = request_id
        self.client_request_id = client_request_id


class Throttled(GraphError):
    """429. `retry_after` is in seconds, whether Graph sent a number, a date or nothing. Nothing was done."""

    transient = True
    retry_after: float = 30.0
    everyone = False
    """The whole tenant has asked too much, not this app alone."""


class GraphUnavailable(GraphError):
    """No usable answer, and nothing was changed: connection refused, 5xx or a broken answer to a read."""

    transient = True


class CircuitOpen(GraphUnavailable):
    """Not sent: calls pause because Graph has not answered. `retry_after` tells when it is asked the next time."""


class AnswerLost(GraphError):
    """A write was sent and its outcome is not known. It must be settled by reading, never by sending again."""


class Unauthenticated(GraphError):
    """No token, or Graph refuses the new one too."""


class Forbidden(GraphError):
    """The app registration lacks a permission, or the object is protected."""


class NotFound(GraphError):
    """Gone, or created so recently that it is not replicated yet."""


class Conflict(GraphError):
    """Somebody else wrote at the same time, or there is one already."""


class BadRequest(GraphError):
    """Graph understood the call and refuses it; it will always refuse it."""


class ApprovalRequired(GraphError):
    """Multi Admin Approval: nothing was done; another administrator has to approve the call in Intune first, and the
    same call is then made again, with `approval_code`, by which Intune knows the request that was approved."""

    approval_code = ""


class DependencyFailed(GraphError):
    """424: the call of the same batch on which this one depends has failed, so this one was not made."""


class BadAnswer(GraphError):
    """An answer that must not be trusted: a next link in a circle or to a foreign host, a page without its list."""


_BY_STATUS: dict[int, type[GraphError]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    424: DependencyFailed,
    429: Throttled,
}


def error_from_answer(
    status: int,
    headers: Mapping[str, str],
    body: Any,
    *,
    is_write: bool,
    client_request_id: str = "",
    attempt: int = 0,
) -> GraphError:
    """The error that an answer of status 300 or more means. `headers` are keyed case-insensitively or in lower case."""
    code, message, request_id, told_wait = _said(body)
    is_held = APPROVAL_CODE in headers or f"{JUSTIFICATION}' is required" in message
    fitting = BadRequest if status < 500 else AnswerLost if is_write else GraphUnavailable
    kind = ApprovalRequired if is_held else _BY_STATUS.get(status, fitting)
    error = kind(
        message or f"HTTP {status}",
        status=status,
        code=code,
        request_id=headers.get("request-id") or request_id,
        client_request_id=client_request_id,
    )
    wait = headers.get("retry-after") or told_wait
    if isinstance(error, ApprovalRequired):
        error.approval_code = headers.get(APPROVAL_CODE, "")
    if isinstance(error, Throttled):
        error.everyone = headers.get("x-ms-throttle-scope", "").startswith("Tenant/")
    if isinstance(error, Throttled) or wait:
        error.retry_after = retry_after_seconds(wait, attempt=attempt, date=headers.get("date") or "")
    return error


def _said(body: Any) -> tuple[str, str, str, str]:
    """Code, message, request id and seconds to wait of an error body, "" for each that is not there. Intune puts a
    second JSON document in the message, and sometimes the wait only there.

    https://github.com/microsoftgraph/powershell-intune-samples/issues/45
    """
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return "", "", "", ""
    inner = error.get("innerError") or {}
    message = str(error.get("message") or "")
    try:
        document = json.loads(message)
    except ValueError:
        document = None
    if isinstance(document, dict) and document.get("Message"):
        message = str(document["Message"]).split(" - Operation ID", 1)[0]
    wait = str(document.get("RetryAfter") or "") if isinstance(document, dict) else ""
    return str(error.get("code") or ""), message, str(inner.get("request-id") or ""), wait
