"""`$select`: only the named properties, and a refusal of names the type does not have."""

from collections.abc import Iterable
from typing import Any

from .errors import GraphFault

Json = dict[str, Any]


def check_selected(names: Iterable[str], known: Json, type_name: str) -> None:
    """Raises GraphFault 400 for a property that `known`, a whole object, lacks."""
    for name in names:
        if name not in known:
            message = f"Could not find a property named '{name}' on type 'microsoft.graph.{type_name}'."
            raise GraphFault(400, "BadRequest", message, plain=True)


def selected(whole: Json, names: tuple[str, ...], always: tuple[str, ...] = ()) -> Json:
    return {name: whole[name] for name in (*always, *names) if name in whole} if names else whole
