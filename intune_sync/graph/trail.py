"""The pages of a list so far: a server may lead in a circle, by a new link each time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from intune_sync import own_words
from intune_sync.graph.errors import BadAnswer

MOST_EMPTY = 100
"""Pages without rows after one another; Graph sends some where a filter leaves nothing of them."""


class Trail:
    """Raises BadAnswer for a page that came before, and for one empty page too many.

    `by_content`: pages are the same only when all they say is, for lists in which an object may come several times.
    """

    def __init__(self, *, by_content: bool = False) -> None:
        self._by_content = by_content
        self._seen: set[int] = set()
        self._empty = 0

    def pass_by(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """A page that is not the last."""
        self._empty = 0 if rows else self._empty + 1
        mark = self._mark(rows)
        if self._empty > MOST_EMPTY or mark in self._seen:
            raise BadAnswer(own_words.FOREIGN_LINK)
        if rows:
            self._seen.add(mark)

    def _mark(self, rows: Sequence[Mapping[str, Any]]) -> int:
        ids = tuple(row.get("id") for row in rows)
        return hash(repr(rows) if self._by_content or None in ids else ids)
