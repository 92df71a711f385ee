"""Remote actions on computers: every call that is taken queues one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from ..actions import KINDS, RemoteAction, audit_json, queue
from ..bodies import check_kinds, object_of
from ..devices import Device
from ..errors import GraphFault, not_found
from ..messages import GraphRequest, GraphResponse, Json, answer, no_content
from ..paging import INTUNE_PAGE
from ..routing import BETA, BOTH, V1, Handler, Routes
from ..throttle import DEVICES
from .managed_devices import begin_delete

if TYPE_CHECKING:
    from ..graph import Graph

routes = Routes()

DEVICE = "/deviceManagement/managedDevices/{}/"
MOST_DEVICES = 100
_WIPE = {"keepEnrollmentData": bool, "keepUserData": bool, "persistEsimDataPlan": bool, "macOsUnlockCode": str}
# segment: versions, and what the body may hold; None means no body
ACTIONS: dict[str, tuple[tuple[str, ...], dict[str, Any] | None]] = {
    "wipe": (BOTH, {**_WIPE, "obliterationBehavior": str, "useProtectedWipe": bool}),
    "cleanWindowsDevice": (BOTH, {"keepUserData": bool}),
    "retire": (BOTH, None),
    "syncDevice": (BOTH, None),
    "rebootNow": (BOTH, None),
    "shutDown": (BOTH, None),
    "remoteLock": (BOTH, None),
    "resetPasscode": (BOTH, None),
    "locateDevice": (BOTH, None),
    "bypassActivationLock": (BOTH, None),
    "disableLostMode": (BOTH, None),
    "windowsDefenderScan": ((V1,), {"quickScan": bool}),
    "windowsDefenderUpdateSignatures": ((V1,), None),
    "setDeviceName": ((BETA,), {"deviceName": str}),
    "rotateBitLockerKeys": ((BETA,), None),
    "rotateLocalAdminPassword": ((BETA,), None),
    "rotateFileVaultKey": ((BETA,), None),
    "initiateOnDemandProactiveRemediation": ((BETA,), {"scriptPolicyId": str}),
}
NEEDED = {"cleanWindowsDevice": "keepUserData", "setDeviceName": "deviceName", "windowsDefenderScan": "quickScan"}
# actionName of executeAction: the action's own segment
BULK = {
    "retire": "retire",
    "wipe": "wipe",
    "rebootNow": "rebootNow",
    "syncDevice": "syncDevice",
    "setDeviceName": "setDeviceName",
    "quickScan": "windowsDefenderScan",
    "fullScan": "fullScan",
    "signatureUpdate": "windowsDefenderUpdateSignatures",
    "initiateOnDemandProactiveRemediation": "initiateOnDemandProactiveRemediation",
}


def _handler(segment: str, fields: dict[str, Any] | None) -> Handler:
    def act(graph: Graph, request: GraphRequest) -> GraphResponse:
        device = graph.world.fleet.by_intune_id.get(request.ids[0])
        if device is None:
            raise not_found(request.ids[0])
        _queue(graph, request, device, segment, _parameters(request, segment, fields))
        return no_content()

    return act


for _segment, (_versions, _fields) in ACTIONS.items():
    _register: Callable[[Handler], Handler] = routes.on("POST", DEVICE + _segment, DEVICES, _versions)
    _register(_handler(_segment, _fields))


@routes.on("POST", "/deviceManagement/managedDevices/executeAction", DEVICES, (BETA,))
def execute_action(graph: Graph, request: GraphRequest) -> GraphResponse:
    """One action for many computers, sorted by what became of the call for each."""
    body = object_of(request.body)
    check_kinds(body, {"actionName": str, "deviceIds": list, "deviceName": str})
    name, ids = body.get("actionName"), body.get("deviceIds") or []
    if name != "delete" and name not in BULK:
        raise GraphFault(400, "BadRequest", f"The action '{name}' is not supported.")
    if not 0 < len(ids) <= MOST_DEVICES:
        raise GraphFault(400, "BadRequest", f"deviceIds must name 1 to {MOST_DEVICES} devices.")
    found: dict[str, list[str]] = {"successful": [], "failed": [], "notFound": [], "notSupported": []}
    for identifier in ids:
        found[_execute(graph, request, str(name), identifier, body)].append(identifier)
    shown = {f"{outcome}DeviceIds": identifiers for outcome, identifiers in found.items()}
    return answer({"@odata.context": request.context("bulkManagedDeviceActionResult"), **shown})


@routes.on("GET", "/deviceManagement/remoteActionAudits", DEVICES, (BETA,))
def list_audits(graph: Graph, request: GraphRequest) -> GraphResponse:
    devices = graph.world.fleet.devices

    def encode(action: RemoteAction) -> bytes:
        return orjson.dumps(audit_json(action, devices[action.ordinal].user_principal_name))

    actions = [each for each in graph.world.actions.by_id.values() if each.ordinal >= 0]
    context = "deviceManagement/remoteActionAudits"
    return graph.pager.page(request, actions, encode, context=context, size=INTUNE_PAGE, count=-1)


def _parameters(request: GraphRequest, segment: str, fields: dict[str, Any] | None) -> Json:
    if fields is None:
        return {}
    body = object_of(request.body or {})
    check_kinds(body, fields)
    if segment in NEEDED and body.get(NEEDED[segment]) is None:
        raise GraphFault(400, "BadRequest", f"The parameter '{NEEDED[segment]}' is required.")
    return {name: value for name, value in body.items() if name in fields}


def _queue(graph: Graph, request: GraphRequest, device: Device, segment: str, parameters: Json) -> None:
    """`wipe` that keeps the enrolment and not the user's data is an Autopilot reset, for Windows only."""
    kind = segment
    if segment == "wipe" and parameters.get("keepEnrollmentData") and not parameters.get("keepUserData"):
        kind = "autopilotReset"
    if segment == "windowsDefenderScan" and not parameters.get("quickScan"):
        kind = "fullScan"
    queue(graph.world, device, kind, parameters, by=(request.client_id, request.request_id))


def _execute(graph: Graph, request: GraphRequest, name: str, identifier: str, body: Json) -> str:
    device = graph.world.fleet.by_intune_id.get(identifier)
    if device is None:
        return "notFound"
    if name == "delete":
        begin_delete(graph, device)
        return "successful"
    if device.model.platform not in KINDS[BULK[name]][1]:
        return "notSupported"
    kept = ("keepEnrollmentData", "keepUserData", "deviceName")
    parameters = {each: body[each] for each in kept if body.get(each) is not None}
    if name == "quickScan":
        parameters["quickScan"] = True
    _queue(graph, request, device, BULK[name], parameters)
    return "successful"
