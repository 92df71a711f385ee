"""Autopilot identities and deployment profiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..bodies import check_kinds, object_of
from ..chance import guid
from ..clock import graph_date
from ..device_json import autopilot_identity
from ..devices import Device
from ..errors import GraphFault, not_found
from ..messages import GraphRequest, GraphResponse, Json, answer, no_content
from ..paging import INTUNE_PAGE
from ..query import FilterError, parse_filter
from ..routing import BETA, V1, Routes
from ..selection import check_selected, selected
from ..throttle import ENROLMENT

if TYPE_CHECKING:
    from ..graph import Graph

routes = Routes()

IDENTITIES = "/deviceManagement/windowsAutopilotDeviceIdentities"
# The first three of v1.0 are written by updateDeviceProperties, the rest only exist there in beta.
WRITABLE = {
    V1: ("userPrincipalName", "addressableUserName", "groupTag", "displayName"),
    BETA: (
        *("userPrincipalName", "addressableUserName", "groupTag", "displayName"),
        *("deviceAccountUpn", "deviceAccountPassword", "deviceFriendlyName"),
    ),
}


@routes.on("GET", IDENTITIES, ENROLMENT)
def list_identities(graph: Graph, request: GraphRequest) -> GraphResponse:
    fleet, version, names = graph.world.fleet, request.version, request.selected()
    if fleet.autopilot:
        check_selected(names, autopilot_identity(fleet.autopilot[0], version), "windowsAutopilotDeviceIdentity")
    encode = graph.world.views.encoder(
        ("autopilotIdentity", version, names), lambda device: selected(autopilot_identity(device, version), names)
    )
    return graph.pager.page(
        request,
        fleet.autopilot,
        encode,
        context="deviceManagement/windowsAutopilotDeviceIdentities",
        size=INTUNE_PAGE,
        matches=_condition(request),
        count=-1,
    )


@routes.on("GET", IDENTITIES + "/{}", ENROLMENT)
def get_identity(graph: Graph, request: GraphRequest) -> GraphResponse:
    context = request.context("deviceManagement/windowsAutopilotDeviceIdentities/$entity")
    return answer({"@odata.context": context, **autopilot_identity(_identity(graph, request), request.version)})


@routes.on("POST", IDENTITIES + "/{}/updateDeviceProperties", ENROLMENT)
def update_properties(graph: Graph, request: GraphRequest) -> GraphResponse:
    device, body = _identity(graph, request), object_of(request.body)
    check_kinds(body, dict.fromkeys(WRITABLE[request.version], str))
    if unknown := set(body) - set(WRITABLE[request.version]):
        raise GraphFault(400, "BadRequest", f"The parameter '{min(unknown)}' is not known.")
    device.display_name = body.get("displayName", device.display_name) or ""
    device.addressable_user = body.get("addressableUserName", device.addressable_user) or ""
    tag = body.get("groupTag")
    if tag is not None and tag != device.group_tag:
        device.group_tag = tag
        graph.world.life.retag(device, graph.clock.now())
    graph.world.views.forget(device.ordinal)
    return no_content()


@routes.on("GET", "/deviceManagement/windowsAutopilotDeploymentProfiles", ENROLMENT, (BETA,))
def list_profiles(graph: Graph, request: GraphRequest) -> GraphResponse:
    context = request.context("deviceManagement/windowsAutopilotDeploymentProfiles")
    profiles = [_profile(graph, item) for item in graph.world.tenant.deployment_profiles]
    return answer({"@odata.context": context, "value": profiles})


def _identity(graph: Graph, request: GraphRequest) -> Device:
    device = graph.world.fleet.by_autopilot_id.get(request.ids[0])
    if device is None:
        raise not_found(request.ids[0])
    return device


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


def _profile(graph: Graph, item: Json) -> Json:
    experience = {
        "deviceUsageType": item["device_usage_type"],
        "userType": "standard",
    }
    created = graph_date(1_718_000_000)
    return {
        "@odata.type": "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile",
        "id": guid(graph.world.seed, "profile", item["name"]),
        "displayName": item["name"],
        "description": item["description"],
        "language": item["language"],
        "locale": item["language"],
        "createdDateTime": created,
        "lastModifiedDateTime": created,
        "outOfBoxExperienceSetting": {
            **experience,
            "eulaHidden": True,
            "privacySettingsHidden": True,
            "keyboardSelectionPageSkipped": True,
            "escapeLinkHidden": True,
        },
        "outOfBoxExperienceSettings": {
            **experience,
            "hideEULA": True,
            "hidePrivacySettings": True,
            "skipKeyboardSelectionPage": True,
            "hideEscapeLink": True,
        },
        "enrollmentStatusScreenSettings": None,
        "extractHardwareHash": True,
        "hardwareHashExtractionEnabled": True,
        "deviceNameTemplate": item["device_name_template"],
        "deviceType": "windowsPc",
        "enableWhiteGlove": item["preprovisioning_allowed"],
        "preprovisioningAllowed": item["preprovisioning_allowed"],
        "roleScopeTagIds": ["0"],
        "managementServiceAppId": None,
    }
