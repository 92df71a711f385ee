"""Faults that tests order: the one place where an answer may go wrong on purpose."""

import math
import time
from dataclasses import dataclass, field, fields
from email.utils import formatdate
from typing import Any

from .chance import name_number, unit
from .errors import GraphFault
from .messages import GraphRequest, PageFault

Json = dict[str, Any]

KINDS = {
    "throttle": "429 with Retry-After `retry_after`: seconds, `absent`, `date` (in `seconds` from now), or `body` "
    "(`seconds`, in Intune's message alone)",
    "status": "the answer `status`, and the request is not carried out",
    "status_after": "the answer `status` although the request has been carried out",
    "drop_before": "the connection ends, and the request is not carried out",
    "drop_after": "the request is carried out, and the connection ends",
    "truncate": "the request is carried out, and the connection ends in the middle of the answer",
    "delay": "the answer is held back for `seconds`",
    "expire_tokens": "every token given out so far is refused",
    "empty_page": "a page without rows, with a link to what it should have held",
    "loop_page": "the link to the next page leads to the same page again",
    "shift_rows": "before a following page, `rows` were inserted ahead (rows come twice) or, below 0, removed (gaps)",
    "shrink": "the `share` of the rows is left out, the same rows each time",
    "down": "503 until the rule is removed",
}
PAGE_KINDS = ("empty_page", "loop_page", "shift_rows", "shrink")
MATCHES = ("method", "path_contains", "identity", "client_id")
STATUS_CODES = {
    400: "BadRequest",
    401: "InvalidAuthenticationToken",
    403: "Forbidden",
    404: "ResourceNotFound",
    409: "Conflict",
    410: "syncStateNotFound",
    412: "PreconditionFailed",
    423: "Locked",
    429: "TooManyRequests",
    500: "InternalServerError",
    502: "BadGateway",
    503: "serviceNotAvailable",
    504: "UnknownError",
}


class ConnectionCut(Exception):
    """The connection ends here, after `partial` bytes of an answer if there is one."""

    def __init__(self, partial: bytes | None = None) -> None:
        super().__init__("connection cut")
        self.partial = partial


@dataclass(slots=True)
class FaultRule:
    """`count` is how often it may still happen, -1 for ever; `rate` the share of matching requests it happens to.

    The first `skip` matching requests are spared. `code` stands in for the usual code of the status. Rules of one kind
    with one `seed` strike the same ones of their requests.
    """

    kind: str
    match: dict[str, str] = field(default_factory=dict)
    status: int = 503
    retry_after: float | str | None = None
    seconds: float = 1.0
    count: int = 1
    rate: float = 1.0
    skip: int = 0
    rows: int = 1
    share: float = 0.5
    code: str = ""
    seed: int = 0
    happened: int = 0
    seen: int = 0

    @classmethod
    def from_json(cls, item: Json) -> "FaultRule":
        """Raises ValueError for an unknown kind or field."""
        kind = item.get("kind")
        unknown = set(item) - ASKED
        if kind not in KINDS or unknown:
            raise ValueError(
                f"fault of kind {kind!r} with unknown fields {sorted(unknown)}; kinds are {', '.join(KINDS)}"
            )
        if not _is_sound(item):
            raise ValueError(
                "status, count, skip, rows, seed: whole numbers; seconds, rate, share: numbers; match: an object"
            )
        if extra := set(item.get("match", {})) - set(MATCHES):
            raise ValueError(f"match knows {', '.join(MATCHES)}, not {', '.join(sorted(extra))}")
        rule = cls(**item)
        if kind == "down":
            rule.count = -1
        return rule

    def shown(self) -> Json:
        return {name: getattr(self, name) for name in (*sorted(ASKED), "happened")}

    def applies(self, request: GraphRequest, seed: int) -> bool:
        if self.count == 0 or not self._matches(request):
            return False
        self.seen += 1
        if self.seen <= self.skip:
            return False
        if self.rate < 1 and unit(seed + self.seed, 70, name_number(self.kind), self.seen) >= self.rate:
            return False
        self.happened += 1
        self.count -= self.count > 0
        return True

    def _matches(self, request: GraphRequest) -> bool:
        if self.kind == "shift_rows" and "$skiptoken" not in request.query:
            return False
        if self.match.get("path_contains", "") not in f"/{request.version}{request.path}":
            return False
        asked = {"method": request.method, "identity": request.identity, "client_id": request.client_id}
        return all(self.match.get(name, value) == value for name, value in asked.items())

    def break_page(self, page: PageFault) -> None:
        if self.kind == "empty_page":
            page.is_empty = True
        elif self.kind == "loop_page":
            page.leads_nowhere = True
        elif self.kind == "shift_rows":
            page.moved = -self.rows
        else:
            page.left_out = self.share


ASKED = {each.name for each in fields(FaultRule)} - {"happened", "seen"}


def _is_sound(item: Json) -> bool:
    whole = all(isinstance(item.get(name, 0), int) for name in ("status", "count", "skip", "rows", "seed"))
    numbers = all(isinstance(item.get(name, 0), int | float) for name in ("seconds", "rate", "share"))
    return whole and numbers and isinstance(item.get("match", {}), dict)


class Faults:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rules: list[FaultRule] = []

    def due(self, request: GraphRequest) -> list[FaultRule]:
        """The rules that strike this request; each is used up by one."""
        return [rule for rule in self.rules if rule.applies(request, self.seed)]


def refusal(rule: FaultRule) -> GraphFault | None:
    """The error answer that stands in for the real one, if the rule gives one."""
    if rule.kind == "throttle":
        fault = GraphFault(429, "TooManyRequests", "Please retry again later.", headers=_retry_after(rule, 1))
        fault.said_wait = rule.seconds if rule.retry_after == "body" else None
        return fault
    if rule.kind == "down":
        return GraphFault(503, "serviceNotAvailable", "Service unavailable.", headers=_retry_after(rule, 5))
    if rule.kind in ("status", "status_after"):
        code = rule.code or STATUS_CODES.get(rule.status, "UnknownError")
        headers = _retry_after(rule, None)
        return GraphFault(rule.status, code, "The service could not complete the request.", headers=headers)
    return None


def _retry_after(rule: FaultRule, usual: float | None) -> dict[str, str]:
    value = usual if rule.retry_after is None else rule.retry_after
    if value in (None, "absent", "body"):
        return {}
    return {"Retry-After": http_date(rule.seconds) if value == "date" else str(value)}


def http_date(seconds_ahead: float) -> str:
    """By the wall clock, as the `Date` header of the same answer, rounded up."""
    return formatdate(math.ceil(time.time() + seconds_ahead), usegmt=True)
