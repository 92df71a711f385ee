"""The organisation, assignment filters and Intune's audit events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ..app_acts import delete_filter, put_filter
from ..apps import CREATED_AT, AssignmentFilter
from ..audit import Actor
from ..bodies import object_of
from ..clock import graph_date, parse_date
from ..errors import GraphFault, not_found
from ..messages import GraphRequest, GraphResponse, Json, answer, no_content
from ..paging import INTUNE_PAGE
from ..query import FilterError, parse_filter
from ..routing import BETA, V1, Routes
from ..throttle import CONFIGURATION, ENTRA

if TYPE_CHECKING:
    from ..graph import Graph

routes = Routes()

FILTERS = "/deviceManagement/assignmentFilters"


@routes.on("GET", "/organization", ENTRA, (V1,))
def list_organization(graph: Graph, request: GraphRequest) -> GraphResponse:
    tenant = graph.world.tenant
    domain = {
        "capabilities": "Email, OfficeCommunicationsOnline",
        "isDefault": True,
        "isInitial": False,
        "name": tenant.domain,
        "type": "Managed",
    }
    organization = {
        "id": tenant.tenant_id,
        "displayName": tenant.name,
        "countryLetterCode": "SE",
        "preferredLanguage": "sv",
        "defaultUsageLocation": "SE",
        "tenantType": "AAD",
        "mobileDeviceManagementAuthority": "intune",
        "createdDateTime": graph_date(CREATED_AT),
        "verifiedDomains": [domain],
    }
    return answer({"@odata.context": request.context("organization"), "value": [organization]})


@routes.on("GET", FILTERS, CONFIGURATION, (BETA,))
def list_filters(graph: Graph, request: GraphRequest) -> GraphResponse:
    def encode(item: AssignmentFilter) -> bytes:
        return orjson.dumps(_filter_json(item))

    filters = list(graph.world.catalogue.filters.values())
    return graph.pager.page(
        request, filters, encode, context="deviceManagement/assignmentFilters", size=INTUNE_PAGE, count=-1
    )


@routes.on("GET", FILTERS + "/{}", CONFIGURATION, (BETA,))
def get_filter(graph: Graph, request: GraphRequest) -> GraphResponse:
    found = _filter(graph, request)
    context = request.context("deviceManagement/assignmentFilters/$entity")
    return answer({"@odata.context": context, **_filter_json(found)})


@routes.on("POST", FILTERS, CONFIGURATION, (BETA,))
def create_filter(graph: Graph, request: GraphRequest) -> GraphResponse:
    made = put_filter(graph.world, None, object_of(request.body), Actor(request.client_id))
    context = request.context("deviceManagement/assignmentFilters/$entity")
    return answer({"@odata.context": context, **_filter_json(made)}, status=201)


@routes.on("PATCH", FILTERS + "/{}", CONFIGURATION, (BETA,))
def update_filter(graph: Graph, request: GraphRequest) -> GraphResponse:
    put_filter(graph.world, _filter(graph, request), object_of(request.body), Actor(request.client_id))
    return no_content()


@routes.on("DELETE", FILTERS + "/{}", CONFIGURATION, (BETA,))
def remove_filter(graph: Graph, request: GraphRequest) -> GraphResponse:
    delete_filter(graph.world, _filter(graph, request), Actor(request.client_id))
    return no_content()


@routes.on("GET", "/deviceManagement/auditEvents", CONFIGURATION, (V1,))
def list_audit_events(graph: Graph, request: GraphRequest) -> GraphResponse:
    fields = {"activityDateTime": lambda event: parse_date(event["activityDateTime"])}
    text = request.query.get("$filter")
    try:
        matches = parse_filter(text, fields).matches if text else None
    except FilterError as error:
        raise GraphFault(400, "BadRequest", f"Invalid filter clause: {error}.") from error
    events = list(graph.world.audit.events)
    return graph.pager.page(
        request,
        events,
        orjson.dumps,
        context="deviceManagement/auditEvents",
        size=INTUNE_PAGE,
        matches=matches,
        count=-1,
    )


def _filter(graph: Graph, request: GraphRequest) -> AssignmentFilter:
    found = graph.world.catalogue.filters.get(request.ids[0])
    if found is None:
        raise not_found(request.ids[0])
    return found


def _filter_json(item: AssignmentFilter) -> Json:
    return {
        "id": item.id,
        "createdDateTime": graph_date(item.created_at),
        "lastModifiedDateTime": graph_date(item.changed_at),
        "displayName": item.display_name,
        "description": item.description,
        "platform": item.platform,
        "rule": item.rule,
        "roleScopeTags": ["0"],
        "payloads": [],
        "assignmentFilterManagementType": "devices",
    }
