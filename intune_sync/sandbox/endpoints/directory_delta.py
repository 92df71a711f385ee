"""What has changed in the directory since a token was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..device_json import entra_device
from ..messages import GraphRequest, GraphResponse
from ..routing import V1, Routes
from ..throttle import ENTRA
from ..user_json import all_users
from .directory_groups import group_json

if TYPE_CHECKING:
    from ..graph import Graph

routes = Routes()


@routes.on("GET", "/groups/delta", ENTRA, (V1,))
def groups_delta(graph: Graph, request: GraphRequest) -> GraphResponse:
    return graph.deltas.answer(request, "groups", lambda: map(group_json, graph.world.directory.listed))


@routes.on("GET", "/devices/delta", ENTRA, (V1,))
def devices_delta(graph: Graph, request: GraphRequest) -> GraphResponse:
    return graph.deltas.answer(request, "devices", lambda: map(entra_device, graph.world.fleet.entra))


@routes.on("GET", "/users/delta", ENTRA, (V1,))
def users_delta(graph: Graph, request: GraphRequest) -> GraphResponse:
    return graph.deltas.answer(request, "users", lambda: all_users(graph.world, graph.people))
