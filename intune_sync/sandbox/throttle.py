"""Token buckets with the published limits of each service.

https://learn.microsoft.com/graph/throttling-limits
"""

from dataclasses import dataclass

from .chance import mix
from .clock import Clock
from .errors import GraphFault
from .faults import http_date
from .messages import GraphRequest
from .switches import Settings, switch

DEVICES, APPS, ENROLMENT, REPORTS, CONFIGURATION, ENTRA = [
    "devices",
    "apps",
    "enrolment",
    "reports",
    "configuration",
    "entra",
]

# requests of any kind and writes, each with the seconds they are counted over
INTUNE_LIMITS = {
    DEVICES: (2000, 200),
    APPS: (1000, 100),
    ENROLMENT: (1000, 100),
    REPORTS: (1000, 100),
    CONFIGURATION: (1000, 100),
}
INTUNE_WINDOW = 20.0
ENTRA_UNITS, ENTRA_UNITS_WINDOW = 8000, 10.0
ENTRA_WRITES, ENTRA_WRITES_WINDOW = 3000, 150.0
TENANT_SHARES = 2  # all apps of a tenant together may ask Intune twice what one may
WARNS_ABOVE = 0.8

THROTTLE = switch("throttle", "off", "Whether the published limits of each service are kept.", "off", "published")
RETRY_AFTER = switch(
    "retry_after",
    "in turn",
    "How a 429 names the wait: whole seconds, decimal ones, not at all, as a date, or the first three in turn.",
    *("in turn", "whole", "decimal", "absent", "date"),
)


@dataclass(slots=True)
class Bucket:
    """Refills evenly. What is refused costs as well, so a client that does not wait stays blocked."""

    capacity: float
    window: float
    level: float
    at: float

    def take(self, amount: float, now: float) -> float:
        """Seconds to wait, 0 when there was enough."""
        rate = self.capacity / self.window
        self.level = min(self.capacity, self.level + max(0.0, now - self.at) * rate)
        self.at = now
        enough = self.level >= amount
        self.level = max(self.level - amount, -0.25 * self.capacity)
        return 0.0 if enough else (amount - self.level) / rate


@dataclass(frozen=True, slots=True)
class Limit:
    scope: str
    kind: str
    capacity: float
    window: float
    amount: int


class Throttle:
    def __init__(self, clock: Clock, seed: int, settings: Settings, tenant_id: str) -> None:
        self.clock, self.seed, self.settings, self.tenant_id = clock, seed, settings, tenant_id
        self.buckets: dict[tuple[str, str, str], Bucket] = {}
        self.refused = 0

    def check(self, request: GraphRequest, service: str) -> dict[str, str]:
        """Headers for the answer. Raises GraphFault 429; Retry-After is as the switch says."""
        units = entra_units(request) if service == ENTRA else 0
        headers = {"x-ms-resource-unit": str(units)} if units else {}
        if self.settings[THROTTLE] == "off":
            return headers
        limits = _limits(service, units, is_write=request.method != "GET")
        waits = [(self._take(request.client_id, service, limit), limit) for limit in limits]
        wait, narrowest = max(waits, key=lambda each: each[0])
        if wait:
            self.refused += 1
            headers = self._retry_after(wait) | self._names(request, narrowest)
            raise GraphFault(429, "TooManyRequests", "Too many requests. Please retry later.", headers=headers)
        used = max(self._used(request.client_id, service, limit) for limit in limits)
        if service == ENTRA and used > WARNS_ABOVE:
            headers["x-ms-throttle-limit-percentage"] = f"{used:.2f}"
        return headers

    def _bucket(self, client_id: str, service: str, limit: Limit) -> Bucket:
        owner = client_id if limit.scope == "Tenant_Application" else ""
        fresh = Bucket(limit.capacity, limit.window, limit.capacity, self.clock.now())
        return self.buckets.setdefault((owner, service, limit.kind), fresh)

    def _take(self, client_id: str, service: str, limit: Limit) -> float:
        return self._bucket(client_id, service, limit).take(limit.amount, self.clock.now())

    def _used(self, client_id: str, service: str, limit: Limit) -> float:
        return 1 - self._bucket(client_id, service, limit).level / limit.capacity

    def _names(self, request: GraphRequest, limit: Limit) -> dict[str, str]:
        which = {"units": "ResourceUnit", "writes": "Write"}.get(limit.kind, "ReadWrite")
        return {
            "x-ms-throttle-scope": f"{limit.scope}/{which}/{request.client_id}/{self.tenant_id}",
            "x-ms-throttle-information": f"{which}LimitExceeded",
        }

    def _retry_after(self, wait: float) -> dict[str, str]:
        form = self.settings[RETRY_AFTER]
        if form == "in turn":
            form = ("whole", "decimal", "absent")[(mix(self.seed, 71) + self.refused) % 3]
        if form == "absent":
            return {}
        texts = {"whole": str(int(wait) + 1), "decimal": f"{wait + 0.001:.3f}", "date": http_date(wait)}
        return {"Retry-After": texts[form]}


def _limits(service: str, units: int, *, is_write: bool) -> list[Limit]:
    one = "Tenant_Application"
    if service == ENTRA:
        limits = [Limit(one, "units", ENTRA_UNITS, ENTRA_UNITS_WINDOW, units)]
        return [*limits, Limit(one, "writes", ENTRA_WRITES, ENTRA_WRITES_WINDOW, 1)] if is_write else limits
    any_kind, writes = INTUNE_LIMITS[service]
    kinds = [("any", any_kind), ("writes", writes)] if is_write else [("any", any_kind)]
    return [
        Limit(scope, kind, shares * capacity, INTUNE_WINDOW, 1)
        for scope, shares in ((one, 1), ("Tenant", TENANT_SHARES))
        for kind, capacity in kinds
    ]


def entra_units(request: GraphRequest) -> int:
    """What a directory request costs: by kind, less for `$select` and small pages, more for `$expand`, at least one."""
    cost = 1
    if request.method == "GET" and "/members" in request.path:
        cost = 3
    elif request.method == "GET" and "/memberOf" in request.path:
        cost = 2
    cost -= "$select" in request.query
    cost += "$expand" in request.query
    cost -= request.query.get("$top", "20").isdigit() and int(request.query.get("$top", "20")) < 20
    return max(1, cost)
