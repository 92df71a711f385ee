"""What every call passes before it is sent: is Graph there at all, and may the portal ask now?"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence

from intune_sync import own_words
from intune_sync.graph.breaker import Breaker
from intune_sync.graph.budget import Budget
from intune_sync.graph.errors import CircuitOpen, GraphError, Throttled
from intune_sync.graph.services import Charge


class Gate:
    def __init__(self, budget: Budget, breaker: Breaker) -> None:
        self._budget = budget
        self._breaker = breaker

    def enter(self, costs: Sequence[Charge], longest_sleep: float, probe: Callable[[], None]) -> None:
        """Wait for the budget. Raises CircuitOpen, or Throttled when the wait is longer than a worker may sleep."""
        self._breaker.before_call(probe)
        waited = 0.0
        while wait := self._budget.ask(costs):
            if waited + wait > longest_sleep:
                error = Throttled(own_words.BUDGET_SPENT)
                error.retry_after = wait
                raise error
            # A little apart, so that those who wait for the same moment do not ask in it together.
            wait *= random.uniform(1.0, 1.1)  # noqa: S311
            time.sleep(wait)
            waited += wait

    def is_open(self, costs: Sequence[Charge]) -> bool:
        """Enter at once or not at all."""
        try:
            self._breaker.before_call(_no_probe)
        except CircuitOpen:
            return False
        return not self._budget.ask(costs)

    def may_probe(self, costs: Sequence[Charge]) -> None:
        """Raises CircuitOpen while Microsoft asks to wait: not even a question whether it is back may be sent."""
        if wait := self._budget.ask(costs):
            error = CircuitOpen(own_words.HELD)
            error.retry_after = wait
            raise error

    def answered(self) -> None:
        self._breaker.answered()

    def failed(self, error: GraphError) -> None:
        self._breaker.failed(error)

    def throttled(self, error: Throttled, services: Iterable[str]) -> None:
        for service in services:
            self._budget.hold(service, error.retry_after, everyone=error.everyone)
            self._budget.slow_down(service)

    def asked_to_wait(self, error: GraphError, services: Iterable[str]) -> None:
        """A 503 may say when to come back, just as a 429 does."""
        for service in services if error.retry_after else ():
            self._budget.hold(service, error.retry_after or 0)


def _no_probe() -> None:
    raise CircuitOpen(own_words.CIRCUIT_OPEN)
