"""Ordering reports and asking for their state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from .. import report_streams
from ..bodies import check_kinds, object_of
from ..clock import NEVER, graph_date
from ..errors import GraphFault, not_found
from ..messages import GraphRequest, GraphResponse, Json, answer
from ..paging import INTUNE_PAGE
from ..reports import ExportJob
from ..routing import BETA, Routes
from ..throttle import REPORTS

if TYPE_CHECKING:
    from ..graph import Graph

routes = Routes()

JOBS = "/deviceManagement/reports/exportJobs"


@routes.on("POST", JOBS, REPORTS)
def create_job(graph: Graph, request: GraphRequest) -> GraphResponse:
    body = object_of(request.body)
    check_kinds(body, {"reportName": str, "filter": str, "select": list})
    job = graph.export_jobs.create(body)
    return answer(_shown(graph, request, job), status=201)


@routes.on("POST", "/deviceManagement/reports/retrieveDeviceAppInstallationStatusReport", REPORTS)
def stream_install_status(graph: Graph, request: GraphRequest) -> GraphResponse:
    return _streamed(report_streams.install_status(graph.world, _asked(request)))


@routes.on("POST", "/deviceManagement/reports/getAppsInstallSummaryReport", REPORTS, (BETA,))
def stream_install_summary(graph: Graph, request: GraphRequest) -> GraphResponse:
    return _streamed(report_streams.install_summary(graph.world, _asked(request)))


@routes.on("POST", "/deviceManagement/reports/getAppStatusOverviewReport", REPORTS, (BETA,))
def stream_status_overview(graph: Graph, request: GraphRequest) -> GraphResponse:
    return _streamed(report_streams.status_overview(graph.world, _asked(request)))


@routes.on("GET", JOBS, REPORTS)
def list_jobs(graph: Graph, request: GraphRequest) -> GraphResponse:
    def encode(job: ExportJob) -> bytes:
        return orjson.dumps(_shown(graph, request, job))

    jobs = list(graph.export_jobs.jobs.values())
    return graph.pager.page(request, jobs, encode, context="deviceManagement/reports/exportJobs", size=INTUNE_PAGE)


@routes.on("GET", JOBS + "/{}", REPORTS)
def get_job(graph: Graph, request: GraphRequest) -> GraphResponse:
    job = graph.export_jobs.jobs.get(request.ids[0])
    if job is None:
        raise not_found(request.ids[0])
    context = request.context("deviceManagement/reports/exportJobs/$entity")
    return answer({"@odata.context": context, **_shown(graph, request, job)})


def _asked(request: GraphRequest) -> Json:
    """Raises GraphFault 400 for values of the wrong kind."""
    body = object_of(request.body)
    check_kinds(body, {"filter": str, "select": list, "search": str, "orderBy": list, "skip": int, "top": int})
    if min(body.get("skip") or 0, body.get("top") or 0) < 0:
        raise GraphFault(400, "BadRequest", "skip and top must not be negative.")
    return body


def _streamed(report: Json) -> GraphResponse:
    return GraphResponse(200, orjson.dumps(report), content_type="application/octet-stream")


def _shown(graph: Graph, request: GraphRequest, job: ExportJob) -> Json:
    status = job.status(graph.clock.now())
    completed = status == "completed"
    shown: Json = {
        "id": job.id,
        "reportName": job.report.name,
        "filter": job.filter_text or None,
        "select": job.columns,
        "format": "csv",
        "snapshotId": None,
        "localizationType": job.localization,
        "status": status,
        "url": _url(graph, request, job) if completed else None,
        "requestDateTime": graph_date(job.requested_at),
        "expirationDateTime": graph_date(float(int(job.expires_at))) if completed else NEVER,
    }
    return {**shown, "search": None} if request.version == BETA else shown


def _url(graph: Graph, request: GraphRequest, job: ExportJob) -> str:
    signature = graph.export_jobs.signature(job)
    return f"{request.base_url}/sandbox-storage/{job.id}.zip?se={int(job.expires_at)}&sig={signature}"
