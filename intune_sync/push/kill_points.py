"""Named places at which the fault programme may have a process killed. Outside it, reaching one costs one comparison.

`KILL_POINTS` names a folder. A file in it named as a point, with `child`, `worker` or `group` in it, is taken by the
first process that reaches the point, and that process, the worker it belongs to, or the worker's whole process group
is killed at once; with `stuck` in it, the process stands still there until it gets SIGCONT. `config.settings` refuses
the variable where cookies are Secure, which is everywhere in production.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from django.conf import settings

POINTS = (
    "before_claim",
    "after_claim",
    "after_read",
    "before_sending_is_kept",
    "after_sending_is_kept",
    "after_call",
    "before_sent_is_kept",
    "after_sent_is_kept",
    "after_reading_back",
    "before_verified_is_kept",
    "after_verified_is_kept",
    "before_next",
)
"""In the order in which an operation passes them."""


def reach(point: str) -> None:
    """Raises ValueError for a name that is not in `POINTS`."""
    if not settings.KILL_POINTS:
        return
    if point not in POINTS:
        raise ValueError(f"no kill point is called {point}")
    order = Path(settings.KILL_POINTS, point)
    taken = order.with_name(f"{point}.{os.getpid()}")
    with suppress(FileNotFoundError):
        order.rename(taken)  # of several processes that reach it at once, one succeeds
        _kill(taken.read_text().strip())


def _kill(whom: str) -> None:
    if whom == "stuck":
        os.kill(os.getpid(), signal.SIGSTOP)
        return
    if whom == "group":
        os.killpg(0, signal.SIGKILL)
    if whom == "worker":
        os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
