"""What the address of a page says: which rows of a list in which order; and, for htmx, only the part that changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from schools.keyset import KeysetPage, Row, keyset_page


def page_of(
    request: HttpRequest, rows: QuerySet[Row], sorts: Mapping[str, str], *, order: str = "", size: int = 50
) -> KeysetPage[Row]:
    """The rows that `sort`, `after` and `before` in the address ask for; `order` counts without `sort`. See
    `keyset_page`."""
    asked = request.GET
    return keyset_page(
        rows,
        order=asked.get("sort") or order,
        allowed=sorts,
        after=asked.get("after"),
        before=asked.get("before"),
        size=size,
    )


def render_page(request: HttpRequest, template: str, context: dict[str, Any], *, partial: str) -> HttpResponse:
    """`template`, or `partial` (a template of its own) for an htmx request that replaces a part of the page.

    Going back in the browser's history needs the whole page; a boosted link inside a list needs only its part.
    """
    htmx = request.htmx  # type: ignore[attr-defined]
    wants_part = htmx and not htmx.history_restore_request
    response = render(request, partial if wants_part else template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response
