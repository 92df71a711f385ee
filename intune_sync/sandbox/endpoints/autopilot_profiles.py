"""Autopilot's deployment profiles, the groups they go to, and its history of enrolments; all of it beta."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from ..attempts import Attempt, event_json
from ..bodies import check_kinds, object_of
from ..chance import guid
from ..clock import graph_date
from ..device_switches import ENROLMENT_HISTORY_DAYS
from ..errors import GraphFault, not_found
from ..messages import GraphRequest, GraphResponse, Json, answer, no_content
from ..paging import INTUNE_PAGE, PageSize
from ..profiles import Profile, assignment_id
from ..routing import BETA, Routes
from ..throttle import DEVICES, ENROLMENT
from .autopilot import IDENTITIES, page_of_identities

if TYPE_CHECKING:
    from ..graph import Graph

routes = Routes()

PROFILES = "/deviceManagement/windowsAutopilotDeploymentProfiles"
EVENTS = "/deviceManagement/autopilotEvents"
EVENT_PAGE = PageSize(50, 50)
AZURE_AD = "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile"
_KINDS: dict[str, Any] = {
    "displayName": str,
    "description": str,
    "deviceNameTemplate": str,
    "language": str,
    "preprovisioningAllowed": bool,
    "outOfBoxExperienceSetting": dict,
}


@routes.on("GET", PROFILES, ENROLMENT, (BETA,))
def list_profiles(graph: Graph, request: GraphRequest) -> GraphResponse:
    def encode(profile: Profile) -> bytes:
        return orjson.dumps(profile_json(profile))

    profiles = graph.world.profiles.listed
    context = "deviceManagement/windowsAutopilotDeploymentProfiles"
    return graph.pager.page(request, profiles, encode, context=context, size=INTUNE_PAGE)


@routes.on("POST", PROFILES, ENROLMENT, (BETA,))
def create_profile(graph: Graph, request: GraphRequest) -> GraphResponse:
    body, profiles, now = object_of(request.body), graph.world.profiles, graph.clock.now()
    check_kinds(body, _KINDS)
    if body.get("@odata.type") != AZURE_AD or not body.get("displayName"):
        raise GraphFault(400, "BadRequest", "A profile needs @odata.type and displayName.")
    identifier = guid(graph.world.seed, "created profile", len(profiles.listed), body["displayName"], int(now))
    profile = Profile(identifier, body["displayName"], "", "singleUser", "", "sv-SE", False, now, now)
    _change(profile, body, now)
    profiles.listed.append(profile)
    return answer({"@odata.context": _context(request), **profile_json(profile)}, status=201)


@routes.on("GET", PROFILES + "/{}", ENROLMENT, (BETA,))
def get_profile(graph: Graph, request: GraphRequest) -> GraphResponse:
    return answer({"@odata.context": _context(request), **profile_json(_profile(graph, request))})


@routes.on("PATCH", PROFILES + "/{}", ENROLMENT, (BETA,))
def update_profile(graph: Graph, request: GraphRequest) -> GraphResponse:
    profile, body = _profile(graph, request), object_of(request.body)
    check_kinds(body, _KINDS)
    if body.get("@odata.type") != AZURE_AD:
        raise GraphFault(400, "BadRequest", "The annotation 'odata.type' is missing.")
    _change(profile, body, graph.clock.now())
    return answer({"@odata.context": _context(request), **profile_json(profile)})


@routes.on("DELETE", PROFILES + "/{}", ENROLMENT, (BETA,))
def delete_profile(graph: Graph, request: GraphRequest) -> GraphResponse:
    profile = _profile(graph, request)
    if profile.assignments:
        raise GraphFault(400, "BadRequest", "The profile is assigned. Remove its assignments first.")
    graph.world.profiles.listed.remove(profile)
    return no_content()


@routes.on("GET", PROFILES + "/{}/assignments", ENROLMENT, (BETA,))
def list_assignments(graph: Graph, request: GraphRequest) -> GraphResponse:
    profile = _profile(graph, request)
    shown = [_assignment_json(profile, each) for each in profile.assignments]
    return answer({"@odata.context": request.context("assignments"), "value": shown})


@routes.on("POST", PROFILES + "/{}/assignments", ENROLMENT, (BETA,))
def add_assignment(graph: Graph, request: GraphRequest) -> GraphResponse:
    """One group for each call; its computers get the profile after a while."""
    profile, world = _profile(graph, request), graph.world
    target = object_of(object_of(request.body).get("target"))
    group = world.directory.groups.get(str(target.get("groupId")))
    if target.get("@odata.type") != "#microsoft.graph.groupAssignmentTarget" or group is None:
        raise GraphFault(400, "BadRequest", "The target must be a group that exists.")
    kept = {"@odata.type": target["@odata.type"], "groupId": group.id}
    identifier = assignment_id(profile, kept)
    if identifier in profile.assignments:
        raise GraphFault(400, "BadRequest", "The group is assigned already.")
    profile.assignments[identifier] = kept
    _look_again(graph, group.members)
    return answer({"@odata.context": request.context("assignments"), **_assignment_json(profile, identifier)}, 201)


@routes.on("DELETE", PROFILES + "/{}/assignments/{}", ENROLMENT, (BETA,))
def remove_assignment(graph: Graph, request: GraphRequest) -> GraphResponse:
    profile = _profile(graph, request)
    target = profile.assignments.pop(request.ids[1], None)
    if target is None:
        raise not_found(request.ids[1])
    group = graph.world.directory.groups.get(target["groupId"])
    _look_again(graph, group.members if group else set())
    return no_content()


@routes.on("GET", PROFILES + "/{}/assignedDevices", ENROLMENT, (BETA,))
def list_assigned(graph: Graph, request: GraphRequest) -> GraphResponse:
    profile, world = _profile(graph, request), graph.world
    devices = [
        each
        for each in world.fleet.autopilot
        if each.profile_status.startswith("assigned") and world.profiles.profile_for(each, world.directory) is profile
    ]
    return page_of_identities(graph, request, devices, "deviceManagement/windowsAutopilotDeviceIdentities")


@routes.on("GET", IDENTITIES + "/{}/deploymentProfile", ENROLMENT, (BETA,))
@routes.on("GET", IDENTITIES + "/{}/intendedDeploymentProfile", ENROLMENT, (BETA,))
def profile_of_identity(graph: Graph, request: GraphRequest) -> GraphResponse:
    """The intended one is known at once; the other when it has been assigned."""
    device = graph.world.fleet.by_autopilot_id.get(request.ids[0])
    found = device and graph.world.profiles.profile_for(device, graph.world.directory)
    intended = request.path.lower().endswith("/intendeddeploymentprofile")
    if not device or not found or not (intended or device.profile_status.startswith("assigned")):
        raise not_found(request.ids[0])
    return answer({"@odata.context": _context(request), **profile_json(found)})


@routes.on("GET", EVENTS, DEVICES, (BETA,))
def list_events(graph: Graph, request: GraphRequest) -> GraphResponse:
    world, now = graph.world, graph.clock.now()

    def encode(attempt: Attempt) -> bytes:
        return orjson.dumps(event_json(attempt, now))

    attempts = world.attempts.remembered(world.fleet.autopilot, now, world.settings[ENROLMENT_HISTORY_DAYS])
    context = "deviceManagement/autopilotEvents"
    return graph.pager.page(request, attempts, encode, context=context, size=EVENT_PAGE, count=-1)


@routes.on("GET", EVENTS + "/{}", DEVICES, (BETA,))
def get_event(graph: Graph, request: GraphRequest) -> GraphResponse:
    world, now = graph.world, graph.clock.now()
    remembered = world.attempts.remembered(world.fleet.autopilot, now, world.settings[ENROLMENT_HISTORY_DAYS])
    found = next((each for each in remembered if each.id == request.ids[0]), None)
    if found is None:
        raise not_found(request.ids[0])
    context = request.context("deviceManagement/autopilotEvents/$entity")
    return answer({"@odata.context": context, **event_json(found, now)})


def profile_json(profile: Profile) -> Json:
    experience = {"deviceUsageType": profile.usage, "userType": "standard"}
    hidden = ("eulaHidden", "privacySettingsHidden", "keyboardSelectionPageSkipped", "escapeLinkHidden")
    older = ("hideEULA", "hidePrivacySettings", "skipKeyboardSelectionPage", "hideEscapeLink")
    return {
        "@odata.type": AZURE_AD,
        "id": profile.id,
        "displayName": profile.name,
        "description": profile.description,
        "language": profile.language,
        "locale": profile.language,
        "createdDateTime": graph_date(profile.created_at),
        "lastModifiedDateTime": graph_date(profile.changed_at),
        "outOfBoxExperienceSetting": {**experience, **dict.fromkeys(hidden, True)},
        "outOfBoxExperienceSettings": {**experience, **dict.fromkeys(older, True)},
        "enrollmentStatusScreenSettings": None,
        "extractHardwareHash": True,
        "hardwareHashExtractionEnabled": True,
        "deviceNameTemplate": profile.name_template,
        "deviceType": "windowsPc",
        "enableWhiteGlove": profile.preprovisioning,
        "preprovisioningAllowed": profile.preprovisioning,
        "roleScopeTagIds": ["0"],
        "managementServiceAppId": None,
    }


def _change(profile: Profile, body: Json, now: float) -> None:
    profile.name = body.get("displayName") or profile.name
    profile.description = body.get("description", profile.description) or ""
    profile.name_template = body.get("deviceNameTemplate", profile.name_template) or ""
    profile.language = body.get("language") or profile.language
    profile.preprovisioning = bool(body.get("preprovisioningAllowed", profile.preprovisioning))
    usage = (body.get("outOfBoxExperienceSetting") or {}).get("deviceUsageType", profile.usage)
    if usage not in ("singleUser", "shared"):
        raise GraphFault(400, "BadRequest", "deviceUsageType must be singleUser or shared.")
    profile.usage, profile.changed_at = usage, now


def _profile(graph: Graph, request: GraphRequest) -> Profile:
    profile = graph.world.profiles.get(request.ids[0])
    if profile is None:
        raise not_found(request.ids[0])
    return profile


def _context(request: GraphRequest) -> str:
    return request.context("deviceManagement/windowsAutopilotDeploymentProfiles/$entity")


def _assignment_json(profile: Profile, identifier: str) -> Json:
    target = profile.assignments[identifier]
    return {"id": identifier, "source": "direct", "sourceId": profile.id, "target": target}


def _look_again(graph: Graph, ordinals: set[int]) -> None:
    """Computers without an assigned profile find the new one; those with one keep it until they are tagged anew."""
    world, now = graph.world, graph.clock.now()
    for ordinal in sorted(ordinals):
        if not world.fleet.devices[ordinal].profile_status.startswith("assigned"):
            world.life.push(now, "profile", ordinal)
