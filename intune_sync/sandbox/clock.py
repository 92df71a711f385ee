"""The sandbox's clock: wall time plus an offset that tests move forward."""

import re
import time
from datetime import UTC, datetime

NEVER = "0001-01-01T00:00:00Z"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
_DATE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$")


class Clock:
    """Seconds since 1970. With `start` the clock begins at that instant instead of now."""

    def __init__(self, start: float | None = None) -> None:
        self.offset = 0.0 if start is None else start - time.time()

    def now(self) -> float:
        return time.time() + self.offset

    def advance(self, seconds: float) -> None:
        self.offset += seconds


def graph_date(at: float) -> str:
    """As Graph writes a moment: whole seconds plain, others with seven digits; zero means never."""
    if at == 0:
        return NEVER
    whole = int(at)
    text = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = round((at - whole) * 10_000_000)
    return f"{text}Z" if not 0 < fraction < 10_000_000 else f"{text}.{fraction:07d}Z"


def parse_date(text: str) -> float:
    """Seconds since 1970 of an ISO date with zone and up to seven digits; year 1 is 0. Raises ValueError."""
    found = _DATE.match(text)
    if not found:
        raise ValueError(f"not a date with zone: {text}")
    if found[1].startswith("0001"):
        return 0.0
    base = datetime.fromisoformat(found[1] + ("+00:00" if found[3] == "Z" else found[3]))
    return base.timestamp() + (float(f"0.{found[2]}") if found[2] else 0.0)
