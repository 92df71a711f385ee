"""Entra's users."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ..errors import entra_not_found
from ..messages import GraphRequest, GraphResponse, Json, answer
from ..paging import ENTRA_PAGE
from ..routing import V1, Routes
from ..selection import check_selected, selected
from ..throttle import ENTRA
from ..user_json import all_users
from .directory_queries import condition

if TYPE_CHECKING:
    from ..graph import Graph

routes = Routes()

FILTER_FIELDS = {
    name: lambda user, name=name: user[name]
    for name in ("id", "accountEnabled", "displayName", "mail", "userPrincipalName", "surname", "givenName")
}


@routes.on("GET", "/users", ENTRA, (V1,))
def list_users(graph: Graph, request: GraphRequest) -> GraphResponse:
    users, names = list(all_users(graph.world, graph.people)), request.selected()
    matches = condition(request, FILTER_FIELDS)
    if users:
        check_selected(names, users[0], "user")
    count = None
    if request.is_advanced:
        count = len(users) if matches is None else sum(map(matches, users))

    def encode(user: Json) -> bytes:
        return orjson.dumps(selected(user, names))

    return graph.pager.page(request, users, encode, context="users", size=ENTRA_PAGE, matches=matches, count=count)


@routes.on("GET", "/users/{}", ENTRA, (V1,))
def get_user(graph: Graph, request: GraphRequest) -> GraphResponse:
    """By object id or principal name."""
    asked = request.ids[0].lower()
    users = all_users(graph.world, graph.people)
    found = next((user for user in users if asked in (user["id"], user["userPrincipalName"].lower())), None)
    if found is None:
        raise entra_not_found(request.ids[0])
    check_selected(request.selected(), found, "user")
    return answer({"@odata.context": request.context("users/$entity"), **selected(found, request.selected())})
