"""What was found: two sides and their ratio, or a count and its limit; and how both are written down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """Without a `limit` it is only told."""

    name: str
    value: float
    against: str
    against_value: float
    limit: float | None = None
    unit: str = "s"
    at_least: bool = False

    @property
    def ratio(self) -> float:
        return self.value / self.against_value

    @property
    def is_met(self) -> bool:
        if self.limit is None:
            return True
        return self.ratio >= self.limit if self.at_least else self.ratio <= self.limit

    def cells(self) -> tuple[str, ...]:
        limit = "" if self.limit is None else f"{'≥' if self.at_least else '≤'} {self.limit:.2f}"
        return (
            self.name,
            f"{self.value:,.2f} {self.unit}",
            f"{self.against}: {self.against_value:,.2f} {self.unit}",
            f"{self.ratio:.2f}",
            limit,
            _verdict(self.is_met) if limit else "",
        )


@dataclass(frozen=True)
class Count:
    """A number that must not be over another, or must be exactly that."""

    name: str
    value: int
    most: int
    exactly: bool = False

    @property
    def is_met(self) -> bool:
        return self.value == self.most if self.exactly else self.value <= self.most

    def cells(self) -> tuple[str, ...]:
        limit = f"{'=' if self.exactly else '≤'} {self.most:,}"
        return self.name, f"{self.value:,}", "", "", limit, _verdict(self.is_met)


Finding = Ratio | Count
HEADINGS = ("what", "measured", "against", "ratio", "limit", "")


def as_markdown(figures: Iterable[Finding]) -> str:
    lines = [HEADINGS, ("---",) * len(HEADINGS), *[figure.cells() for figure in figures]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _verdict(is_met: bool) -> str:
    return "met" if is_met else "**missed**"
