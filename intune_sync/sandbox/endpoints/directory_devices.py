"""Entra's device objects; beta has no path to them here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..device_json import entra_device
from ..device_switches import ENTRA_DELETE_SECONDS
from ..devices import Device
from ..errors import bad_request, entra_not_found
from ..messages import GraphRequest, GraphResponse, answer, no_content
from ..paging import ENTRA_PAGE
from ..routing import V1, Routes
from ..selection import check_selected, selected
from ..throttle import ENTRA
from .directory_queries import condition

if TYPE_CHECKING:
    from ..graph import Graph

routes = Routes()

FILTER_FIELDS: dict[str, Callable[[Device], Any]] = {
    "id": lambda device: device.entra_object_id,
    "deviceId": lambda device: device.entra_device_id,
    "displayName": lambda device: device.name if device.intune_id else device.serial,
    "operatingSystem": lambda device: "MacMDM" if device.is_mac else "Windows",
    "enrollmentProfileName": lambda device: device.entra_tag if device.is_mac else None,
    "accountEnabled": lambda device: True,
    "physicalIds": lambda device: device.physical_ids(),
}


@routes.on("GET", "/devices", ENTRA, (V1,))
def list_devices(graph: Graph, request: GraphRequest) -> GraphResponse:
    return page_of_devices(graph, request, graph.world.fleet.entra, "devices")


@routes.on("GET", "/devices/{}", ENTRA, (V1,))
def get_device(graph: Graph, request: GraphRequest) -> GraphResponse:
    device = graph.world.fleet.by_entra_object_id.get(request.ids[0])
    if device is None:
        raise entra_not_found(request.ids[0])
    shown = selected(entra_device(device), request.selected(), ("@odata.type",))
    return answer({"@odata.context": request.context("devices/$entity"), **shown})


@routes.on("DELETE", "/devices/{}", ENTRA, (V1,))
def delete_device(graph: Graph, request: GraphRequest) -> GraphResponse:
    """Refused while Autopilot has the computer: https://github.com/MicrosoftDocs/memdocs/issues/1435"""
    world = graph.world
    device = world.fleet.by_entra_object_id.get(request.ids[0])
    if device is None:
        raise entra_not_found(request.ids[0])
    if device.autopilot_id:
        raise bad_request("Deletion of devices that are registered with Windows Autopilot is not allowed.")
    lag = world.life.lag(ENTRA_DELETE_SECONDS, 122, device.ordinal)
    world.life.push(graph.clock.now() + lag, "entra_gone", device.entra_object_id)
    return no_content()


def page_of_devices(graph: Graph, request: GraphRequest, devices: list[Device], context: str) -> GraphResponse:
    names = request.selected()
    matches = condition(request, FILTER_FIELDS)
    if devices:
        check_selected(names, entra_device(devices[0]), "device")
    encode = graph.world.views.encoder(
        ("entraDevice", request.version, names), lambda device: selected(entra_device(device), names, ("@odata.type",))
    )
    count = None
    if request.is_advanced:
        count = len(devices) if matches is None else sum(map(matches, devices))
    return graph.pager.page(request, devices, encode, context=context, size=ENTRA_PAGE, matches=matches, count=count)
