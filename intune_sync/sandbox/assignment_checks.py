"""What `assign` accepts."""

from typing import Any

from .apps import App
from .assignments import EXCLUSION, FILTER_FIELDS, GROUP, INTENT_NUMBERS, TARGET_TYPES, stored
from .bodies import check_kinds
from .errors import GraphFault
from .groups import Directory

Json = dict[str, Any]

TARGET_KINDS: dict[str, type | tuple[str, ...]] = {
    "groupId": str,
    FILTER_FIELDS[0]: str,
    FILTER_FIELDS[1]: ("none", "include", "exclude"),
}
SETTING_KINDS: dict[str, type | tuple[str, ...]] = {
    "notifications": ("showAll", "showReboot", "hideAll"),
    "deliveryOptimizationPriority": ("notConfigured", "foreground"),
    "restartSettings": dict,
    "installTimeSettings": dict,
    "autoUpdateSettings": dict,
    "inUseSettings": dict,
}


def checked(
    app: App, posted: object, version: str, *, directory: Directory, filter_ids: frozenset[str], others: list[Json]
) -> list[Json]:
    """The list in stored form. `others` are assignments that stay beside it. Raises GraphFault with status 400."""
    if not isinstance(posted, list):
        raise GraphFault(400, "BadRequest", "The parameter 'mobileAppAssignments' must be a collection.")
    already = frozenset(item["sourceId"] for item in app.assignments)
    if app.spec.publishing_state != "published":
        raise GraphFault(400, "BadRequest", f"App {app.id} is not published: {app.spec.publishing_state}.")
    for item in posted:
        _check_shape(app, item, version)
        _check_references(item["target"], directory, filter_ids, already)
    result = [stored(item) for item in posted]
    _check_together([*others, *result])
    return result


def _check_shape(app: App, item: Any, version: str) -> None:
    target = item.get("target") if isinstance(item, dict) else None
    if not isinstance(target, dict):
        raise GraphFault(400, "BadRequest", "An assignment needs a target.")
    if target.get("@odata.type") not in TARGET_TYPES:
        raise GraphFault(400, "BadRequest", "The annotation 'odata.type' is missing or unknown in 'target'.")
    check_kinds(item, {"intent": tuple(INTENT_NUMBERS), "settings": dict})
    check_kinds(target, TARGET_KINDS)
    if item.get("intent") is None:
        raise GraphFault(400, "BadRequest", "An assignment needs an intent.")
    if version != "beta" and (names := [name for name in FILTER_FIELDS if name in target]):
        kind = target["@odata.type"].removeprefix("#")
        raise GraphFault(400, "BadRequest", f"The property '{names[0]}' does not exist on type '{kind}'.")
    settings = item.get("settings")
    if settings is None:
        return
    check_kinds(settings, SETTING_KINDS)
    kind = settings.get("@odata.type")
    if kind not in (f"#microsoft.graph.{app.spec.type}AssignmentSettings", _legacy_settings(app)):
        raise GraphFault(
            400, "BadRequest", f"Settings of type '{kind}' do not belong to an app of type {app.spec.type}."
        )


def _legacy_settings(app: App) -> str:
    """macOS apps share one settings type in older clients."""
    return "#microsoft.graph.macOsLobAppAssignmentSettings" if app.spec.platform == "macos" else ""


def _check_references(target: Json, directory: Directory, filter_ids: frozenset[str], already: frozenset[str]) -> None:
    """A target that is there already may stay, although its group has been deleted since."""
    group_id = target.get("groupId")
    if target["@odata.type"] in (GROUP, EXCLUSION) and group_id not in directory.groups and group_id not in already:
        raise GraphFault(400, "BadRequest", f"Group {target.get('groupId')} does not exist.")
    filter_id, kind = target.get(FILTER_FIELDS[0]), target.get(FILTER_FIELDS[1])
    if kind in ("include", "exclude") and filter_id not in filter_ids:
        raise GraphFault(400, "BadRequest", f"Assignment filter {filter_id} does not exist.")


def _check_together(assignments: list[Json]) -> None:
    targets = [assignment["sourceId"] for assignment in assignments]
    twice = next((target for target in targets if targets.count(target) > 1), None)
    if twice:
        raise GraphFault(400, "BadRequest", f"Group {twice} is targeted more than once.")
    included = {item["intent"] for item in assignments if item["target"]["@odata.type"] != EXCLUSION}
    for item in assignments:
        if item["target"]["@odata.type"] == EXCLUSION and item["intent"] not in included:
            raise GraphFault(
                400, "BadRequest", f"The exclusion of {item['sourceId']} has no '{item['intent']}' inclusion."
            )
