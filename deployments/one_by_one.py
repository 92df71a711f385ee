"""Many rows taken up one after the other: what fails with one of them holds up no other."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

log = logging.getLogger(__name__)


def tried(step: Callable[[int, datetime], bool], key: int, now: datetime) -> bool:
    """What the step returns for the row with that key; False when it fails, which the log tells. A step is a
    transaction of its own, so that nothing of one that fails is kept, and the next round tries it again."""
    try:
        return step(key, now)
    except Exception:
        log.exception("%s.%s of %s", step.__module__, step.__name__, key)
        return False
