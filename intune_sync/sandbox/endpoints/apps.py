"""Apps and their assignments."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from ..app_acts import change_app, delete_app, remember_assignments, seen_assignments
from ..app_json import app_json
from ..apps import BETA_ONLY_TYPES, App
from ..assignments import shown
from ..audit import Actor
from ..bodies import object_of
from ..errors import GraphFault, not_found
from ..messages import GraphRequest, GraphResponse, Json, answer, no_content
from ..new_apps import create, start_publishing
from ..paging import INTUNE_PAGE
from ..query import FilterError, parse_filter
from ..routing import BETA, Routes
from ..selection import check_selected, selected
from ..switches import switch
from ..throttle import APPS

if TYPE_CHECKING:
    from ..graph import Graph

routes = Routes()

ONE = "/deviceAppManagement/mobileApps/{}"
NEW_APP_UNLISTED_SECONDS = switch(
    "new_app_unlisted_seconds",
    0.0,
    "How long a new app is missing from lists of apps although its creation was answered.",
)
FILTER_FIELDS: dict[str, Callable[[App], Any]] = {
    "id": lambda app: app.id,
    "displayName": lambda app: app.spec.display_name,
    "publisher": lambda app: app.spec.publisher,
    "publishingState": lambda app: app.spec.publishing_state,
    "lastModifiedDateTime": lambda app: app.changed_at,
    "isof": lambda app: f"microsoft.graph.{app.spec.type}",
}
BETA_FILTER_FIELDS = {**FILTER_FIELDS, "isAssigned": lambda app: bool(app.assignments)}


@routes.on("GET", "/deviceAppManagement/mobileApps", APPS)
def list_apps(graph: Graph, request: GraphRequest) -> GraphResponse:
    apps = _visible(graph, request)
    fields = BETA_FILTER_FIELDS if request.version == BETA else FILTER_FIELDS
    text = request.query.get("$filter")
    try:
        matches = parse_filter(text, fields).matches if text else None
    except FilterError as error:
        raise GraphFault(400, "BadRequest", f"Invalid filter clause: {error}.") from error

    def encode(app: App) -> bytes:
        return orjson.dumps(_shown(graph, app, request))

    context = "deviceAppManagement/mobileApps"
    return graph.pager.page(request, apps, encode, context=context, size=INTUNE_PAGE, matches=matches, count=-1)


@routes.on("POST", "/deviceAppManagement/mobileApps", APPS)
def create_app(graph: Graph, request: GraphRequest) -> GraphResponse:
    app = create(graph.world, object_of(request.body), request.version, Actor(request.client_id))
    context = request.context("deviceAppManagement/mobileApps/$entity")
    return answer({"@odata.context": context, **app_json(app, request.version, graph.clock.now())}, status=201)


@routes.on("GET", ONE, APPS)
def get_app(graph: Graph, request: GraphRequest) -> GraphResponse:
    context = request.context("deviceAppManagement/mobileApps/$entity")
    return answer({"@odata.context": context, **_shown(graph, _app(graph, request), request)})


@routes.on("PATCH", ONE, APPS)
def update_app(graph: Graph, request: GraphRequest) -> GraphResponse:
    app = _app(graph, request)
    body = object_of(request.body)
    committed = body.get("committedContentVersion")
    if committed is not None and not graph.contents.is_committed(app, str(committed)):
        raise GraphFault(400, "BadRequest", f"Content version {committed} has not been committed.")
    change_app(graph.world, app, body, Actor(request.client_id), request.version)
    if committed is not None and app.spec.publishing_state == "notPublished":
        start_publishing(graph.world, app)
    context = request.context("deviceAppManagement/mobileApps/$entity")
    return answer({"@odata.context": context, **app_json(app, request.version, graph.clock.now())})


@routes.on("DELETE", ONE, APPS)
def remove_app(graph: Graph, request: GraphRequest) -> GraphResponse:
    delete_app(graph.world, _app(graph, request), Actor(request.client_id))
    return no_content()


@routes.on("GET", ONE + "/assignments", APPS)
def list_assignments(graph: Graph, request: GraphRequest) -> GraphResponse:
    app = _app(graph, request)

    def encode(assignment: Json) -> bytes:
        return orjson.dumps(shown(assignment, request.version))

    context = f"deviceAppManagement/mobileApps('{app.id}')/assignments"
    return graph.pager.page(request, seen_assignments(graph.world, app), encode, context=context, size=INTUNE_PAGE)


@routes.on("GET", ONE + "/assignments/{}", APPS)
def get_assignment(graph: Graph, request: GraphRequest) -> GraphResponse:
    app = _app(graph, request)
    context = request.context(f"deviceAppManagement/mobileApps('{app.id}')/assignments/$entity")
    return answer({"@odata.context": context, **shown(_assignment(app, request.ids[1]), request.version)})


@routes.on("POST", ONE + "/assignments", APPS)
def create_assignment(graph: Graph, request: GraphRequest) -> GraphResponse:
    app = _app(graph, request)
    body, before = object_of(request.body), app.assignments
    (added,) = graph.world.add_assignments(app, [body], Actor(request.client_id), request.version)
    remember_assignments(graph.world, app, before)
    return answer(shown(added, request.version), status=201)


@routes.on("DELETE", ONE + "/assignments/{}", APPS)
def delete_assignment(graph: Graph, request: GraphRequest) -> GraphResponse:
    app = _app(graph, request)
    before = app.assignments
    graph.world.remove_assignment(app, _assignment(app, request.ids[1]), Actor(request.client_id))
    remember_assignments(graph.world, app, before)
    return no_content()


@routes.on("POST", ONE + "/assign", APPS)
def assign(graph: Graph, request: GraphRequest) -> GraphResponse:
    """Replaces the whole list."""
    app = _app(graph, request)
    body, before = object_of(request.body), app.assignments
    graph.world.replace_assignments(app, body.get("mobileAppAssignments"), Actor(request.client_id), request.version)
    remember_assignments(graph.world, app, before)
    return no_content()


def _visible(graph: Graph, request: GraphRequest) -> list[App]:
    """v1.0 does not know some types: their apps are missing there."""
    apps, late = graph.world.catalogue.listed(), graph.world.settings[NEW_APP_UNLISTED_SECONDS]
    if late:  # a large described catalogue may have creation times ahead of the clock
        apps = [app for app in apps if app.created_at <= graph.clock.now() - late]
    return [app for app in apps if request.version == BETA or app.spec.type not in BETA_ONLY_TYPES]


def _app(graph: Graph, request: GraphRequest) -> App:
    app = graph.world.catalogue.apps.get(request.ids[0])
    if app is None or app.is_deleted or (request.version != BETA and app.spec.type in BETA_ONLY_TYPES):
        raise not_found(request.ids[0])
    return app


def _assignment(app: App, identifier: str) -> Json:
    found = next((item for item in app.assignments if item["id"] == identifier), None)
    if found is None:
        raise not_found(identifier)
    return found


def _shown(graph: Graph, app: App, request: GraphRequest) -> Json:
    whole = app_json(app, request.version, graph.clock.now())
    expanded = [name.strip() for name in request.query.get("$expand", "").split(",") if name.strip()]
    if unknown := set(expanded) - {"assignments", "categories"}:
        raise GraphFault(400, "BadRequest", f"The property '{min(unknown)}' cannot be expanded.", plain=True)
    names = request.selected()
    check_selected(names, whole, "mobileApp")
    result = selected(whole, names, ("@odata.type",))
    if "assignments" in expanded:
        result["assignments"] = [
            shown(assignment, request.version) for assignment in seen_assignments(graph.world, app)
        ]
    if "categories" in expanded:
        result["categories"] = []
    return result
