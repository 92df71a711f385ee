"""How large the fleets are that are measured, and how often."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """`report_rows`: of install status, over all apps. `rounds`: of floor and mirror in turn."""

    computers: int
    report_rows: int
    rounds: int


def size_of(text: str) -> Size:
    """Of `COMPUTERS:ROWS:ROUNDS`; raises ValueError."""
    computers, report_rows, rounds = map(int, text.replace("_", "").split(":"))
    return Size(computers, report_rows, rounds)
