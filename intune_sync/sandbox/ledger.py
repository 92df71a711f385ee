"""Every Graph request the sandbox received, including those inside batches."""

from collections import deque
from typing import Any

from .clock import Clock, graph_date
from .messages import GraphRequest

Json = dict[str, Any]
KEPT = 50_000


class Ledger:
    """An entry's `status` is None until the request is answered, and stays so when the connection was cut before."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.entries: deque[Json] = deque(maxlen=KEPT)
        self.written = 0

    def open(self, request: GraphRequest) -> Json:
        self.written += 1
        entry: Json = {
            "n": self.written,
            "at": graph_date(self.clock.now()),
            "method": request.method,
            "path": f"/{request.version}{request.path}",
            "query": dict(request.query),
            "status": None,
            "client_request_id": request.client_request_id,
            "request_id": request.request_id,
            "app_id": request.client_id,
            "body": request.body if request.method != "GET" else None,
            "batch": request.batch,
        }
        self.entries.append(entry)
        return entry

    def listed(self, since: int, method: str, path_contains: str) -> list[Json]:
        """Entries after number `since`; empty texts match all."""
        return [
            entry
            for entry in self.entries
            if entry["n"] > since and method in ("", entry["method"]) and path_contains in entry["path"]
        ]

    def clear(self) -> None:
        self.entries.clear()
