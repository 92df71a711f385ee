"""Kinds of values in posted JSON; null is always allowed, as in Graph."""

from collections.abc import Mapping
from typing import Any

from .errors import GraphFault

Json = dict[str, Any]


def object_of(body: Any) -> Json:
    """Raises GraphFault 400 when the body is not a JSON object."""
    if not isinstance(body, dict):
        raise GraphFault(400, "BadRequest", "The request body must be an object.", plain=True)
    return body


def check_kinds(body: Json, kinds: Mapping[str, type | tuple[str, ...]], *, code: str = "BadRequest") -> None:
    """`kinds` gives a type, or the allowed texts, by property; `list` means a list of texts. Raises GraphFault 400."""
    for name, kind in kinds.items():
        value = body.get(name)
        if value is not None and not _fits(value, kind):
            raise GraphFault(400, code, f"Cannot convert the value of '{name}' to the expected type.")


def _fits(value: Any, kind: type | tuple[str, ...]) -> bool:
    if isinstance(kind, tuple):
        return isinstance(value, str) and value in kind
    if kind is list:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return isinstance(value, kind)
