"""Rows of Graph as lines of COPY, with as little work for each as most of them need.

A row is written down as it came and looked at once, as a whole. Only one that does not look as expected (a null, an
escape, a date of year 1, a serial number that is none) is taken apart by `payloads`, which says what everything means.
What many rows have in common, such as their model and state, is taken apart once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from intune_sync.pull.staging import copy_line

Row = TypeVar("Row")
MOST_KINDS = 20_000

_DAY = r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
GUID = r"(?!0{8}-0{4}-0{4}-0{4}-0{12})[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
MOMENT = rf"(?!0001)\d{{4}}-{_DAY}T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{{1,6}})?Z"
SERIAL = r"(?!([0-9A-Za-z])\1*\t)[0-9A-Za-z]{2,100}"
TEXT = r"[^\t\n\r\\\x00]{0,100}"
ANY = r"[^\t\n]*"


def microseconds(moment: str) -> str:
    """Graph writes seven digits of a second; we keep six."""
    return moment if len(moment) < 28 else f"{moment[:26]}Z"


@dataclass
class Lines(Generic[Row]):
    """`careful` gives the cells of a row in the order of the columns, None for a row that is not kept.

    `kind_of` picks what decides the cells of `kind_cells`; `quick` composes a line around those cells, and `is_plain`
    tells whether it may stand. `quick` raises KeyError, IndexError, TypeError or AttributeError for what it cannot do.
    With `kind_decides`, all rows of a kind are kept or none.
    """

    careful: Callable[[Row], Sequence[Any] | None]
    kind_of: Callable[[Row], Hashable]
    kind_cells: slice
    quick: Callable[[Row, str], str]
    is_plain: re.Pattern[str]
    kind_decides: bool = False
    _kinds: dict[Hashable, str | None] = field(default_factory=dict)

    def __call__(self, rows: Iterable[Row]) -> str:
        lines: list[str] = []
        kinds, kind_of, quick, is_plain = self._kinds, self.kind_of, self.quick, self.is_plain.fullmatch
        for row in rows:
            try:
                kind = kinds[kind_of(row)]
                line = "" if kind is None else quick(row, kind)
                if kind is None or is_plain(line):
                    lines.append(line)
                    continue
            except (KeyError, TypeError, AttributeError, IndexError):
                pass
            lines.append(self._carefully(row))
        return "".join(lines)

    def _carefully(self, row: Row) -> str:
        cells = self.careful(row)
        try:
            if len(self._kinds) < MOST_KINDS and (cells is not None or self.kind_decides):
                self._kinds[self.kind_of(row)] = None if cells is None else copy_line(cells[self.kind_cells])[:-1]
        except (KeyError, TypeError, IndexError):
            pass
        return "" if cells is None else copy_line(cells)
