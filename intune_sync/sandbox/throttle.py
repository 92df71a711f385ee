"""Token buckets with the published limits of each service.

https://learn.microsoft.com/graph/throttling-limits
"""

from dataclasses import dataclass

from .chance import mix
from .clock import Clock
from .errors import GraphFault
from .messages import GraphRequest

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


class Throttle:
    def __init__(self, clock: Clock, seed: int, *, enabled: bool) -> None:
        self.clock, self.seed, self.enabled = clock, seed, enabled
        self.buckets: dict[tuple[str, str, str], Bucket] = {}
        self.refused = 0

    def check(self, request: GraphRequest, service: str) -> dict[str, str]:
        """Headers for the answer. Raises GraphFault 429 whose Retry-After is whole, decimal or absent in turn."""
        units = entra_units(request) if service == ENTRA else 0
        headers = {"x-ms-resource-unit": str(units)} if units else {}
        if not self.enabled:
            return headers
        is_write = request.method != "GET" and not request.path.endswith("/$batch")
        wait = max(self._waits(request.client_id, service, units, is_write))
        if wait:
            self.refused += 1
            raise GraphFault(
                429, "TooManyRequests", "Too many requests. Please retry later.", headers=self._retry_after(wait)
            )
        return headers

    def _waits(self, client_id: str, service: str, units: int, is_write: bool) -> list[float]:
        if service == ENTRA:
            waits = [
                self._take(client_id, service, "units", capacity=ENTRA_UNITS, window=ENTRA_UNITS_WINDOW, amount=units)
            ]
            if is_write:
                waits.append(
                    self._take(
                        client_id, service, "writes", capacity=ENTRA_WRITES, window=ENTRA_WRITES_WINDOW, amount=1
                    )
                )
            return waits
        any_kind, writes = INTUNE_LIMITS[service]
        waits = [self._take(client_id, service, "any", capacity=any_kind, window=INTUNE_WINDOW, amount=1)]
        if is_write:
            waits.append(self._take(client_id, service, "writes", capacity=writes, window=INTUNE_WINDOW, amount=1))
        return waits

    def _take(self, client_id: str, service: str, kind: str, *, capacity: int, window: float, amount: int) -> float:
        now = self.clock.now()
        bucket = self.buckets.setdefault((client_id, service, kind), Bucket(capacity, window, capacity, now))
        return bucket.take(amount, now)

    def _retry_after(self, wait: float) -> dict[str, str]:
        kind = (mix(self.seed, 71) + self.refused) % 3
        if kind == 0:
            return {"Retry-After": str(int(wait) + 1)}
        return {"Retry-After": f"{wait + 0.001:.3f}"} if kind == 1 else {}


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
