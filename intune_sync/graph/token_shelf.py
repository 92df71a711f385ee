"""Where the processes of the portal leave each other the access token, encrypted: one of them fetches it for all.

Redis holds it; without Redis each process fetches its own.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import time
from collections.abc import Collection
from typing import Any

import orjson
import redis
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

log = logging.getLogger(__name__)

REDIS_SECONDS = 0.5
TURN_SECONDS = 10
"""How long one process may take to fetch a token before another tries."""
LOOK_EVERY = 0.05


class TokenShelf:
    """`name` tells one registration with its secret from any other."""

    def __init__(self, redis_url: str, name: str) -> None:
        self._redis: Any = redis.Redis.from_url(
            redis_url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
        )
        self._key = f"graph:token:{hashlib.sha256(name.encode()).hexdigest()[:32]}"
        secret = hashlib.sha256(f"{settings.SECRET_KEY} graph token".encode()).digest()
        self._cipher = Fernet(base64.urlsafe_b64encode(secret))

    def find(self, refused: Collection[str]) -> tuple[str, float] | None:
        """The token that lies there and until when it is good, unless Graph has refused it."""
        try:
            found = self._redis.get(self._key)
            token, until = orjson.loads(self._cipher.decrypt(found)) if found else ("", 0.0)
        except (redis.RedisError, InvalidToken, ValueError):
            return None
        return (token, until) if token and token not in refused and until > time.time() else None

    def put(self, token: str, until: float) -> None:
        lasts = int(until - time.time())
        try:
            if lasts > 0:
                self._redis.set(self._key, self._cipher.encrypt(orjson.dumps([token, until])), ex=lasts)
        except redis.RedisError as error:
            log.warning("the token stays with this process: %s", type(error).__name__)

    def wait_for_another(self, refused: Collection[str]) -> tuple[str, float] | None:
        """None when it is this process's turn to fetch; otherwise what another one has fetched meanwhile."""
        deadline = time.monotonic() + TURN_SECONDS
        while time.monotonic() < deadline:
            try:
                if self._redis.set(f"{self._key}:turn", b"1", nx=True, px=TURN_SECONDS * 1000):
                    return self.find(refused)  # somebody may have put one just before
            except redis.RedisError:
                return None
            if found := self.find(refused):
                return found
            time.sleep(LOOK_EVERY)
        return None

    def end_turn(self) -> None:
        try:
            self._redis.delete(f"{self._key}:turn")
        except redis.RedisError:
            log.warning("Redis does not answer; the turn to fetch a token ends by itself")
