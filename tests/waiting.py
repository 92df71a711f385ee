"""Waiting for another process, without guessing how long it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


def eventually(ask: Callable[[], Answer], *, seconds: float, what: str, pause: float = 0.2) -> Answer:
    """The first true answer. Raises AssertionError naming `what` when there is none in time."""
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < end, f"Waited {seconds:g} s for {what}"
        time.sleep(pause)
