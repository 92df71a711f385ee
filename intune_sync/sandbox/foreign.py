"""Another administrator at work: what people do in Intune's and Entra's own pages while the portal runs.

An order names one object by `app_id`, `filter_id` or `group_id`, and what happens to it:

- app: `assignments` (the whole new list), `add` (a list), `remove` (ids of assignments), `rename`, `delete`, `replace`
  (the app is deleted and another with the same name takes its place), or `new_version` (another app with the same
  name beside it, in which the properties of NEW_VERSION that are given differ)
- filter: `change` (properties of the filter), `delete`
- group: `add_members`, `remove_members` (object ids of devices), `rule`, `rename`, `delete`

`by` is the administrator's principal name. With `when` it happens once, at a matching request: `{"after_method": "GET",
"path_contains": "…"}` right after its answer was made, `{"before_method": "POST", …}` right before it is carried out.
"""

import logging
from dataclasses import replace
from typing import Any

from .app_acts import change_app, delete_app, delete_filter, put_app, put_filter, remember_assignments
from .apps import App, AssignmentFilter
from .audit import Actor
from .errors import GraphFault
from .graph import Graph
from .groups import Group
from .messages import GraphRequest
from .rules import RuleError
from .tenant import AppSpec

Json = dict[str, Any]

ACTS = {
    "app_id": ("assignments", "add", "remove", "rename", "delete", "replace", "new_version"),
    "filter_id": ("change", "delete"),
    "group_id": ("add_members", "remove_members", "rule", "rename", "delete"),
}
NEW_VERSION = ("version", "failure_rate", "failure_by_model", "error_codes")
WHEN = ("after_method", "before_method", "path_contains")

log = logging.getLogger("sandbox")


class OrderRefused(Exception):
    pass


def _next(spec: AppSpec, differs: Json) -> AppSpec:
    """Raises OrderRefused."""
    if unknown := set(differs) - set(NEW_VERSION):
        raise OrderRefused(f"new_version knows {', '.join(NEW_VERSION)}, not {', '.join(sorted(unknown))}")
    return replace(spec, **differs)


class ForeignAdministrator:
    def __init__(self, graph: Graph) -> None:
        self.graph, self.world = graph, graph.world
        self.name = f"it-drift@{graph.world.tenant.domain}"

    def order(self, body: Json) -> Any:
        """What the object is afterwards, or the condition that is waited for. Raises OrderRefused."""
        kind = next((kind for kind in ACTS if kind in body), None)
        if kind is None or not any(act in body for act in ACTS[kind]):
            raise OrderRefused("; ".join(f"{name} with {', '.join(acts)}" for name, acts in ACTS.items()))
        self._find(kind, body)
        when = body.get("when")
        if when is None:
            return self._act(kind, body)
        if not isinstance(when, dict) or set(when) - set(WHEN):
            raise OrderRefused(f"when knows {', '.join(WHEN)}")
        self._wait(kind, body, when)
        return {"waiting": when}

    def _wait(self, kind: str, body: Json, when: Json) -> None:
        hooks = self.graph.before_request if "before_method" in when else self.graph.after_answer
        method = when.get("before_method") or when.get("after_method")

        def act(request: GraphRequest) -> None:
            path = f"/{request.version}{request.path}"
            if method in (None, request.method) and when.get("path_contains", "") in path:
                hooks.remove(act)
                try:
                    self._act(kind, body)
                except OrderRefused as error:
                    log.error("The foreign write was refused: %s", error)

        hooks.append(act)

    def _act(self, kind: str, body: Json) -> Any:
        actor = Actor(user_principal_name=str(body.get("by") or self.name))
        found = self._find(kind, body)
        try:
            if isinstance(found, App):
                return self._to_app(found, body, actor)
            if isinstance(found, AssignmentFilter):
                return self._to_filter(found, body, actor)
            return self._to_group(found, body)
        except (GraphFault, RuleError, KeyError, TypeError) as error:
            raise OrderRefused(str(error)) from error

    def _find(self, kind: str, body: Json) -> App | AssignmentFilter | Group:
        world, identifier = self.world, str(body[kind])
        places: dict[str, Any] = {
            "app_id": world.catalogue.apps,
            "filter_id": world.catalogue.filters,
            "group_id": world.directory.groups,
        }
        found: App | AssignmentFilter | Group | None = places[kind].get(identifier)
        if found is None or (isinstance(found, App) and found.is_deleted):
            raise OrderRefused(f"there is no {kind} {identifier}")
        return found

    def _to_app(self, app: App, body: Json, actor: Actor) -> Any:
        before = app.assignments
        if "assignments" in body:
            self.world.replace_assignments(app, body["assignments"], actor)
        if "add" in body:
            self.world.add_assignments(app, body["add"], actor)
        for identifier in body.get("remove", ()):
            found = next(item for item in app.assignments if item["id"] == identifier)
            self.world.remove_assignment(app, found, actor)
        remember_assignments(self.world, app, before)
        if "rename" in body:
            kind = f"#microsoft.graph.{app.spec.type}"
            change_app(self.world, app, {"@odata.type": kind, "displayName": body["rename"]}, actor)
        if body.get("replace"):
            delete_app(self.world, app, actor)
            return {"id": put_app(self.world, replace(app.spec), actor, notes=app.notes, extra=app.extra).id}
        if "new_version" in body:
            return {"id": put_app(self.world, _next(app.spec, body["new_version"]), actor, extra=app.extra).id}
        if body.get("delete"):
            delete_app(self.world, app, actor)
        return app.assignments

    def _to_filter(self, known: AssignmentFilter, body: Json, actor: Actor) -> Any:
        if "change" in body:
            known = put_filter(self.world, known, body["change"], actor)
        if body.get("delete"):
            delete_filter(self.world, known, actor)
        return {"id": known.id, "rule": known.rule}

    def _to_group(self, group: Group, body: Json) -> Any:
        directory, now = self.world.directory, self.world.clock.now()
        devices = self.world.fleet.by_entra_object_id
        added = {devices[each].ordinal for each in body.get("add_members", ())}
        removed = {devices[each].ordinal for each in body.get("remove_members", ())}
        if added or removed:
            directory.put_members(group, (group.members | added) - removed)
            self.world.life.wake(added | removed, now)
        if "rule" in body:
            directory.set_rule(group, body["rule"])
            self.world.life.plan_population(group, now)
        group.display_name = body.get("rename") or group.display_name
        if body.get("delete"):
            directory.remove(group)
        return {"id": group.id, "members": len(group.members)}
