"""The API's documentation as a page: no script, no network."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET
from drf_spectacular.generators import SchemaGenerator

CHOICES_IN_WORDS = re.compile(r"\s*^\* `.*", re.DOTALL | re.MULTILINE)
"""What drf-spectacular appends to the description of a parameter with choices: a Markdown list."""
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Call:
    """One method of one path as the reference page shows it."""

    method: str
    path: str
    summary: str
    parameters: list[dict[str, Any]]
    body: list[str]
    answers: list[tuple[str, str]]


@require_GET
def reference(request: HttpRequest) -> HttpResponse:
    """The API's documentation, from the same description that `/api/v1/schema/` serves."""
    subjects = _calls_by_subject(get_language() or "")
    return render(request, "config/api_reference.html", {"subjects": subjects})


@cache
def _calls_by_subject(language: str) -> dict[str, list[Call]]:
    """Made once per language and process: it changes only with the code."""
    described: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    by_subject: dict[str, list[Call]] = {}
    for path, operations in described["paths"].items():
        for method in METHODS:
            if method in operations:
                operation = operations[method]
                by_subject.setdefault(operation["tags"][0], []).append(_call(method, path, operation, described))
    return by_subject


def _call(method: str, path: str, operation: dict[str, Any], described: dict[str, Any]) -> Call:
    return Call(
        method=method.upper(),
        path=path,
        summary=operation.get("description", ""),
        parameters=[_parameter(parameter) for parameter in operation.get("parameters", [])],
        body=_body_fields(operation, described),
        answers=[(status, answer.get("description", "")) for status, answer in operation["responses"].items()],
    )


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    schema = parameter.get("schema", {})
    return {
        "name": parameter["name"],
        "where": parameter["in"],
        "kind": schema.get("format") or schema.get("type", ""),
        "choices": schema.get("enum") or schema.get("items", {}).get("enum") or [],
        "description": CHOICES_IN_WORDS.sub("", parameter.get("description", "")),
    }


def _body_fields(operation: dict[str, Any], described: dict[str, Any]) -> list[str]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    schema = described.get("components", {}).get("schemas", {}).get(name, {})
    return list(schema.get("properties", {}))
