"""Paging by the last row seen, never by OFFSET: page 200 costs what page 1 costs."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, NamedTuple, TypeVar

from django.core.exceptions import FieldError, ValidationError
from django.db import models
from django.db.models import F, Q

LARGEST_KEY = 2**63 - 1
Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True)
class KeysetPage(Generic[Row]):
    """`next` and `previous` are cursors for the address, None at the ends; `order` is the order really used."""

    rows: list[Row]
    next: str | None
    previous: str | None
    order: str


class Place(NamedTuple):
    """A row's place in the order: its value in the sorted column, and its key where values are equal."""

    value: Any
    key: int


def keyset_page(
    queryset: models.QuerySet[Row],
    *,
    order: str,
    allowed: Mapping[str, str],
    after: str | None = None,
    before: str | None = None,
    size: int = 50,
) -> KeysetPage[Row]:
    """The rows after (or before) a cursor, one query; one more when the cursor points beyond the ends.

    `order` is a key of `allowed`, with "-" for descending; an unknown one becomes the first allowed. `allowed` gives
    each key's column (`school__name` works where the relation is selected). Empty values come last ascending and first
    descending, as PostgreSQL's indexes have them. A cursor that makes no sense gives the first page.
    """
    if order.removeprefix("-") not in allowed:
        order = next(iter(allowed))
    column, is_descending = allowed[order.removeprefix("-")], order.startswith("-")
    place = _read(before or after or "", _field(queryset, column))
    is_backwards = bool(before) and place is not None
    rows = _fetch(queryset, column, is_descending != is_backwards, place, size)
    if place and (not rows or (is_backwards and len(rows) < size)):
        place, is_backwards = None, False
        rows = _fetch(queryset, column, is_descending, None, size)
    has_more, rows = len(rows) > size, rows[:size]
    if is_backwards:
        rows.reverse()
    has_next, has_previous = (True, has_more) if is_backwards else (has_more, place is not None)
    return KeysetPage(
        rows=rows,
        next=_write(rows[-1], column) if has_next else None,
        previous=_write(rows[0], column) if has_previous else None,
        order=order,
    )


def _fetch(
    queryset: models.QuerySet[Row], column: str, is_descending: bool, place: Place | None, size: int
) -> list[Row]:
    if place is not None:
        queryset = queryset.filter(_beyond(column, place, is_descending))
    by = (F(column).desc(), F("pk").desc()) if is_descending else (F(column).asc(), F("pk").asc())
    return list(queryset.order_by(*by)[: size + 1])


def _beyond(column: str, place: Place, is_descending: bool) -> Q:
    """Rows later in the order. PostgreSQL holds NULL for the greatest value of all."""
    side = "lt" if is_descending else "gt"
    further_key = Q(**{f"pk__{side}": place.key})
    if place.value is None:
        same = Q(**{f"{column}__isnull": True}) & further_key
        return same | Q(**{f"{column}__isnull": False}) if is_descending else same
    # The first condition alone would do for the answer's truth; it is what lets the index jump to the place.
    further = Q(**{f"{column}__{side}e": place.value}) & (Q(**{f"{column}__{side}": place.value}) | further_key)
    return further if is_descending else further | Q(**{f"{column}__isnull": True})


def _field(queryset: models.QuerySet[Any], column: str) -> models.Field[Any, Any]:
    annotation = queryset.query.annotations.get(column)
    if annotation is not None:
        return annotation.output_field
    model: Any = queryset.model
    *relations, name = column.split("__")
    for relation in relations:
        model = model._meta.get_field(relation).related_model
    field = model._meta.get_field(name)
    if not isinstance(field, models.Field):
        raise FieldError(f"{column} is no column to sort by")
    return field


def _write(row: models.Model, column: str) -> str:
    value: Any = row
    for name in column.split("__"):
        value = getattr(value, name, None)
    if isinstance(value, date):
        value = value.isoformat()
    elif not isinstance(value, str | int | float | None):
        value = str(value)
    text = json.dumps([value, row.pk], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str, field: models.Field[Any, Any]) -> Place | None:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        value, key = json.loads(text)
        value = field.to_python(value)
    except (ValueError, TypeError, OverflowError, RecursionError, ValidationError):
        return None
    is_key = isinstance(key, int) and 0 < key <= LARGEST_KEY
    return Place(value, key) if is_key and "\0" not in str(value) else None
