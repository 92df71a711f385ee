"""Graph's error answers, in the two forms in which services give them."""

import json
from typing import Any

Json = dict[str, Any]


class GraphFault(Exception):
    """An error answer. `plain` forces the short form of Entra; Intune wraps its message in a second JSON document,
    which may say `said_wait` seconds to wait."""

    said_wait: float | None = None

    def __init__(
        self, status: int, code: str, message: str, *, headers: dict[str, str] | None = None, plain: bool = False
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers, self.plain = status, code, message, headers or {}, plain


class UnknownSegment(GraphFault):
    """The version has no such path."""

    def __init__(self, segment: str) -> None:
        super().__init__(400, "BadRequest", f"Resource not found for the segment '{segment}'.", plain=True)


def method_not_allowed() -> GraphFault:
    message = "Specified HTTP method is not allowed for the request target."
    return GraphFault(405, "Request_BadRequest", message, plain=True)


def not_found(identifier: str) -> GraphFault:
    message = (
        f"Resource '{identifier}' does not exist or one of its queried reference-property objects are not present."
    )
    return GraphFault(404, "ResourceNotFound", message)


def entra_not_found(identifier: str) -> GraphFault:
    message = (
        f"Resource '{identifier}' does not exist or one of its queried reference-property objects are not present."
    )
    return GraphFault(404, "Request_ResourceNotFound", message, plain=True)


def bad_request(message: str) -> GraphFault:
    """Entra's refusal."""
    return GraphFault(400, "Request_BadRequest", message, plain=True)


def error_body(fault: GraphFault, *, intune: bool, at: str, request_id: str, client_request_id: str, url: str) -> Json:
    """The body; `at` is a date without zone, as Graph writes it here."""
    message = fault.message
    if intune and not fault.plain:
        message = _intune_message(fault, request_id, client_request_id, url)
    inner = {"date": at, "request-id": request_id, "client-request-id": client_request_id}
    return {"error": {"code": fault.code, "message": message, "innerError": inner}}


def _intune_message(fault: GraphFault, request_id: str, client_request_id: str, url: str) -> str:
    """https://github.com/microsoftgraph/powershell-intune-samples/issues/45 shows one."""
    text = (
        f"{fault.message} - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - Activity ID: "
        f"{client_request_id or request_id} - Url: https://fef.msub05.manage.microsoft.com/StatelessService{url}"
    )
    document = {
        "_version": 3,
        "Message": text,
        "CustomApiErrorPhrase": "",
        "RetryAfter": fault.said_wait,
        "ErrorSourceService": "",
        "HttpHeaders": "{}",
    }
    return json.dumps(document, indent=2, ensure_ascii=False)
