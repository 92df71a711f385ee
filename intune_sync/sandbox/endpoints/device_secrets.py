"""Passwords of local administrators and recovery keys, in Entra. What opens a computer comes only when it is selected
by name, of one computer at a time, and each such read is audited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ..device_secrets import (
    READS_KEY,
    READS_PASSWORD,
    LocalPassword,
    RecoveryKey,
    credentials_json,
    key_json,
    local_passwords,
    password_json,
    recovery_keys,
)
from ..devices import Device
from ..errors import entra_not_found
from ..messages import GraphRequest, GraphResponse, Json, answer
from ..paging import ENTRA_PAGE
from ..routing import V1, Routes
from ..selection import check_selected, selected
from ..throttle import ENTRA
from .directory_queries import condition

if TYPE_CHECKING:
    from ..graph import Graph

routes = Routes()

PASSWORDS = "/directory/deviceLocalCredentials"
KEYS = "/informationProtection/bitlocker/recoveryKeys"


@routes.on("GET", PASSWORDS, ENTRA, (V1,))
def list_passwords(graph: Graph, request: GraphRequest) -> GraphResponse:
    found, names = local_passwords(graph.world), request.selected()
    matches = condition(request, {"deviceName": lambda each: each.device.name})
    if found:
        check_selected(names, password_json(found[0]), "deviceLocalCredentialInfo")

    def encode(each: LocalPassword) -> bytes:
        return orjson.dumps(selected(password_json(each), names))

    context = "directory/deviceLocalCredentials"
    return graph.pager.page(request, found, encode, context=context, size=ENTRA_PAGE, matches=matches)


@routes.on("GET", PASSWORDS + "/{}", ENTRA, (V1,))
def get_password(graph: Graph, request: GraphRequest) -> GraphResponse:
    """By Entra's `deviceId`, not by the object's id."""
    passwords = local_passwords(graph.world)
    found = next((each for each in passwords if each.device.entra_device_id == request.ids[0]), None)
    if found is None:
        raise entra_not_found(request.ids[0])
    check_selected(request.selected(), password_json(found) | {"credentials": None}, "deviceLocalCredentialInfo")
    if "credentials" not in request.selected():
        return _one(request, selected(password_json(found), request.selected()))
    _audit(graph, request, READS_PASSWORD, found.device)
    return _one(request, password_json(found) | {"credentials": credentials_json(found)})


@routes.on("GET", KEYS, ENTRA, (V1,))
def list_keys(graph: Graph, request: GraphRequest) -> GraphResponse:
    found, names = recovery_keys(graph.world), request.selected()
    matches = condition(request, {"deviceId": lambda each: each.device.entra_device_id})
    if found:
        check_selected(names, key_json(found[0]), "bitlockerRecoveryKey")

    def encode(each: RecoveryKey) -> bytes:
        return orjson.dumps(selected(key_json(each), names))

    context = "informationProtection/bitlocker/recoveryKeys"
    return graph.pager.page(request, found, encode, context=context, size=ENTRA_PAGE, matches=matches)


@routes.on("GET", KEYS + "/{}", ENTRA, (V1,))
def get_key(graph: Graph, request: GraphRequest) -> GraphResponse:
    found = next((each for each in recovery_keys(graph.world) if each.id == request.ids[0]), None)
    if found is None:
        raise entra_not_found(request.ids[0])
    check_selected(request.selected(), key_json(found) | {"key": None}, "bitlockerRecoveryKey")
    if "key" not in request.selected():
        return _one(request, selected(key_json(found), request.selected()))
    _audit(graph, request, READS_KEY, found.device)
    return _one(request, key_json(found) | {"key": found.text})


def _audit(graph: Graph, request: GraphRequest, activity: str, device: Device) -> None:
    graph.world.audit.secret_read(request.client_id, activity, device.entra_device_id, graph.clock.now())


def _one(request: GraphRequest, shown: Json) -> GraphResponse:
    collection = request.path.strip("/").rpartition("/")[0]
    return answer({"@odata.context": request.context(f"{collection}/$entity"), **shown})
