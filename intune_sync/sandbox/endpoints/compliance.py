"""Compliance policies and what they say of each computer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ..compliance import POLICIES, Policy, policy_id, policy_json, policy_states, summary_json
from ..errors import not_found
from ..messages import GraphRequest, GraphResponse, answer
from ..paging import INTUNE_PAGE
from ..routing import V1, Routes
from ..throttle import CONFIGURATION, DEVICES

if TYPE_CHECKING:
    from ..graph import Graph

routes = Routes()

KIND = "deviceManagement/deviceCompliancePolicies"


@routes.on("GET", f"/{KIND}", CONFIGURATION, (V1,))
def list_policies(graph: Graph, request: GraphRequest) -> GraphResponse:
    def encode(policy: Policy) -> bytes:
        return orjson.dumps(policy_json(graph.world.seed, policy))

    return graph.pager.page(request, POLICIES, encode, context=KIND, size=INTUNE_PAGE, count=-1)


@routes.on("GET", f"/{KIND}/{{}}", CONFIGURATION, (V1,))
def get_policy(graph: Graph, request: GraphRequest) -> GraphResponse:
    seed = graph.world.seed
    found = next((each for each in POLICIES if policy_id(seed, each) == request.ids[0]), None)
    if found is None:
        raise not_found(request.ids[0])
    return answer({"@odata.context": request.context(f"{KIND}/$entity"), **policy_json(seed, found)})


@routes.on("GET", "/deviceManagement/managedDevices/{}/deviceCompliancePolicyStates", DEVICES, (V1,))
def list_states(graph: Graph, request: GraphRequest) -> GraphResponse:
    device = graph.world.fleet.by_intune_id.get(request.ids[0])
    if device is None:
        raise not_found(request.ids[0])
    context = request.context("deviceManagement/managedDevices/deviceCompliancePolicyStates")
    return answer({"@odata.context": context, "value": policy_states(graph.world.seed, device)})


@routes.on("GET", "/deviceManagement/deviceCompliancePolicyDeviceStateSummary", CONFIGURATION, (V1,))
def get_summary(graph: Graph, request: GraphRequest) -> GraphResponse:
    context = request.context("deviceManagement/deviceCompliancePolicyDeviceStateSummary/$entity")
    return answer({"@odata.context": context, **summary_json(graph.world.fleet.managed)})
