"""One address serves the whole page and, for htmx, the part of it that changes."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def render_page(request: HttpRequest, template: str, context: dict[str, Any], *, partial: str) -> HttpResponse:
    """`template`, or `partial` (a template of its own) for an htmx request that replaces a part of the page.

    Going back in the browser's history needs the whole page; a boosted link inside a list needs only its part.
    """
    htmx = request.htmx  # type: ignore[attr-defined]
    wants_part = htmx and not htmx.history_restore_request
    response = render(request, partial if wants_part else template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response
