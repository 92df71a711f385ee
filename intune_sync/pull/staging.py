"""Rows on their way in: streamed with COPY into a temporary table, from where set-based statements take them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Staging:
    """A temporary table of this connection, outside any transaction: none may be open while Graph answers."""

    def __init__(self, name: str, columns: Mapping[str, str]) -> None:
        self.name = name
        self.columns = list(columns)
        self._copy = f"COPY {name} ({', '.join(columns)}) FROM STDIN"

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Append rows with values in the order of `columns`; memory stays flat however many there are."""
        with connection.cursor() as cursor:
            cursor.copy_expert(self._copy, _Lines(rows))

    def add_lines(self, lines: str) -> None:
        """Append rows that are lines of COPY's text format already; see `lines.Lines`."""
        with connection.cursor() as cursor:
            cursor.copy_expert(self._copy, io.BytesIO(lines.encode()))

    def analyse(self) -> None:
        """Tell PostgreSQL how many rows there are; it never looks by itself at a temporary table."""
        analyse(self.name)

    def count(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {self.name}")  # noqa: S608 - a name of our own
            return int(cursor.fetchone()[0])


def analyse(table: str) -> None:
    """Statistics of a temporary table from three thousand of its rows: enough to choose a join by."""
    with connection.cursor() as cursor:
        cursor.execute("SET default_statistics_target = 10")
        cursor.execute(f"ANALYZE {table}")
        cursor.execute("RESET default_statistics_target")


@contextmanager
def staging(name: str, columns: Mapping[str, str]) -> Iterator[Staging]:
    """An empty temporary table with `columns` (name → SQL type) and an ordinal `place`; gone afterwards."""
    definition = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")
        cursor.execute(f"CREATE TEMPORARY TABLE {name} (place serial, {definition})")
    try:
        yield Staging(name, columns)
    finally:
        if not connection.needs_rollback and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")


class _Lines(io.RawIOBase):
    """Rows as a file in COPY's text format, made as they are read."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self._encoded = (copy_line(row).encode() for row in rows)
        self._kept = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        parts, length = [self._kept], len(self._kept)
        while size < 0 or length < size:
            line = next(self._encoded, None)
            if line is None:
                break
            parts.append(line)
            length += len(line)
        whole = b"".join(parts)
        size = len(whole) if size < 0 else size
        self._kept = whole[size:]
        return whole[:size]


def copy_line(row: Sequence[Any]) -> str:
    return "\t".join([_cell(value) for value in row]) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).translate(_ESCAPES)
