"""Autopilot identities: their tags and users, and their slow deletion."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..bodies import check_kinds, object_of
from ..device_json import autopilot_identity
from ..device_switches import IDENTITY_DELETE_SECONDS, IDENTITY_SELECT_FAILS, ODD_DATA
from ..devices import Device
from ..errors import GraphFault, not_found
from ..messages import GraphRequest, GraphResponse, Json, answer, no_content
from ..oddities import odd_identity
from ..paging import INTUNE_PAGE
from ..query import FilterError, parse_filter
from ..routing import BETA, V1, Routes
from ..selection import check_selected, selected
from ..throttle import ENROLMENT

if TYPE_CHECKING:
    from ..graph import Graph

routes = Routes()

IDENTITIES = "/deviceManagement/windowsAutopilotDeviceIdentities"
# The first four are written by updateDeviceProperties in both versions, the rest only exist there in beta.
WRITABLE = {
    V1: ("userPrincipalName", "addressableUserName", "groupTag", "displayName"),
    BETA: (
        *("userPrincipalName", "addressableUserName", "groupTag", "displayName"),
        *("deviceAccountUpn", "deviceAccountPassword", "deviceFriendlyName"),
    ),
}


@routes.on("GET", IDENTITIES, ENROLMENT)
def list_identities(graph: Graph, request: GraphRequest) -> GraphResponse:
    return page_of_identities(
        graph, request, graph.world.fleet.autopilot, "deviceManagement/windowsAutopilotDeviceIdentities"
    )


@routes.on("GET", IDENTITIES + "/$count", ENROLMENT, (V1,))
def count_identities(graph: Graph, request: GraphRequest) -> GraphResponse:
    condition = _condition(request)
    count = sum(condition is None or condition(device) for device in graph.world.fleet.autopilot)
    return GraphResponse(200, str(count).encode(), content_type="text/plain")


@routes.on("GET", IDENTITIES + "/{}", ENROLMENT)
def get_identity(graph: Graph, request: GraphRequest) -> GraphResponse:
    context = request.context("deviceManagement/windowsAutopilotDeviceIdentities/$entity")
    device = _identity(graph, request)
    _check_selection(graph, request, device)
    whole = _shown(graph, request, device)
    return answer({"@odata.context": context, **selected(whole, request.selected())})


@routes.on("POST", IDENTITIES + "/{}/updateDeviceProperties", ENROLMENT)
def update_properties(graph: Graph, request: GraphRequest) -> GraphResponse:
    device, body = _identity(graph, request), object_of(request.body)
    check_kinds(body, dict.fromkeys(WRITABLE[request.version], str))
    if unknown := set(body) - set(WRITABLE[request.version]):
        raise GraphFault(400, "BadRequest", f"The parameter '{min(unknown)}' is not known.")
    device.display_name = body.get("displayName", device.display_name) or ""
    device.addressable_user = body.get("addressableUserName", device.addressable_user) or ""
    device.assigned_user = body.get("userPrincipalName", device.assigned_user) or ""
    device.friendly_name = body.get("deviceFriendlyName", device.friendly_name) or ""
    tag = body.get("groupTag")
    if tag is not None and tag != device.group_tag:
        device.group_tag = tag
        graph.world.life.retag(device, graph.clock.now())
    graph.world.views.forget(device.ordinal)
    return no_content()


@routes.on("POST", IDENTITIES + "/{}/assignUserToDevice", ENROLMENT)
def assign_user(graph: Graph, request: GraphRequest) -> GraphResponse:
    """Only the domain of the name is looked at: a person who does not exist is taken as well."""
    device, body = _identity(graph, request), object_of(request.body)
    check_kinds(body, {"userPrincipalName": str, "addressableUserName": str})
    user = body.get("userPrincipalName") or ""
    if not user.lower().endswith(f"@{graph.world.tenant.domain}".lower()):
        raise GraphFault(400, "BadRequest", "Bad Request")
    device.assigned_user = user
    device.addressable_user = body.get("addressableUserName") or ""
    graph.world.views.forget(device.ordinal)
    return no_content()


@routes.on("POST", IDENTITIES + "/{}/unassignUserFromDevice", ENROLMENT)
def unassign_user(graph: Graph, request: GraphRequest) -> GraphResponse:
    device = _identity(graph, request)
    device.assigned_user = device.addressable_user = ""
    graph.world.views.forget(device.ordinal)
    return no_content()


@routes.on("DELETE", IDENTITIES + "/{}", ENROLMENT)
def delete_identity(graph: Graph, request: GraphRequest) -> GraphResponse:
    """Asynchronous: the identity is listed until the deletion is done. Refused while the computer is enrolled."""
    device, life = _identity(graph, request), graph.world.life
    if device.intune_id is not None:
        message = "Device is still enrolled in Intune. Delete the Intune record before the Autopilot device."
        raise GraphFault(400, "BadRequest", message)
    if not device.is_leaving_autopilot:
        device.is_leaving_autopilot = True
        lag = life.lag(IDENTITY_DELETE_SECONDS, 120, device.ordinal)
        life.push(graph.clock.now() + lag, "identity_gone", request.ids[0])
    return no_content()


def page_of_identities(graph: Graph, request: GraphRequest, devices: list[Device], context: str) -> GraphResponse:
    names = request.selected()
    if devices:
        _check_selection(graph, request, devices[0])
    odd = graph.world.settings[ODD_DATA]
    encode = graph.world.views.encoder(
        ("odd autopilotIdentity" if odd else "autopilotIdentity", request.version, names),
        lambda device: selected(_shown(graph, request, device), names),
    )
    matches = _condition(request)
    return graph.pager.page(request, devices, encode, context=context, size=INTUNE_PAGE, matches=matches, count=-1)


def _shown(graph: Graph, request: GraphRequest, device: Device) -> Json:
    shown = autopilot_identity(device, request.version)
    return odd_identity(shown, device.ordinal) if graph.world.settings[ODD_DATA] else shown


def _identity(graph: Graph, request: GraphRequest) -> Device:
    device = graph.world.fleet.by_autopilot_id.get(request.ids[0])
    if device is None:
        raise not_found(request.ids[0])
    return device


def _check_selection(graph: Graph, request: GraphRequest, example: Device) -> None:
    """`$select` here has been answered with 500: https://github.com/microsoftgraph/microsoft-graph-docs/issues/14937"""
    names = request.selected()
    check_selected(names, autopilot_identity(example, request.version), "windowsAutopilotDeviceIdentity")
    if names and graph.world.settings[IDENTITY_SELECT_FAILS]:
        raise GraphFault(500, "InternalServerError", "An internal server error has occurred")


def _condition(request: GraphRequest) -> Callable[[Device], bool] | None:
    """Only `contains(serialNumber,'…')` works, and not with a hyphen in it.

    https://github.com/microsoftgraph/msgraph-sdk-powershell/issues/1260 and 2464
    """
    text = request.query.get("$filter")
    if not text:
        return None
    try:
        condition = parse_filter(text, {"serialNumber": lambda device: device.serial})
    except FilterError as error:
        raise GraphFault(400, "BadRequest", f"Invalid filter clause: {error}.") from error
    if condition.operators != {"contains"} or "-" in text:
        raise GraphFault(400, "BadRequest", "The filter is not supported.")
    return condition.matches
