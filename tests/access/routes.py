"""What the portal serves, asked from Django itself: pages from the URL resolver, the API from its OpenAPI schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from django.contrib.admindocs.views import simplify_regex
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator

from tests.access.world import API

PARAMETER = re.compile(r"<[^>]+>|\{[^}]+\}")
SERVED_BESIDE = {"/api/v1/schema/"}
"""Routes below /api/ that are no part of the API's own description; the table of pages has them."""


def _patterns(resolver: URLResolver, path: str, namespace: str) -> Iterator[tuple[str, str]]:
    for entry in resolver.url_patterns:
        here = path + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _patterns(entry, here, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)
        elif isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name}", _plain(here)


def _plain(path: str) -> str:
    """`/devices/{}/` of `devices/<row:pk>/`, of DRF's regular expressions and of the schema's `{id}`."""
    return PARAMETER.sub("{}", simplify_regex(path.replace("^", "").replace("\\.", ".")))


@cache
def _resolved() -> tuple[tuple[str, str], ...]:
    return tuple(_patterns(get_resolver(), "", ""))


def page_routes() -> set[str]:
    """Names (`namespace:name`) of all routes but the API's."""
    return {name for name, path in _resolved() if not path.startswith(API) or path in SERVED_BESIDE}


def api_paths_of_resolver() -> set[str]:
    return {path for _name, path in _resolved() if path.startswith(API)} - SERVED_BESIDE


@cache
def api_operations() -> frozenset[tuple[str, str]]:
    """(method, path with `{}` for each parameter) of the OpenAPI schema."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    methods = {"get", "post", "put", "patch", "delete"}
    return frozenset(
        (method.upper(), PARAMETER.sub("{}", path))
        for path, operations in schema["paths"].items()
        for method in operations.keys() & methods
    )
