"""Apple's enrolment program as Intune shows it; all of it beta."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ..apple import (
    identity_id,
    identity_json,
    listed_macs,
    make_public_key,
    may_sync,
    profile_json,
    renew,
    setting_json,
    sync,
)
from ..bodies import check_kinds, object_of
from ..devices import Device
from ..errors import GraphFault, not_found
from ..messages import GraphRequest, GraphResponse, answer, no_content
from ..paging import INTUNE_PAGE
from ..routing import BETA, Routes
from ..throttle import ENROLMENT

if TYPE_CHECKING:
    from ..graph import Graph

routes = Routes()

SETTINGS = "/deviceManagement/depOnboardingSettings"
DEVICES = SETTINGS + "/{}/importedAppleDeviceIdentities"
PROFILES = SETTINGS + "/{}/enrollmentProfiles"


@routes.on("GET", SETTINGS, ENROLMENT, (BETA,))
def list_settings(graph: Graph, request: GraphRequest) -> GraphResponse:
    context = request.context("deviceManagement/depOnboardingSettings")
    return answer({"@odata.context": context, "value": [setting_json(graph.world)]})


@routes.on("GET", SETTINGS + "/{}", ENROLMENT, (BETA,))
def get_setting(graph: Graph, request: GraphRequest) -> GraphResponse:
    _check_token(graph, request)
    context = request.context("deviceManagement/depOnboardingSettings/$entity")
    return answer({"@odata.context": context, **setting_json(graph.world)})


@routes.on("POST", SETTINGS + "/{}/syncWithAppleDeviceEnrollmentProgram", ENROLMENT, (BETA,))
def start_sync(graph: Graph, request: GraphRequest) -> GraphResponse:
    _check_token(graph, request)
    if not may_sync(graph.world, graph.clock.now()):
        raise GraphFault(400, "BadRequest", "A sync was requested less than 15 minutes ago.")
    graph.world.apple.manual_at = graph.clock.now()
    sync(graph.world, graph.clock.now())
    return no_content()


@routes.on("POST", SETTINGS + "/{}/generateEncryptionPublicKey", ENROLMENT, (BETA,))
def generate_key(graph: Graph, request: GraphRequest) -> GraphResponse:
    _check_token(graph, request)
    return _key_answer(request, make_public_key(graph.world, graph.clock.now()))


@routes.on("GET", SETTINGS + "/{}/getEncryptionPublicKey", ENROLMENT, (BETA,))
def get_key(graph: Graph, request: GraphRequest) -> GraphResponse:
    _check_token(graph, request)
    key = graph.world.apple.public_key or make_public_key(graph.world, graph.clock.now())
    return _key_answer(request, key)


@routes.on("POST", SETTINGS + "/{}/uploadDepToken", ENROLMENT, (BETA,))
def upload_token(graph: Graph, request: GraphRequest) -> GraphResponse:
    """The yearly renewal. What Apple has encrypted is not opened; it must only be there."""
    _check_token(graph, request)
    body = object_of(request.body)
    check_kinds(body, {"appleId": str, "depToken": str})
    for name in ("appleId", "depToken"):
        if not (body.get(name) or "").strip():
            raise GraphFault(400, "BadRequest", f"The parameter '{name}' is required.")
    renew(graph.world, body["appleId"].strip(), graph.clock.now())
    return no_content()


@routes.on("GET", DEVICES, ENROLMENT, (BETA,))
def list_devices(graph: Graph, request: GraphRequest) -> GraphResponse:
    _check_token(graph, request)

    def encode(device: Device) -> bytes:
        return orjson.dumps(identity_json(graph.world, device))

    macs = listed_macs(graph.world)
    context = "deviceManagement/depOnboardingSettings/importedAppleDeviceIdentities"
    return graph.pager.page(request, macs, encode, context=context, size=INTUNE_PAGE, count=-1)


@routes.on("DELETE", DEVICES + "/{}", ENROLMENT, (BETA,))
def delete_device(graph: Graph, request: GraphRequest) -> GraphResponse:
    """It comes back at the next full sync, while Apple School Manager points at us."""
    _check_token(graph, request)
    world = graph.world
    found = next((each for each in listed_macs(world) if identity_id(world, each) == request.ids[1]), None)
    if found is None:
        raise not_found(request.ids[1])
    if found.intune_id is not None:
        raise GraphFault(400, "BadRequest", "The device is enrolled. Delete its Intune record first.")
    world.apple.hidden.add(found.ordinal)
    return no_content()


@routes.on("GET", PROFILES, ENROLMENT, (BETA,))
def list_profiles(graph: Graph, request: GraphRequest) -> GraphResponse:
    _check_token(graph, request)
    context = request.context("deviceManagement/depOnboardingSettings/enrollmentProfiles")
    return answer({"@odata.context": context, "value": [profile_json(graph.world)]})


@routes.on("GET", PROFILES + "/{}", ENROLMENT, (BETA,))
@routes.on("GET", SETTINGS + "/{}/defaultMacOsEnrollmentProfile", ENROLMENT, (BETA,))
def get_profile(graph: Graph, request: GraphRequest) -> GraphResponse:
    _check_profile(graph, request)
    context = request.context("deviceManagement/depOnboardingSettings/enrollmentProfiles/$entity")
    return answer({"@odata.context": context, **profile_json(graph.world)})


@routes.on("POST", PROFILES + "/{}/setDefaultProfile", ENROLMENT, (BETA,))
def set_default(graph: Graph, request: GraphRequest) -> GraphResponse:
    _check_profile(graph, request)
    graph.world.apple.is_default = True
    return no_content()


@routes.on("POST", PROFILES + "/{}/updateDeviceProfileAssignment", ENROLMENT, (BETA,))
def assign_profile(graph: Graph, request: GraphRequest) -> GraphResponse:
    """`deviceIds` are serial numbers: https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/2206"""
    _check_profile(graph, request)
    body = object_of(request.body)
    check_kinds(body, {"deviceIds": list})
    serials = {each.serial: each for each in listed_macs(graph.world)}
    asked = body.get("deviceIds") or []
    if unknown := [serial for serial in asked if serial not in serials]:
        raise GraphFault(400, "BadRequest", f"The device '{unknown[0]}' is not known.")
    for serial in asked:
        graph.world.apple.assigned[serials[serial].ordinal] = (request.ids[1], float(int(graph.clock.now())))
    return no_content()


def _key_answer(request: GraphRequest, key: str) -> GraphResponse:
    return answer({"@odata.context": request.context("Edm.String"), "value": key})


def _check_token(graph: Graph, request: GraphRequest) -> None:
    if request.ids[0] != graph.world.apple.id:
        raise not_found(request.ids[0])


def _check_profile(graph: Graph, request: GraphRequest) -> None:
    _check_token(graph, request)
    if len(request.ids) > 1 and request.ids[1] != graph.world.apple.profile_id:
        raise not_found(request.ids[1])
