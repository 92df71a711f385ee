"""Every Graph request the sandbox received, including those inside batches."""

from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .approvals import CODE, JUSTIFICATION
from .clock import Clock, graph_date
from .messages import GraphRequest

Json = dict[str, Any]
KEPT = 100_000
FILTERS = (
    "since",
    "limit",
    "method",
    "path_contains",
    "path_prefix",
    "status",
    "client_id",
    "identity",
    "executed",
    "batch",
)


class Ledger:
    """An entry's `status` is None until the request is answered, and stays so when the connection was cut before.

    `executed`: the request was carried out, whatever the client was told; `answered`: the answer left in one piece.
    `received_at` is wall time, `at` the sandbox's.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.entries: deque[Json] = deque(maxlen=KEPT)
        self.written = 0

    def open(self, request: GraphRequest) -> Json:
        self.written += 1
        entry: Json = {
            "n": self.written,
            "at": graph_date(self.clock.now()),
            "received_at": datetime.now(UTC).isoformat(timespec="microseconds"),
            "method": request.method,
            "path": f"/{request.version}{request.path}",
            "query": dict(request.query),
            "status": None,
            "executed": False,
            "answered": False,
            "retry_after": None,
            "service": None,
            "client_request_id": request.client_request_id,
            "request_id": request.request_id,
            "app_id": request.client_id,
            "identity": request.identity,
            "body": request.body if request.method != "GET" else None,
            "batch": request.batch,
            "justification": request.headers.get(JUSTIFICATION, ""),
            "approval_code": request.headers.get(CODE, ""),
        }
        self.entries.append(entry)
        return entry

    def listed(self, asked: Mapping[str, str]) -> list[Json]:
        """Entries that fit all of FILTERS given; `limit` keeps the newest. Raises ValueError."""
        if unknown := set(asked) - set(FILTERS):
            raise ValueError(f"the ledger cannot be filtered by {min(unknown)}, only by {', '.join(FILTERS)}")
        numbers = {name: int(asked[name]) for name in ("since", "limit", "status", "batch") if name in asked}
        if asked.get("executed", "true") not in ("true", "false"):
            raise ValueError("executed must be true or false")
        found = [entry for entry in self.entries if _fits(entry, asked, numbers)]
        return found[-numbers["limit"] :] if numbers.get("limit") else found

    def clear(self) -> None:
        self.entries.clear()


def _fits(entry: Json, asked: Mapping[str, str], numbers: Mapping[str, int]) -> bool:
    texts = (("method", "method"), ("client_id", "app_id"), ("identity", "identity"))
    return (
        entry["n"] > numbers.get("since", 0)
        and all(asked.get(name, "").upper() in ("", entry[key].upper()) for name, key in texts)
        and asked.get("path_contains", "") in entry["path"]
        and entry["path"].startswith(asked.get("path_prefix", ""))
        and all(numbers.get(name, entry[name]) == entry[name] for name in ("status", "batch"))
        and ("executed" not in asked or entry["executed"] == (asked["executed"] == "true"))
    )
