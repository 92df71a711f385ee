"""Entra groups and their members."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from ..bodies import check_kinds, object_of
from ..chance import guid
from ..clock import graph_date
from ..devices import Device
from ..errors import GraphFault, bad_request, entra_not_found
from ..groups import Group
from ..messages import GraphRequest, GraphResponse, Json, answer, no_content
from ..paging import ENTRA_PAGE
from ..routing import V1, Routes
from ..rules import RuleError
from ..selection import check_selected, selected
from ..switches import switch
from ..throttle import ENTRA
from .directory_devices import page_of_devices
from .directory_queries import INDEX_LAG_SECONDS, condition, require_advanced, require_eventual

if TYPE_CHECKING:
    from ..graph import Graph

routes = Routes()

MOST_BINDS = 20
NEW_GROUP_MISSING_SECONDS = switch(
    "new_group_missing_seconds", 0.0, "How long a new group is not found although its creation was answered."
)
NEW_GROUP_UNLISTED_SECONDS = switch(
    "new_group_unlisted_seconds", 0.0, "How long a new group is missing from lists of groups."
)
GROUP_CONFLICT_SECONDS = switch(
    "group_conflict_seconds", 0.0, "Within which time after a write to a group another one gets 409."
)
GROUP_SOFT_DELETE = switch("group_soft_delete", False, "Deleted groups can be found among the deleted items.")
BIND = "members@odata.bind"
FILTER_FIELDS: dict[str, Callable[[Group], Any]] = {
    "id": lambda group: group.id,
    "displayName": lambda group: group.display_name,
    "mailNickname": lambda group: group.mail_nickname,
    "securityEnabled": lambda group: True,
    "mailEnabled": lambda group: False,
    "groupTypes": lambda group: ["DynamicMembership"] if group.is_dynamic else [],
}


@routes.on("GET", "/groups", ENTRA)
def list_groups(graph: Graph, request: GraphRequest) -> GraphResponse:
    listed, names = _listed(graph, request), request.selected()
    matches = condition(request, FILTER_FIELDS)
    if listed:
        check_selected(names, group_json(listed[0]), "group")
    count = None
    if request.is_advanced:
        count = len(listed) if matches is None else sum(map(matches, listed))

    def encode(group: Group) -> bytes:
        return orjson.dumps(selected(group_json(group), names))

    return graph.pager.page(request, listed, encode, context="groups", size=ENTRA_PAGE, matches=matches, count=count)


@routes.on("GET", "/groups/$count", ENTRA, (V1,))
def count_groups(graph: Graph, request: GraphRequest) -> GraphResponse:
    require_eventual(request)
    matches = condition(request, FILTER_FIELDS)
    count = sum(matches is None or matches(group) for group in _listed(graph, request))
    return GraphResponse(200, str(count).encode(), content_type="text/plain")


@routes.on("POST", "/groups", ENTRA)
def create_group(graph: Graph, request: GraphRequest) -> GraphResponse:
    body = _body(request)
    for name in ("displayName", "mailNickname"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise bad_request(f"A value is required for property '{name}' of resource 'Group'.")
    if body.get("mailEnabled") is not False or body.get("securityEnabled") is not True:
        raise bad_request("The service does not currently support writes of mail-enabled groups.")
    directory, now = graph.world.directory, graph.clock.now()
    number = len(directory.groups) + len(directory.deleted)
    identifier = guid(graph.world.seed, "created group", number, body["mailNickname"])
    group = Group(identifier, body["displayName"], body["mailNickname"], body.get("description"), now, _rule(body))
    bound = _bound_devices(graph, body)
    if bound and group.is_dynamic:
        raise bad_request("Members of a group with dynamic membership cannot be specified.")
    try:
        directory.add(group)
    except RuleError as error:
        raise bad_request(f"Invalid membership rule: {error}.") from error
    directory.put_members(group, {device.ordinal for device in bound})
    if group.is_dynamic:
        graph.world.life.plan_population(group, now)
    return answer({"@odata.context": request.context("groups/$entity"), **group_json(group)}, status=201)


@routes.on("GET", "/groups/{}", ENTRA)
def get_group(graph: Graph, request: GraphRequest) -> GraphResponse:
    whole = group_json(_group(graph, request))
    check_selected(request.selected(), whole, "group")
    return answer({"@odata.context": request.context("groups/$entity"), **selected(whole, request.selected())})


@routes.on("PATCH", "/groups/{}", ENTRA, (V1,))
def update_group(graph: Graph, request: GraphRequest) -> GraphResponse:
    group = _group(graph, request)
    body = _body(request)
    added = _bound_devices(graph, body)
    _refuse_old_version(group, request)
    _refuse_at_once(graph, group)
    if added:
        _add_members(graph, group, added)
    group.display_name = body.get("displayName") or group.display_name
    group.description = body.get("description", group.description)
    if "membershipRule" in body:
        _change_rule(graph, group, body["membershipRule"])
    return no_content()


@routes.on("DELETE", "/groups/{}", ENTRA, (V1,))
def delete_group(graph: Graph, request: GraphRequest) -> GraphResponse:
    """Assignments to the group stay, and reach nobody."""
    group = _group(graph, request)
    members, directory = group.members, graph.world.directory
    directory.remove(group)
    if not graph.world.settings[GROUP_SOFT_DELETE]:
        directory.purged[group.id] = directory.deleted.pop(group.id)
    graph.world.life.wake(members, graph.clock.now())
    return no_content()


@routes.on("GET", "/directory/deletedItems/microsoft.graph.group", ENTRA, (V1,))
def list_deleted(graph: Graph, request: GraphRequest) -> GraphResponse:
    def encode(group: Group) -> bytes:
        return orjson.dumps(group_json(group))

    deleted = list(graph.world.directory.deleted.values())
    return graph.pager.page(request, deleted, encode, context="directory/deletedItems", size=ENTRA_PAGE)


@routes.on("GET", "/groups/{}/members", ENTRA, (V1,))
def list_members(graph: Graph, request: GraphRequest) -> GraphResponse:
    return page_of_devices(graph, request, _members(graph, request), "directoryObjects")


@routes.on("GET", "/groups/{}/members/microsoft.graph.device", ENTRA, (V1,))
def list_member_devices(graph: Graph, request: GraphRequest) -> GraphResponse:
    require_advanced(request)
    return page_of_devices(graph, request, _members(graph, request), "devices")


@routes.on("GET", "/groups/{}/members/$count", ENTRA, (V1,))
def count_members(graph: Graph, request: GraphRequest) -> GraphResponse:
    require_eventual(request)
    return GraphResponse(200, str(len(_members(graph, request))).encode(), content_type="text/plain")


@routes.on("POST", "/groups/{}/members/$ref", ENTRA, (V1,))
def add_member(graph: Graph, request: GraphRequest) -> GraphResponse:
    group = _group(graph, request)
    body = _body(request)
    _refuse_at_once(graph, group)
    _add_members(graph, group, [_referenced(graph, body.get("@odata.id"))])
    return no_content()


@routes.on("DELETE", "/groups/{}/members/{}/$ref", ENTRA, (V1,))
def remove_member(graph: Graph, request: GraphRequest) -> GraphResponse:
    group = _group(graph, request)
    device = graph.world.fleet.by_entra_object_id.get(request.ids[1])
    _refuse_dynamic(group)
    if device is None or device.ordinal not in group.members:
        raise entra_not_found(request.ids[1])
    graph.world.directory.put_members(group, group.members - {device.ordinal})
    graph.world.life.wake([device.ordinal], graph.clock.now())
    return no_content()


def group_json(group: Group) -> Json:
    return {
        "id": group.id,
        "deletedDateTime": None,
        "classification": None,
        "createdDateTime": graph_date(float(int(group.created_at))),
        "description": group.description,
        "displayName": group.display_name,
        "expirationDateTime": None,
        "groupTypes": ["DynamicMembership"] if group.is_dynamic else [],
        "isAssignableToRole": None,
        "mail": None,
        "mailEnabled": False,
        "mailNickname": group.mail_nickname,
        "membershipRule": group.membership_rule,
        "membershipRuleProcessingState": "On" if group.is_dynamic else None,
        "onPremisesSyncEnabled": None,
        "preferredDataLocation": None,
        "proxyAddresses": [],
        "renewedDateTime": graph_date(float(int(group.created_at))),
        "securityEnabled": True,
        "securityIdentifier": f"S-1-12-1-{int(group.id[:8], 16)}-{int(group.id[9:13], 16)}",
        "theme": None,
        "visibility": None,
    }


def _body(request: GraphRequest) -> Json:
    body = object_of(request.body)
    kinds = {"displayName": str, "mailNickname": str, "description": str, "groupTypes": list, "membershipRule": str}
    check_kinds(body, kinds, code="Request_BadRequest")
    return body


def _group(graph: Graph, request: GraphRequest) -> Group:
    group = graph.world.directory.groups.get(request.ids[0])
    if group is None or graph.clock.now() < group.created_at + graph.world.settings[NEW_GROUP_MISSING_SECONDS]:
        raise entra_not_found(request.ids[0])
    return group


def _members(graph: Graph, request: GraphRequest) -> list[Device]:
    """As they are; for an advanced query as its index has them, which may lag."""
    group, devices = _group(graph, request), graph.world.fleet.devices
    members, lag = group.members, graph.world.settings[INDEX_LAG_SECONDS]
    if lag and request.headers.get("consistencylevel", "").lower() == "eventual":
        members = graph.world.directory.log.members_at(group.id, members, graph.clock.now() - lag)
    return [devices[ordinal] for ordinal in sorted(members)]


def _listed(graph: Graph, request: GraphRequest) -> list[Group]:
    settings, now = graph.world.settings, graph.clock.now()
    late = settings[NEW_GROUP_UNLISTED_SECONDS]
    if request.is_advanced:
        late = max(late, settings[INDEX_LAG_SECONDS])
    return [group for group in graph.world.directory.listed if now >= group.created_at + late]


def _refuse_at_once(graph: Graph, group: Group) -> None:
    """Entra does not write one object twice at a time."""
    now, written = graph.clock.now(), graph.world.directory.written_at
    if now < written.get(group.id, 0.0) + graph.world.settings[GROUP_CONFLICT_SECONDS]:
        message = "A conflicting object with one or more of the specified property values is being written."
        raise GraphFault(409, "Conflict", message, plain=True)
    written[group.id] = now


def _refuse_old_version(group: Group, request: GraphRequest) -> None:
    """`If-Match` is kept where a client sends it; Graph gives no ETag, so it can only be `*` or wrong."""
    if request.headers.get("if-match", "*") != "*":
        raise GraphFault(412, "PreconditionFailed", f"The version of group {group.id} does not match.", plain=True)


def _rule(body: Json) -> str | None:
    dynamic = "DynamicMembership" in (body.get("groupTypes") or [])
    if dynamic != bool(body.get("membershipRule")):
        raise bad_request("groupTypes and membershipRule do not agree.")
    return str(body["membershipRule"]) if dynamic else None


def _change_rule(graph: Graph, group: Group, rule: object) -> None:
    if not group.is_dynamic or not isinstance(rule, str):
        raise bad_request("membershipRule can only be changed on a group with dynamic membership.")
    try:
        graph.world.directory.set_rule(group, rule)
    except RuleError as error:
        raise bad_request(f"Invalid membership rule: {error}.") from error
    graph.world.life.plan_population(group, graph.clock.now())


def _bound_devices(graph: Graph, body: Json) -> list[Device]:
    references = body.get(BIND, [])
    if not isinstance(references, list) or len(references) > MOST_BINDS:
        raise bad_request(f"The number of references in '{BIND}' must be at most {MOST_BINDS}.")
    return [_referenced(graph, reference) for reference in references]


def _referenced(graph: Graph, reference: object) -> Device:
    """`https://…/directoryObjects/{object id}`; a `deviceId` in that place is not found."""
    kind, _, identifier = str(reference).rpartition("/")
    if not kind.lower().endswith(("/directoryobjects", "/devices")):
        raise bad_request("Invalid URL format specified in @odata.bind or @odata.id.")
    device = graph.world.fleet.by_entra_object_id.get(identifier)
    if device is None:
        raise entra_not_found(identifier)
    return device


def _add_members(graph: Graph, group: Group, devices: list[Device]) -> None:
    """All or none."""
    _refuse_dynamic(group)
    ordinals = {device.ordinal for device in devices}
    if ordinals & group.members or len(ordinals) < len(devices):
        raise bad_request(
            "One or more added object references already exist for the following modified properties: 'members'."
        )
    graph.world.directory.put_members(group, group.members | ordinals)
    graph.world.life.wake(ordinals, graph.clock.now())


def _refuse_dynamic(group: Group) -> None:
    if group.is_dynamic:
        message = "Insufficient privileges to complete the operation."
        raise GraphFault(403, "Authorization_RequestDenied", message, plain=True)
