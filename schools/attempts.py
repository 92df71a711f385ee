"""A brake on guessing passwords: after ten failures for a user name from one address, a pause of fifteen minutes.

Counted in the cache. When Redis is gone nothing is counted; sign-in must work then too.
"""

from __future__ import annotations

import hashlib

from django.core.cache import cache

MOST_FAILURES = 10
PAUSE_SECONDS = 15 * 60


def must_pause(username: str, address: str) -> bool:
    return int(cache.get(_key(username, address), 0)) >= MOST_FAILURES


def note_failure(username: str, address: str) -> None:
    key = _key(username, address)
    cache.set(key, int(cache.get(key, 0)) + 1, PAUSE_SECONDS)


def forget(username: str, address: str) -> None:
    cache.delete(_key(username, address))


def _key(username: str, address: str) -> str:
    return "sign-in:" + hashlib.sha256(f"{username.casefold()} {address}".encode()).hexdigest()
