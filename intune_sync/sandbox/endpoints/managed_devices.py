"""Intune's records of computers: lists, single records, overview."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from ..bodies import check_kinds, object_of
from ..device_json import managed_device
from ..device_switches import ODD_DATA, RECORD_DELETE_SECONDS
from ..devices import Device
from ..errors import GraphFault, not_found
from ..messages import GraphRequest, GraphResponse, Json, answer, no_content
from ..oddities import odd_device
from ..paging import INTUNE_PAGE
from ..query import FilterError, parse_filter
from ..routing import V1, Routes
from ..selection import check_selected, selected
from ..throttle import DEVICES
from ..user_json import user_of

if TYPE_CHECKING:
    from ..graph import Graph

routes = Routes()

FILTER_FIELDS: dict[str, Callable[[Device], Any]] = {
    "id": lambda device: device.intune_id,
    "deviceName": lambda device: device.name,
    "serialNumber": lambda device: device.serial,
    "operatingSystem": lambda device: "macOS" if device.is_mac else "Windows",
    "osVersion": lambda device: device.os_version,
    "complianceState": lambda device: device.compliance,
    "lastSyncDateTime": lambda device: device.last_sync_at,
    "enrolledDateTime": lambda device: device.enrolled_at,
    "userPrincipalName": lambda device: device.user_principal_name,
    "azureADDeviceId": lambda device: device.entra_device_id,
    "model": lambda device: device.model.name,
    "manufacturer": lambda device: device.model.manufacturer,
    "managementState": lambda device: device.management_state,
    "managedDeviceOwnerType": lambda device: "company",
}


@routes.on("GET", "/deviceManagement/managedDevices", DEVICES)
def list_devices(graph: Graph, request: GraphRequest) -> GraphResponse:
    return page_of_records(graph, request, graph.world.fleet.managed, "deviceManagement/managedDevices")


@routes.on("GET", "/deviceManagement/managedDevices/$count", DEVICES, (V1,))
def count_devices(graph: Graph, request: GraphRequest) -> GraphResponse:
    condition = _condition(request)
    count = sum(condition is None or condition(device) for device in graph.world.fleet.managed)
    return GraphResponse(200, str(count).encode(), content_type="text/plain")


@routes.on("GET", "/deviceManagement/managedDevices/{}", DEVICES)
def get_device(graph: Graph, request: GraphRequest) -> GraphResponse:
    whole = _shown(graph, record(graph, request), request.version)
    check_selected(request.selected(), whole, "managedDevice")
    context = request.context("deviceManagement/managedDevices/$entity")
    return answer({"@odata.context": context, **selected(whole, request.selected())})


@routes.on("PATCH", "/deviceManagement/managedDevices/{}", DEVICES)
def update_device(graph: Graph, request: GraphRequest) -> GraphResponse:
    """Of all that may be sent only the notes are kept."""
    device, body = record(graph, request), object_of(request.body)
    check_kinds(body, {"notes": str, "managedDeviceName": str})
    device.notes = body.get("notes", device.notes) or ""
    graph.world.views.forget(device.ordinal)
    return no_content()


@routes.on("DELETE", "/deviceManagement/managedDevices/{}", DEVICES)
def delete_device(graph: Graph, request: GraphRequest) -> GraphResponse:
    begin_delete(graph, record(graph, request))
    return no_content()


@routes.on("GET", "/deviceManagement/managedDevices/{}/users", DEVICES)
def list_users(graph: Graph, request: GraphRequest) -> GraphResponse:
    """The primary user, or nobody."""
    device, names = record(graph, request), request.selected()
    users = [user_of(device)] if device.user_id else []
    for user in users:
        check_selected(names, user, "user")

    def encode(user: Json) -> bytes:
        return orjson.dumps(selected(user, names))

    return graph.pager.page(request, users, encode, context="users", size=INTUNE_PAGE)


@routes.on("GET", "/deviceManagement/managedDeviceOverview", DEVICES, (V1,))
def overview(graph: Graph, request: GraphRequest) -> GraphResponse:
    managed = graph.world.fleet.managed
    macs = sum(device.is_mac for device in managed)
    systems = dict.fromkeys(
        [
            "androidCount",
            "iosCount",
            "windowsMobileCount",
            "unknownCount",
            "androidDedicatedCount",
            "androidDeviceAdminCount",
            "androidFullyManagedCount",
            "androidWorkProfileCount",
            "androidCorporateWorkProfileCount",
            "configMgrDeviceCount",
        ],
        0,
    )
    exchange = "allowedDeviceCount blockedDeviceCount quarantinedDeviceCount unknownDeviceCount unavailableDeviceCount"
    return answer(
        {
            "@odata.context": request.context("deviceManagement/managedDeviceOverview/$entity"),
            "id": graph.world.tenant.tenant_id,
            "enrolledDeviceCount": len(managed),
            "mdmEnrolledCount": len(managed),
            "dualEnrolledDeviceCount": 0,
            "deviceOperatingSystemSummary": {**systems, "macOSCount": macs, "windowsCount": len(managed) - macs},
            "deviceExchangeAccessStateSummary": dict.fromkeys(exchange.split(), 0),
        }
    )


def page_of_records(graph: Graph, request: GraphRequest, records: list[Device], context: str) -> GraphResponse:
    names, version = request.selected(), request.version
    if records:
        check_selected(names, managed_device(records[0], version), "managedDevice")
    kind = "odd managedDevice" if graph.world.settings[ODD_DATA] else "managedDevice"
    encode = graph.world.views.encoder(
        (kind, version, names), lambda device: selected(_shown(graph, device, version), names)
    )
    matches = _condition(request)
    return graph.pager.page(request, records, encode, context=context, size=INTUNE_PAGE, matches=matches, count=-1)


def begin_delete(graph: Graph, device: Device) -> None:
    """The record is listed as deletePending until it is gone; a second deletion changes nothing."""
    world = graph.world
    if device.management_state != "deletePending":
        device.management_state = "deletePending"
        world.views.forget(device.ordinal)
        lag = world.life.lag(RECORD_DELETE_SECONDS, 121, device.ordinal)
        world.life.push(graph.clock.now() + lag, "record_gone", str(device.intune_id))


def record(graph: Graph, request: GraphRequest) -> Device:
    """The one that the path names. Raises GraphFault 404."""
    device = graph.world.fleet.by_intune_id.get(request.ids[0])
    if device is None:
        raise not_found(request.ids[0])
    return device


def _shown(graph: Graph, device: Device, version: str) -> Json:
    shown = managed_device(device, version)
    if not graph.world.settings[ODD_DATA]:
        return shown
    odd = odd_device(shown, device.ordinal)
    return {name: odd[name] for name in shown}


def _condition(request: GraphRequest) -> Callable[[Device], bool] | None:
    text = request.query.get("$filter")
    if not text:
        return None
    try:
        return parse_filter(text, FILTER_FIELDS).matches
    except FilterError as error:
        raise GraphFault(400, "BadRequest", f"Invalid filter clause: {error}.") from error
