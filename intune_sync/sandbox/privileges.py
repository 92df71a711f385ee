"""Which app role a call needs, and what the service says when the token lacks it.

https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/4311 shows Intune's words.
"""

import re
from collections.abc import Callable
from typing import Any

from .errors import GraphFault
from .messages import GraphRequest
from .registrations import APPS, CONFIGURATION, MANAGED, SERVICE
from .routing import Route
from .throttle import ENTRA

Needed = tuple[frozenset[str], ...]  # each set is enough by itself

# Remote actions that need less than the privileged role, and the area whose role they need.
MILDER_ACTIONS = {
    "rotateBitLockerKeys": MANAGED,
    "rotateLocalAdminPassword": MANAGED,
    "createDeviceLogCollectionRequest": CONFIGURATION,
    "$ref": MANAGED,
}
GROUP_READERS = ("GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All")


def check(request: GraphRequest, route: Route) -> None:
    """Raises GraphFault 403 when the token's app roles do not allow the call."""
    needed = _needed(request, route.path)
    if any(roles <= request.roles for roles in needed):
        return
    if route.service == ENTRA:
        message = "Insufficient privileges to complete the operation."
        raise GraphFault(403, "Authorization_RequestDenied", message, plain=True)
    names = ", ".join(dict.fromkeys(name for roles in needed for name in sorted(roles)))
    message = (
        "Application is not authorized to perform this operation. Application must have one of the following "
        f"scopes: {names}"
    )
    raise GraphFault(403, "Forbidden", message)


def _any_of(*names: str) -> Needed:
    return tuple(frozenset([name]) for name in names)


def _area(*areas: str) -> Callable[[bool], Needed]:
    """The areas' roles: either of the two to read, the larger one to write."""

    def needed(is_read: bool) -> Needed:
        writes = [f"{area}.ReadWrite.All" for area in areas]
        return _any_of(*[f"{area}.Read.All" for area in areas], *writes) if is_read else _any_of(*writes)

    return needed


_BY_AREA: list[tuple[str, Callable[[bool], Needed]]] = [
    (r"/deviceManagement/reports/exportJobs", _area(CONFIGURATION, APPS, MANAGED)),
    (r"/deviceManagement/reports/", lambda is_read: _area(APPS, CONFIGURATION, MANAGED)(True)),
    (r"/deviceManagement/auditEvents", _area(APPS)),
    (r"/deviceAppManagement/", _area(APPS)),
    (r"/users/\{\}/mobileAppIntentAndStates", _area(MANAGED)),
    (r"/deviceManagement/(assignmentFilters|evaluateAssignmentFilter|deviceCompliance)", _area(CONFIGURATION)),
    (
        r"/deviceManagement/(windowsAutopilot|importedWindowsAutopilot|importedDevice|dep|deviceEnrollment|apple)",
        _area(SERVICE),
    ),
    (r"/deviceManagement/", _area(MANAGED)),
    (r"/devices", _area("Device")),
    (r"/users", _area("User")),
    (r"/organization", _area("Organization")),
    (r"/directory/deviceLocalCredentials", lambda is_read: _any_of("DeviceLocalCredential.Read.All")),
    (r"/informationProtection/bitlocker", lambda is_read: _any_of("BitlockerKey.Read.All")),
]
_ACTION = re.compile(r"/deviceManagement/managedDevices(/\{\})?/([A-Za-z$/]+)")


def _needed(request: GraphRequest, path: str) -> Needed:
    is_read = request.method == "GET"
    if path.startswith(("/groups", "/directory/deletedItems")):
        return _any_of(*GROUP_READERS) if is_read else _group_write(request, path)
    action = _ACTION.fullmatch(path)
    if action and not is_read:
        area = MILDER_ACTIONS.get(action[2].rpartition("/")[2])
        return _area(area)(False) if area else _any_of(f"{MANAGED}.PrivilegedOperations.All")
    return next((roles(is_read) for prefix, roles in _BY_AREA if re.match(prefix, path)), _any_of("Directory.Read.All"))


def _group_write(request: GraphRequest, path: str) -> Needed:
    """Membership needs less than the group itself, but a device may only be added by whom may write devices."""
    whole = frozenset(["Group.ReadWrite.All"])
    if request.method == "POST" and path == "/groups":
        return whole, frozenset(["Group.Create"])
    member = frozenset(["GroupMember.ReadWrite.All"])
    body: Any = request.body
    only_members = isinstance(body, dict) and set(body) == {"members@odata.bind"}
    if request.method == "DELETE" and path.endswith("/$ref"):
        return whole, member
    if path.endswith("/$ref") or only_members:
        return whole, member | {"Device.ReadWrite.All"}
    return (whole,)
