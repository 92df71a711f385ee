"""Detected software, added up over all computers, and of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ..detected import Detected, computers_with, detected_apps, detected_on
from ..errors import not_found
from ..messages import GraphRequest, GraphResponse, Json, answer
from ..paging import INTUNE_PAGE
from ..routing import BETA, V1, Routes
from ..selection import check_selected, selected
from ..throttle import DEVICES
from .managed_devices import page_of_records, record

if TYPE_CHECKING:
    from ..graph import Graph

routes = Routes()


@routes.on("GET", "/deviceManagement/detectedApps", DEVICES, (V1,))
def list_detected_apps(graph: Graph, request: GraphRequest) -> GraphResponse:
    return _page(graph, request, detected_apps(graph.world), "deviceManagement/detectedApps")


@routes.on("GET", "/deviceManagement/managedDevices/{}/detectedApps", DEVICES, (BETA,))
def list_of_computer(graph: Graph, request: GraphRequest) -> GraphResponse:
    found = detected_on(graph.world, record(graph, request))
    return _page(graph, request, found, "deviceManagement/managedDevices/detectedApps")


@routes.on("GET", "/deviceManagement/detectedApps/{}", DEVICES, (V1,))
def get_detected_app(graph: Graph, request: GraphRequest) -> GraphResponse:
    found = _detected(graph, request)
    context = request.context("deviceManagement/detectedApps/$entity")
    return answer({"@odata.context": context, **selected(detected_json(found), request.selected())})


@routes.on("GET", "/deviceManagement/detectedApps/{}/managedDevices", DEVICES, (V1,))
def list_computers(graph: Graph, request: GraphRequest) -> GraphResponse:
    computers = computers_with(graph.world, _detected(graph, request))
    return page_of_records(graph, request, computers, "deviceManagement/detectedApps/managedDevices")


def _page(graph: Graph, request: GraphRequest, found: list[Detected], context: str) -> GraphResponse:
    names = request.selected()
    if found:
        check_selected(names, detected_json(found[0]), "detectedApp")

    def encode(each: Detected) -> bytes:
        return orjson.dumps(selected(detected_json(each), names))

    return graph.pager.page(request, found, encode, context=context, size=INTUNE_PAGE, count=-1)


def _detected(graph: Graph, request: GraphRequest) -> Detected:
    found = next((each for each in detected_apps(graph.world) if each.id == request.ids[0]), None)
    if found is None:
        raise not_found(request.ids[0])
    return found


def detected_json(each: Detected) -> Json:
    return {
        "id": each.id,
        "displayName": each.name,
        "version": each.version,
        "sizeInByte": each.size_bytes,
        "deviceCount": each.device_count,
        "publisher": each.publisher,
        "platform": "macOS" if each.platform == "macos" else "windows",
    }
