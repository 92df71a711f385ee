"""Faults that tests order: the one place where an answer may go wrong on purpose."""

from dataclasses import dataclass, field
from typing import Any

from .chance import name_number, unit
from .errors import GraphFault
from .messages import GraphRequest

Json = dict[str, Any]

KINDS = (
    "throttle",
    "status",
    "drop_before",
    "drop_after",
    "delay",
    "expire_tokens",
    "empty_page",
    "truncate",
    "down",
)
STATUS_CODES = {
    400: "BadRequest",
    401: "InvalidAuthenticationToken",
    403: "Forbidden",
    404: "ResourceNotFound",
    409: "Conflict",
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
    """`count` is how often it may still happen, -1 for ever; `rate` the share of matching requests it happens to."""

    kind: str
    match: dict[str, str] = field(default_factory=dict)
    status: int = 503
    retry_after: float | str | None = None
    seconds: float = 1.0
    count: int = 1
    rate: float = 1.0
    happened: int = 0
    seen: int = 0

    @classmethod
    def from_json(cls, item: Json) -> "FaultRule":
        """Raises ValueError for an unknown kind or field."""
        kind = item.get("kind")
        unknown = set(item) - {"kind", "match", "status", "retry_after", "seconds", "count", "rate"}
        if kind not in KINDS or unknown:
            raise ValueError(
                f"fault of kind {kind!r} with unknown fields {sorted(unknown)}; kinds are {', '.join(KINDS)}"
            )
        if not _is_sound(item):
            raise ValueError("status and count are whole numbers; seconds and rate are numbers; match is an object")
        if extra := set(item.get("match", {})) - {"method", "path_contains"}:
            raise ValueError(f"match knows method and path_contains, not {', '.join(sorted(extra))}")
        rule = cls(**item)
        if kind == "down":
            rule.count = -1
        return rule

    def shown(self) -> Json:
        return {
            "kind": self.kind,
            "match": self.match,
            "status": self.status,
            "retry_after": self.retry_after,
            "seconds": self.seconds,
            "count": self.count,
            "rate": self.rate,
            "happened": self.happened,
        }

    def applies(self, request: GraphRequest, seed: int) -> bool:
        if self.count == 0 or self.match.get("method", request.method) != request.method:
            return False
        if self.match.get("path_contains", "") not in f"/{request.version}{request.path}":
            return False
        self.seen += 1
        if self.rate < 1 and unit(seed, 70, name_number(self.kind), self.seen) >= self.rate:
            return False
        self.happened += 1
        self.count -= self.count > 0
        return True


def _is_sound(item: Json) -> bool:
    whole = all(isinstance(item.get(name, 0), int) for name in ("status", "count"))
    numbers = all(isinstance(item.get(name, 0), int | float) for name in ("seconds", "rate"))
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
        return GraphFault(
            429, "TooManyRequests", "Please retry again later.", headers=_retry_after(rule.retry_after, 1)
        )
    if rule.kind == "down":
        return GraphFault(503, "serviceNotAvailable", "Service unavailable.", headers=_retry_after(rule.retry_after, 5))
    if rule.kind == "status":
        code = STATUS_CODES.get(rule.status, "UnknownError")
        headers = _retry_after(rule.retry_after, None)
        return GraphFault(rule.status, code, "The service could not complete the request.", headers=headers)
    return None


def _retry_after(asked: float | str | None, usual: float | None) -> dict[str, str]:
    value = usual if asked is None else asked
    return {} if value is None or value == "absent" else {"Retry-After": str(value)}
