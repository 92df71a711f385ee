"""What Entra demands of queries: some options only with `ConsistencyLevel: eventual` and `$count=true`.

https://learn.microsoft.com/graph/aad-advanced-queries
"""

from collections.abc import Callable
from typing import Any

from ..errors import GraphFault, bad_request
from ..messages import GraphRequest
from ..query import Fields, FilterError, parse_filter
from ..switches import switch

INDEX_LAG_SECONDS = switch(
    "directory_index_lag_seconds", 0.0, "How far advanced queries (ConsistencyLevel: eventual) are behind."
)
ADVANCED_OPERATORS = {"ne", "not", "endswith", "contains"}


def require_eventual(request: GraphRequest) -> None:
    """For `/$count`, where the header is enough."""
    if request.headers.get("consistencylevel", "").lower() != "eventual":
        raise unsupported()


def require_advanced(request: GraphRequest) -> None:
    if not request.is_advanced:
        raise unsupported()


def unsupported() -> GraphFault:
    return GraphFault(
        400, "Request_UnsupportedQuery", "Unsupported query: it needs ConsistencyLevel: eventual.", plain=True
    )


def condition(request: GraphRequest, fields: Fields) -> Callable[[Any], bool] | None:
    """The request's `$filter`, None without one. Raises GraphFault for options that are refused."""
    if request.query.get("$count", "").lower() == "true" or "$search" in request.query:
        require_eventual(request)
    if "$orderby" in request.query:
        raise bad_request("The query option $orderby is not supported on this resource.")
    search = _search(request, fields) if "$search" in request.query else None
    text = request.query.get("$filter")
    if not text:
        return search
    try:
        found = parse_filter(text, fields)
    except FilterError as error:
        raise bad_request(f"Invalid filter clause: {error}.") from error
    if found.operators & ADVANCED_OPERATORS:
        require_advanced(request)
    return found.matches if search is None else lambda item: search(item) and found.matches(item)


def _search(request: GraphRequest, fields: Fields) -> Callable[[Any], bool]:
    """`"displayName:word"`: the beginning of a word of that property. Raises GraphFault."""
    require_advanced(request)
    name, colon, word = request.query["$search"].strip('"').partition(":")
    get = {each.lower(): getter for each, getter in fields.items()}.get(name.lower())
    if not colon or get is None:
        raise bad_request("Invalid search: it must be a property and a text, with a colon between them.")
    return lambda item: any(part.startswith(word.casefold()) for part in str(get(item)).casefold().split())
