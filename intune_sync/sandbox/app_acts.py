"""Changes to apps and filters, by clients and by other administrators alike; each leaves an audit event."""

from dataclasses import replace
from typing import Any

from .app_json import app_json
from .apps import App, AssignmentFilter
from .audit import Actor
from .bodies import check_kinds
from .chance import guid, name_number
from .clock import graph_date
from .errors import GraphFault
from .installs import AppInstalls
from .rules import RuleError
from .switches import switch
from .tenant import AppSpec
from .world import World

Json = dict[str, Any]

ASSIGNMENTS_LAG_SECONDS = switch(
    "assignments_lag_seconds", 0.0, "How long a list of assignments is still read as it was before a write."
)
FILTER_MOST = 200
READ_ONLY = frozenset(
    (
        *("id", "createdDateTime", "lastModifiedDateTime", "publishingState", "uploadState", "isAssigned", "size"),
        *("dependentAppCount", "supersedingAppCount", "supersededAppCount"),
        *("packageIdentifier", "manifestHash", "fileName"),
    )
)
SPEC_FIELDS = {
    "displayName": "display_name",
    "description": "description",
    "publisher": "publisher",
    "appUrl": "app_url",
}
FILTER_KINDS: dict[str, type | tuple[str, ...]] = {
    "displayName": str,
    "description": str,
    "rule": str,
    "platform": ("android", "androidForWork", "iOS", "macOS", "windows10AndLater", "androidWorkProfile", "unknown"),
    "assignmentFilterManagementType": ("devices", "apps"),
    "roleScopeTags": list,
}


def remember_assignments(world: World, app: App, before: list[Json]) -> None:
    """For readers who are shown the list with a lag."""
    app.before, app.before_until = before, world.clock.now() + world.settings[ASSIGNMENTS_LAG_SECONDS]


def seen_assignments(world: World, app: App) -> list[Json]:
    return app.before if world.clock.now() < app.before_until else app.assignments


def change_app(world: World, app: App, body: Json, actor: Actor, version: str = "beta") -> None:
    """PATCH. Raises GraphFault 400 for a missing or wrong type and for what cannot be written."""
    kind = str(body.get("@odata.type", "")).removeprefix("#")
    if kind != f"microsoft.graph.{app.spec.type}":
        raise GraphFault(400, "BadRequest", f"The annotation 'odata.type' must be 'microsoft.graph.{app.spec.type}'.")
    shown = app_json(app, version, world.clock.now())
    changes = {name: value for name, value in body.items() if not name.startswith("@")}
    for name, value in changes.items():
        _check_writable(name, value, shown)
    before = {name: shown[name] for name in changes}
    spec: Json = {SPEC_FIELDS[name]: value or "" for name, value in changes.items() if name in SPEC_FIELDS}
    app.spec = replace(app.spec, **spec)
    app.notes = changes.get("notes", app.notes) or ""
    app.extra |= {name: value for name, value in changes.items() if name not in SPEC_FIELDS and name != "notes"}
    app.changed_at = world.clock.now()
    world.audit.app_changed(
        actor, "Patch", app.id, app.spec.display_name, before=before, after=changes, at=app.changed_at
    )


def _check_writable(name: str, value: Any, shown: Json) -> None:
    if name not in shown or name in READ_ONLY:
        raise GraphFault(400, "BadRequest", f"The property '{name}' cannot be changed.")
    check_like(name, value, shown)
    if name == "displayName" and not value:
        raise GraphFault(400, "BadRequest", "The property 'displayName' is required.")


def check_like(name: str, value: Any, shown: Json) -> None:
    """Raises GraphFault 400 unless the value is of the kind that is shown, or null."""
    if value is not None and shown[name] is not None and not isinstance(value, type(shown[name])):
        raise GraphFault(400, "BadRequest", f"Cannot convert the value of '{name}' to the expected type.")


def delete_app(world: World, app: App, actor: Actor) -> None:
    """Nothing shows the app any more; what is installed stays installed."""
    now = world.clock.now()
    for assignment in list(app.assignments):
        world.remove_assignment(app, assignment, actor)
    app.is_deleted = True
    world.audit.app_changed(actor, "Delete", app.id, app.spec.display_name, before={"id": app.id}, after={}, at=now)


def put_app(world: World, spec: AppSpec, actor: Actor, *, notes: str = "", extra: Json | None = None) -> App:
    """A new app; `spec.id` is given here."""
    now = world.clock.now()
    identifier = guid(world.seed, "created app", len(world.catalogue.apps), spec.display_name)
    app = App(replace(spec, id=identifier), name_number(identifier), now, now, notes=notes, extra=extra or {})
    world.catalogue.apps[identifier] = app
    world.installs.by_app[identifier] = AppInstalls.of_size(len(world.fleet.devices))
    world.audit.app_changed(
        actor, "Create", identifier, spec.display_name, before={}, after={"displayName": spec.display_name}, at=now
    )
    return app


def put_filter(world: World, known: AssignmentFilter | None, body: Json, actor: Actor) -> AssignmentFilter:
    """A new filter, or `known` changed. Raises GraphFault 400."""
    check_kinds(body, FILTER_KINDS)
    name = body.get("displayName", known and known.display_name)
    platform, rule = body.get("platform", known and known.platform), body.get("rule", known and known.rule)
    if not name or not platform or not rule:
        raise GraphFault(400, "BadRequest", "A filter needs displayName, platform and rule.")
    if known and platform != known.platform:
        raise GraphFault(400, "BadRequest", "The platform of a filter cannot be changed.")
    if not known and len(world.catalogue.filters) >= FILTER_MOST:
        raise GraphFault(400, "BadRequest", f"A tenant has at most {FILTER_MOST} assignment filters.")
    now = world.clock.now()
    identifier = known.id if known else guid(world.seed, "created filter", world.audit.written, name)
    description = body.get("description", known.description if known else "") or ""
    made = AssignmentFilter(identifier, name, platform, rule, description, known.created_at if known else now, now)
    try:
        world.catalogue.add_filter(made)
    except RuleError as error:
        raise GraphFault(400, "BadRequest", f"The rule cannot be read: {error}.") from error
    before = {"rule": known.rule, "displayName": known.display_name} if known else {}
    after = {"rule": rule, "displayName": name}
    world.audit.filter_changed(
        actor, "Patch" if known else "Create", identifier, name, before=before, after=after, at=now
    )
    world.life.wake(None, now)
    return made


def delete_filter(world: World, known: AssignmentFilter, actor: Actor) -> None:
    """Raises GraphFault 400 while an assignment carries it."""
    field = "deviceAndAppManagementAssignmentFilterId"
    if any(item["target"].get(field) == known.id for app in world.catalogue.listed() for item in app.assignments):
        raise GraphFault(400, "BadRequest", f"Assignment filter {known.id} is in use.")
    world.catalogue.remove_filter(known.id)
    before = {"rule": known.rule, "displayName": known.display_name, "modified": graph_date(known.changed_at)}
    world.audit.filter_changed(
        actor, "Delete", known.id, known.display_name, before=before, after={}, at=world.clock.now()
    )
