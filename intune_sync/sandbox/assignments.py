"""How an assignment is kept, and how each version shows it."""

from typing import Any

Json = dict[str, Any]

GROUP = "#microsoft.graph.groupAssignmentTarget"
EXCLUSION = "#microsoft.graph.exclusionGroupAssignmentTarget"
ALL_DEVICES = "#microsoft.graph.allDevicesAssignmentTarget"
ALL_LICENSED_USERS = "#microsoft.graph.allLicensedUsersAssignmentTarget"
TARGET_TYPES = (GROUP, EXCLUSION, ALL_DEVICES, ALL_LICENSED_USERS)
FILTER_FIELDS = ("deviceAndAppManagementAssignmentFilterId", "deviceAndAppManagementAssignmentFilterType")
INTENT_NUMBERS = {"available": 0, "required": 1, "uninstall": 2, "availableWithoutEnrollment": 3}
# The ids Intune uses for the two virtual groups.
VIRTUAL_GROUPS = {
    ALL_DEVICES: "adadadad-808e-44e2-905a-0b7873a8a531",
    ALL_LICENSED_USERS: "acacacac-9df4-4c7d-9d50-4ef0226f57a9",
}
_WIN32_DEFAULTS: Json = {
    "notifications": "showAll",
    "restartSettings": None,
    "installTimeSettings": None,
    "deliveryOptimizationPriority": "notConfigured",
    "autoUpdateSettings": None,
}


def stored(posted: Json) -> Json:
    """The posted assignment as beta returns it: with id and source, and the defaults Intune fills in."""
    target = dict(posted["target"])
    group_id = target.get("groupId") or VIRTUAL_GROUPS[target["@odata.type"]]
    target.setdefault(FILTER_FIELDS[0], None)
    target.setdefault(FILTER_FIELDS[1], "none")
    settings = posted.get("settings")
    if settings and settings["@odata.type"].endswith(".win32LobAppAssignmentSettings"):
        settings = {**_WIN32_DEFAULTS, **settings}
    intent = posted["intent"]
    return {
        "@odata.type": "#microsoft.graph.mobileAppAssignment",
        "id": f"{group_id}_{INTENT_NUMBERS[intent]}_0",
        "intent": intent,
        "source": "direct",
        "sourceId": group_id,
        "target": target,
        "settings": settings,
    }


def shown(assignment: Json, version: str) -> Json:
    """v1.0 hides filters and the source."""
    if version == "beta":
        return assignment
    target = {name: value for name, value in assignment["target"].items() if name not in FILTER_FIELDS}
    settings = assignment["settings"]
    if settings and "inUseSettings" in settings:
        settings = {name: value for name, value in settings.items() if name != "inUseSettings"}
    kept = {name: value for name, value in assignment.items() if name not in ("source", "sourceId")}
    return {**kept, "target": target, "settings": settings}
