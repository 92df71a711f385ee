"""A Graph request and its answer, the same over HTTP and inside a batch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

Json = dict[str, Any]


@dataclass(slots=True)
class PageFault:
    """What goes wrong with a list: an empty page, a link back to the same page, rows that moved on or back between two
    pages, and a share of the rows that is left out."""

    is_empty: bool = False
    leads_nowhere: bool = False
    moved: int = 0
    left_out: float = 0.0


@dataclass(slots=True)
class GraphRequest:
    """`path` is decoded and below the version; headers are lower-case; `batch` is the ledger's number of its batch."""

    version: str
    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: Any
    base_url: str
    request_id: str
    client_id: str = ""
    identity: str = ""
    roles: frozenset[str] = frozenset()
    batch: int | None = None
    ids: tuple[str, ...] = ()
    start: int = 0
    page: "PageFault | None" = None
    is_malformed: bool = False

    @property
    def client_request_id(self) -> str:
        return self.headers.get("client-request-id", "")

    @property
    def is_advanced(self) -> bool:
        """An advanced Entra query: header and `$count` together."""
        eventual = self.headers.get("consistencylevel", "").lower() == "eventual"
        return eventual and self.query.get("$count", "").lower() == "true"

    def selected(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self.query.get("$select", "").split(",") if name.strip())

    def context(self, fragment: str) -> str:
        return f"{self.base_url}/{self.version}/$metadata#{fragment}"


@dataclass(slots=True)
class GraphResponse:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


def answer(body: Json, status: int = 200) -> GraphResponse:
    return GraphResponse(status, orjson.dumps(body))


def no_content() -> GraphResponse:
    return GraphResponse(204)
