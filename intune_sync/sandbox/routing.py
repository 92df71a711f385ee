"""Which handler answers which path, per version; what is not here does not exist."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from .errors import UnknownSegment, method_not_allowed
from .messages import GraphRequest, GraphResponse

if TYPE_CHECKING:
    from .graph import Graph

Handler: TypeAlias = "Callable[[Graph, GraphRequest], GraphResponse]"

V1, BETA = "v1.0", "beta"
BOTH = (V1, BETA)
_KEY_IN_BRACKETS = re.compile(r"\('([^']*)'\)")


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    service: str
    versions: tuple[str, ...]
    handler: Handler


class Routes(list[Route]):
    """The routes of one module, collected by decorators. `{}` in a path stands for an id."""

    def on(
        self, method: str, path: str, service: str, versions: tuple[str, ...] = BOTH
    ) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            self.append(Route(method, path, service, versions, handler))
            return handler

        return register


@dataclass(slots=True)
class _Node:
    children: dict[str, "_Node"] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)


class Router:
    def __init__(self, routes: list[Route]) -> None:
        self.roots = {version: _Node() for version in BOTH}
        for route in routes:
            for version in route.versions:
                node = self.roots[version]
                for segment in segments(route.path):
                    node = node.children.setdefault(segment.lower(), _Node())
                node.routes[route.method] = route

    def find(self, request: GraphRequest) -> Route:
        """The route; puts the ids of the path into the request. Raises GraphFault."""
        node, ids = self.roots[request.version], []
        for segment in segments(request.path):
            child = node.children.get(segment.lower())
            if child is None:
                child = node.children.get("{}")
                if child is None or segment.startswith("$"):
                    raise UnknownSegment(segment)
                ids.append(segment)
            node = child
        request.ids = tuple(ids)
        if not node.routes:
            raise UnknownSegment(segments(request.path)[-1] if request.path.strip("/") else "")
        if request.method not in node.routes:
            raise method_not_allowed()
        return node.routes[request.method]


def segments(path: str) -> list[str]:
    """`/managedDevices('1')/users/graph.device` as its parts: keys are parts of their own, casts are in the long form
    and a function without arguments has no brackets.
    """
    spread = _KEY_IN_BRACKETS.sub(r"/\1", path)
    parts = [part.removesuffix("()") for part in spread.split("/") if part]
    return [f"microsoft.{part}" if part.startswith("graph.") else part for part in parts]
