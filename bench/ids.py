"""Which app a report is of, as the page server and the portal's side both know it."""

from __future__ import annotations

from uuid import UUID


def app_id(number: int) -> UUID:
    """An id of nothing but zeros means none to Graph, and to the portal."""
    return UUID(int=number + 1)


def number_of(app: str) -> int:
    return UUID(app).int - 1
