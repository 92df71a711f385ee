"""What a chart shows, once: the drawing and its table twin come from the same figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Series:
    """One row of bars, or one line: a value for each label. `tone` is accent or as in `schools.status.Look`."""

    label: str
    values: Sequence[float | None]
    tone: str = "accent"


@dataclass(frozen=True)
class Chart:
    """`kind` is bar, stacked or line; `axis` names the labels (the twin's first heading).

    `links`, where given, has for each label the list that its figure counts; empty for none.
    """

    axis: str
    labels: Sequence[str]
    series: Sequence[Series]
    kind: str = "bar"
    horizontal: bool = False
    links: Sequence[str] = ()

    @property
    def rows(self) -> list[tuple[str, str, list[float | None]]]:
        """The table twin: a label, its link (or nothing) and its value in each series."""
        links = self.links or [""] * len(self.labels)
        values = [[each.values[place] for each in self.series] for place in range(len(self.labels))]
        return list(zip(self.labels, links, values, strict=True))

    @property
    def drawing(self) -> dict[str, Any]:
        """For static/js/charts.js."""
        return {
            "kind": self.kind,
            "horizontal": self.horizontal,
            "labels": [str(label) for label in self.labels],
            "series": [{"label": str(s.label), "values": list(s.values), "tone": s.tone} for s in self.series],
        }
