"""How much the portal asks of Microsoft: one budget for each service, shared by all workers through Redis.

What Microsoft asks to wait for is also kept in PostgreSQL, where it outlives Redis. Without Redis, be it gone, mute or
full, each process goes on slowly by itself, and charges what it has sent meanwhile as soon as Redis answers again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings

from intune_sync.graph import holds
from intune_sync.graph.budget_scripts import ASK, CHARGE, HOLD, READ, SLOW
from intune_sync.graph.services import SERVICES, WINDOW_SECONDS, Charge

log = logging.getLogger(__name__)

PREFIX = "graph:"
SLOT_MS, SLOTS = 250, WINDOW_SECONDS * 4
SLOWING, FLOOR, BACK_MS = 0.8, 0.2, 40_000
"""A 429 slows the portal to the first, never below the second; in BACK_MS it is back from there at full speed."""
ALONE = 0.1
"""The share of a budget that one process takes without Redis: up to ten may work at once."""
REDIS_SECONDS = 0.5
AGAIN_AFTER = 3.0
"""Seconds for which a Redis that did not answer is not asked again."""
BACK_QUIET = 4.0
"""Seconds in which nobody sends once the first process finds Redis again: by then each has told what it sent alone."""
EVERYONE = "*"


@dataclass(frozen=True)
class Spending:
    """What is spent in the window under way, of how much. `pace` is in percent; for `held_seconds` Microsoft wants no
    calls."""

    service: str
    kind: str
    spent: int
    limit: int
    pace: int
    held_seconds: float


class Budget:
    """Of one app registration in one tenant. Shared by the threads of a process."""

    def __init__(self, redis_url: str, tenant_id: str, client_id: str, prefix: str) -> None:
        self._client_id = client_id
        self._prefix = f"{prefix}{tenant_id}:"
        self._redis: Any = redis.Redis.from_url(
            redis_url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS, decode_responses=True
        )
        self._born = ""
        self._gone_until = 0.0
        self._lock = threading.Lock()
        self._next_alone: dict[tuple[str, str], float] = {}
        self._alone_since: float | None = None
        self._sent_alone: list[tuple[float, Charge]] = []

    def ask(self, wanted: Sequence[Charge]) -> float:
        """0 when the calls may be made now, and are charged; otherwise seconds after which to ask again."""
        if not wanted:
            return 0.0
        if not self._is_gone():
            try:
                self._charge_what_was_sent_alone()
                return self._ask_redis(wanted)
            except redis.RedisError as error:
                self._lost(error)
        return self._ask_alone(wanted)

    def hold(self, service: str, seconds: float, *, everyone: bool = False) -> None:
        """Microsoft asks for no calls to `service` for so long: from this app, or from `everyone` in the tenant."""
        holds.keep(EVERYONE if everyone else self._client_id, service, seconds)
        name = f"{EVERYONE if everyone else self._client_id}:{service}"
        self._try(HOLD, name, int(seconds * 1000) + 5)

    def slow_down(self, service: str) -> None:
        self._try(SLOW, service, SLOWING, FLOOR, BACK_MS, WINDOW_SECONDS * 1000)

    def spending(self) -> list[Spending] | None:
        """None without Redis."""
        pairs = [(service, kind) for service in SERVICES for kind in ("write", "any")]
        flat = [text for pair in pairs for text in pair]
        found = self._try(READ, SLOT_MS, SLOTS, FLOOR, BACK_MS, self._client_id, *flat)
        if found is None:
            return None
        return [
            Spending(service, kind, spent, SERVICES[service].in_a_window(kind), pace, held / 1000)
            for (service, kind), (spent, pace, held) in zip(pairs, found, strict=True)
        ]

    def _ask_redis(self, wanted: Sequence[Charge]) -> float:
        names = self._hold_names(wanted)
        budgets: list[object] = []
        for each in wanted:
            limit = SERVICES[each.service].in_a_window(each.kind)
            budgets += [each.service, each.kind, limit, each.cost, FLOOR, BACK_MS]
        while True:
            wait, born = self._redis.eval(
                ASK, 1, self._prefix, SLOT_MS, SLOTS, self._born, len(names), *names, *budgets
            )
            if wait >= 0:
                return float(wait) / 1000
            self._tell_of_holds()
            self._born = born

    def _tell_of_holds(self) -> None:
        """What Redis has forgotten or never heard."""
        for client_id, service, seconds in holds.still_in_force():
            self._redis.eval(HOLD, 1, self._prefix, f"{client_id}:{service}", int(seconds * 1000) + 5)

    def _ask_alone(self, wanted: Sequence[Charge]) -> float:
        held = [
            seconds
            for client_id, service, seconds in holds.still_in_force()
            if f"{client_id}:{service}" in self._hold_names(wanted)
        ]
        with self._lock:
            now = time.monotonic()
            if self._alone_since is None:
                self._alone_since, self._next_alone = now, {}
            free_at = max(self._free_at(each, self._alone_since) for each in wanted)
            wait = max([0.0, free_at - now, *held])
            if wait <= 0:
                self._sent_alone = [(at, each) for at, each in self._sent_alone if now - at < WINDOW_SECONDS]
                for each in wanted:
                    self._next_alone[each.service, each.kind] = now + each.cost / _rate_alone(each)
                    self._sent_alone.append((now, each))
        return wait

    def _free_at(self, wanted: Charge, alone_since: float) -> float:
        """The first call waits as long as those that follow: the window before may have been spent to the full."""
        return self._next_alone.get((wanted.service, wanted.kind), alone_since + wanted.cost / _rate_alone(wanted))

    def _charge_what_was_sent_alone(self) -> None:
        """Raises RedisError, and then nothing is forgotten."""
        with self._lock:
            if self._alone_since is None:
                return
            now = time.monotonic()
            flat: list[object] = []
            for at, each in self._sent_alone:
                flat += [each.service, each.kind, each.cost, int((now - at) * 1000)]
            self._redis.eval(CHARGE, 1, self._prefix, SLOT_MS, SLOTS, int(BACK_QUIET * 1000), *flat)
            self._tell_of_holds()
            self._alone_since, self._sent_alone = None, []

    def _hold_names(self, wanted: Sequence[Charge]) -> list[str]:
        services = {each.service for each in wanted}
        return [f"{client_id}:{service}" for client_id in (self._client_id, EVERYONE) for service in sorted(services)]

    def _try(self, script: str, *values: object) -> Any:
        if self._is_gone():
            return None
        try:
            return self._redis.eval(script, 1, self._prefix, *values)
        except redis.RedisError as error:
            self._lost(error)
            return None

    def _is_gone(self) -> bool:
        return time.monotonic() < self._gone_until

    def _lost(self, error: redis.RedisError) -> None:
        log.warning("Redis does not keep the budget (%s): calls to Graph go on slowly", type(error).__name__)
        self._gone_until = time.monotonic() + AGAIN_AFTER


def _rate_alone(wanted: Charge) -> float:
    """Of one process, in calls a second."""
    return SERVICES[wanted.service].in_a_window(wanted.kind) * ALONE / WINDOW_SECONDS


def budget_of(client_id: str) -> Budget:
    """This process's part of the budget of one app registration."""
    return _budget(settings.REDIS_URL, settings.TENANT_ID, client_id, PREFIX)


@lru_cache(maxsize=8)
def _budget(redis_url: str, tenant_id: str, client_id: str, prefix: str) -> Budget:
    return Budget(redis_url, tenant_id, client_id, prefix)
