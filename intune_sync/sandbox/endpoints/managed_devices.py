"""Intune's records of computers: lists, single records, overview."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..device_json import managed_device
from ..devices import Device
from ..errors import GraphFault, not_found
from ..messages import GraphRequest, GraphResponse, answer
from ..paging import INTUNE_PAGE
from ..query import FilterError, parse_filter
from ..routing import V1, Routes
from ..selection import check_selected, selected
from ..throttle import DEVICES

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
    "managementState": lambda device: "managed",
    "managedDeviceOwnerType": lambda device: "company",
}


@routes.on("GET", "/deviceManagement/managedDevices", DEVICES)
def list_devices(graph: Graph, request: GraphRequest) -> GraphResponse:
    fleet, version, names = graph.world.fleet, request.version, request.selected()
    if fleet.managed:
        check_selected(names, managed_device(fleet.managed[0], version), "managedDevice")
    encode = graph.world.views.encoder(
        ("managedDevice", version, names), lambda device: selected(managed_device(device, version), names)
    )
    return graph.pager.page(
        request,
        fleet.managed,
        encode,
        context="deviceManagement/managedDevices",
        size=INTUNE_PAGE,
        matches=_condition(request),
        count=-1,
    )


@routes.on("GET", "/deviceManagement/managedDevices/$count", DEVICES, (V1,))
def count_devices(graph: Graph, request: GraphRequest) -> GraphResponse:
    condition = _condition(request)
    count = sum(condition is None or condition(device) for device in graph.world.fleet.managed)
    return GraphResponse(200, str(count).encode(), content_type="text/plain")


@routes.on("GET", "/deviceManagement/managedDevices/{}", DEVICES)
def get_device(graph: Graph, request: GraphRequest) -> GraphResponse:
    device = graph.world.fleet.by_intune_id.get(request.ids[0])
    if device is None:
        raise not_found(request.ids[0])
    whole = managed_device(device, request.version)
    check_selected(request.selected(), whole, "managedDevice")
    context = request.context("deviceManagement/managedDevices/$entity")
    return answer({"@odata.context": context, **selected(whole, request.selected())})


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


def _condition(request: GraphRequest) -> Callable[[Device], bool] | None:
    text = request.query.get("$filter")
    if not text:
        return None
    try:
        return parse_filter(text, FILTER_FIELDS).matches
    except FilterError as error:
        raise GraphFault(400, "BadRequest", f"Invalid filter clause: {error}.") from error
