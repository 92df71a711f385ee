"""Content of apps: versions, files, commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ..apps import App
from ..bodies import check_kinds, object_of
from ..content import ContentFile
from ..errors import GraphFault, not_found
from ..messages import GraphRequest, GraphResponse, Json, answer, no_content
from ..paging import INTUNE_PAGE
from ..routing import BETA, BOTH, V1, Handler, Routes
from ..throttle import APPS

if TYPE_CHECKING:
    from ..graph import Graph

routes = Routes()

TYPES = {"win32LobApp": BOTH, "macOSDmgApp": (V1,), "macOSPkgApp": (BETA,)}


def list_versions(graph: Graph, request: GraphRequest) -> GraphResponse:
    app = _app(graph, request)
    numbers = [str(place + 1) for place in range(len(graph.contents.versions.get(app.id, [])))]

    def encode(number: str) -> bytes:
        return orjson.dumps({"id": number})

    return graph.pager.page(request, numbers, encode, context="mobileApps/contentVersions", size=INTUNE_PAGE)


def create_version(graph: Graph, request: GraphRequest) -> GraphResponse:
    object_of(request.body)
    return answer({"id": graph.contents.new_version(_app(graph, request))}, status=201)


def create_file(graph: Graph, request: GraphRequest) -> GraphResponse:
    app, body = _app(graph, request), object_of(request.body)
    check_kinds(body, {"name": str, "size": int, "sizeEncrypted": int, "manifest": str, "isDependency": bool})
    if not body.get("name"):
        raise GraphFault(400, "BadRequest", "The property 'name' is required.")
    made = graph.contents.add_file(app, request.ids[1], body)
    return answer(graph.contents.shown(made, request.base_url), status=201)


def list_files(graph: Graph, request: GraphRequest) -> GraphResponse:
    files = list(graph.contents.version(_app(graph, request), request.ids[1]).values())

    def encode(file: ContentFile) -> bytes:
        return orjson.dumps(graph.contents.shown(file, request.base_url))

    return graph.pager.page(request, files, encode, context="contentVersions/files", size=INTUNE_PAGE)


def get_file(graph: Graph, request: GraphRequest) -> GraphResponse:
    shown: Json = graph.contents.shown(_file(graph, request), request.base_url)
    return answer({"@odata.context": request.context("contentVersions/files/$entity"), **shown})


def commit_file(graph: Graph, request: GraphRequest) -> GraphResponse:
    graph.contents.commit(_file(graph, request), object_of(request.body).get("fileEncryptionInfo"))
    return no_content()


def renew_upload(graph: Graph, request: GraphRequest) -> GraphResponse:
    graph.contents.renew(_file(graph, request))
    return no_content()


HANDLERS: list[tuple[str, str, Handler]] = [
    ("GET", "", list_versions),
    ("POST", "", create_version),
    ("GET", "/{}/files", list_files),
    ("POST", "/{}/files", create_file),
    ("GET", "/{}/files/{}", get_file),
    ("POST", "/{}/files/{}/commit", commit_file),
    ("POST", "/{}/files/{}/renewUpload", renew_upload),
]
for type_name, versions in TYPES.items():
    for method, rest, handler in HANDLERS:
        path = f"/deviceAppManagement/mobileApps/{{}}/microsoft.graph.{type_name}/contentVersions{rest}"
        routes.on(method, path, APPS, versions)(handler)


def _app(graph: Graph, request: GraphRequest) -> App:
    """Raises GraphFault 404, also when the app is of another type than the path says."""
    app = graph.world.catalogue.apps.get(request.ids[0])
    if app is None or app.is_deleted or f"graph.{app.spec.type}/".lower() not in request.path.lower():
        raise not_found(request.ids[0])
    return app


def _file(graph: Graph, request: GraphRequest) -> ContentFile:
    found = graph.contents.version(_app(graph, request), request.ids[1]).get(request.ids[2])
    if found is None:
        raise not_found(request.ids[2])
    return found
