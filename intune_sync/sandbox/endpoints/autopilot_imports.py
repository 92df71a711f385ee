"""Importing computers into Autopilot, and the sync that follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from ..bodies import check_kinds, object_of
from ..clock import graph_date
from ..device_switches import AUTOPILOT_SYNC_PAUSE_SECONDS, SINGLE_IMPORTS
from ..errors import GraphFault, not_found
from ..imports import ImportRecord, begin_sync, import_rows
from ..messages import GraphRequest, GraphResponse, Json, answer, no_content
from ..paging import INTUNE_PAGE
from ..routing import BETA, V1, Routes
from ..throttle import ENROLMENT, THROTTLE, Bucket

if TYPE_CHECKING:
    from ..graph import Graph

routes = Routes()

IMPORTS = "/deviceManagement/importedWindowsAutopilotDeviceIdentities"
SETTINGS = "/deviceManagement/windowsAutopilotSettings"
SINGLE_WINDOW = 300.0
_FIELDS: dict[str, type] = dict.fromkeys(
    ("serialNumber", "productKey", "hardwareIdentifier", "groupTag", "assignedUserPrincipalName", "importId"), str
)
_SINGLE = "single imports"


@routes.on("POST", IMPORTS, ENROLMENT)
def import_one(graph: Graph, request: GraphRequest) -> GraphResponse:
    """Throttled long before the published limit: https://github.com/microsoftgraph/msgraph-sdk-powershell/issues/2857"""
    _throttle_single(graph, request)
    (record,) = import_rows(graph.world, [_row(request.body)])
    context = request.context("deviceManagement/importedWindowsAutopilotDeviceIdentities/$entity")
    return answer({"@odata.context": context, **record.shown()}, status=201)


@routes.on("POST", IMPORTS + "/import", ENROLMENT)
def import_many(graph: Graph, request: GraphRequest) -> GraphResponse:
    rows = object_of(request.body).get("importedWindowsAutopilotDeviceIdentities")
    if not isinstance(rows, list) or not rows:
        raise GraphFault(400, "BadRequest", "importedWindowsAutopilotDeviceIdentities must be a list of devices.")
    records = import_rows(graph.world, [_row(row) for row in rows])
    context = request.context("Collection(microsoft.graph.importedWindowsAutopilotDeviceIdentity)")
    return answer({"@odata.context": context, "value": [record.shown() for record in records]})


@routes.on("GET", IMPORTS, ENROLMENT)
def list_records(graph: Graph, request: GraphRequest) -> GraphResponse:
    """Those of every client: whoever may read sees what the others have imported."""
    records = list(graph.world.imports.records.values())
    context = "deviceManagement/importedWindowsAutopilotDeviceIdentities"
    return graph.pager.page(request, records, _encode, context=context, size=INTUNE_PAGE, count=-1)


@routes.on("GET", IMPORTS + "/$count", ENROLMENT, (V1,))
def count_records(graph: Graph, request: GraphRequest) -> GraphResponse:
    return GraphResponse(200, str(len(graph.world.imports.records)).encode(), content_type="text/plain")


@routes.on("GET", IMPORTS + "/{}", ENROLMENT)
def get_record(graph: Graph, request: GraphRequest) -> GraphResponse:
    context = request.context("deviceManagement/importedWindowsAutopilotDeviceIdentities/$entity")
    return answer({"@odata.context": context, **_record(graph, request).shown()})


@routes.on("DELETE", IMPORTS + "/{}", ENROLMENT)
def delete_record(graph: Graph, request: GraphRequest) -> GraphResponse:
    del graph.world.imports.records[_record(graph, request).id]
    return no_content()


@routes.on("GET", SETTINGS, ENROLMENT, (BETA,))
def get_settings(graph: Graph, request: GraphRequest) -> GraphResponse:
    imports = graph.world.imports
    return answer(
        {
            "@odata.context": request.context("deviceManagement/windowsAutopilotSettings/$entity"),
            "id": graph.world.tenant.tenant_id,
            "lastSyncDateTime": graph_date(imports.synced_at),
            "lastManualSyncTriggerDateTime": graph_date(imports.asked_at),
            "syncStatus": imports.sync_status,
        }
    )


@routes.on("POST", SETTINGS + "/sync", ENROLMENT, (BETA,))
def start_sync(graph: Graph, request: GraphRequest) -> GraphResponse:
    imports, now = graph.world.imports, graph.clock.now()
    pause = graph.world.settings[AUTOPILOT_SYNC_PAUSE_SECONDS] / graph.world.life.pace
    if imports.asked_at and now - imports.asked_at < pause:
        raise GraphFault(400, "BadRequest", "A sync was triggered less than 10 minutes ago. Try again later.")
    begin_sync(graph.world, now)
    return no_content()


def _throttle_single(graph: Graph, request: GraphRequest) -> None:
    allowed, now = graph.world.settings[SINGLE_IMPORTS], graph.clock.now()
    if graph.world.settings[THROTTLE] == "off" or not allowed:
        return
    buckets = graph.throttle.buckets
    bucket = buckets.setdefault((request.client_id, ENROLMENT, _SINGLE), Bucket(allowed, SINGLE_WINDOW, allowed, now))
    if wait := bucket.take(1, now):
        raise GraphFault(429, "TooManyRequests", "Too many requests.", headers={"Retry-After": f"{wait:.3f}"})


def _row(row: Any) -> Json:
    checked = object_of(row)
    check_kinds(checked, _FIELDS)
    return checked


def _record(graph: Graph, request: GraphRequest) -> ImportRecord:
    record = graph.world.imports.records.get(request.ids[0])
    if record is None:
        raise not_found(request.ids[0])
    return record


def _encode(record: ImportRecord) -> bytes:
    return orjson.dumps(record.shown())
