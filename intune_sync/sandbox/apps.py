"""The tenant's apps with their assignments, and the filters an assignment may carry."""

from dataclasses import dataclass, field
from typing import Any

from .assignments import ALL_DEVICES, EXCLUSION, GROUP, stored
from .chance import guid, name_number
from .clock import parse_date
from .devices import FILTER_ATTRIBUTES, Device
from .groups import Directory, Group
from .rules import Rule, parse_rule
from .tenant import AppSpec, Tenant

Json = dict[str, Any]

BETA_ONLY_TYPES = frozenset({"winGetApp", "officeSuiteApp", "macOSPkgApp"})
NOT_YET_PROCESSED = 5.0  # seconds
CREATED_AT = parse_date("2024-06-10T07:12:44Z")
# The stronger intent wins when several reach a computer.
INTENTS = ("required", "uninstall", "available")


@dataclass(frozen=True, slots=True)
class AssignmentFilter:
    id: str
    display_name: str
    platform: str
    rule: str
    description: str = ""
    created_at: float = CREATED_AT
    changed_at: float = CREATED_AT

    def predicate(self) -> Rule:
        return parse_rule(self.rule, FILTER_ATTRIBUTES)


@dataclass(slots=True)
class App:
    """`assignments` are beta's objects, as a beta client reads them; `number` names the app in draws of chance.

    `before` is what readers are still shown until `before_until`; `extra` holds properties that clients have written
    by Graph's names. A deleted app stays here for computers that are busy with it.
    """

    spec: AppSpec
    number: int
    created_at: float
    changed_at: float
    assignments: list[Json] = field(default_factory=list)
    notes: str = ""
    extra: Json = field(default_factory=dict)
    before: list[Json] = field(default_factory=list)
    before_until: float = 0.0
    is_deleted: bool = False

    def publishing_state(self, now: float) -> str:
        """A package is not published, then processed, then published."""
        state = self.spec.publishing_state
        return "notPublished" if state == "processing" and now < self.created_at + NOT_YET_PROCESSED else state

    @property
    def id(self) -> str:
        return self.spec.id

    def fits(self, device: Device) -> bool:
        spec = self.spec
        if spec.platform not in (None, device.model.platform):
            return False
        if device.model.memory_gb * 1024 < spec.minimum_memory_mb:
            return False
        return device.free_storage_bytes >= spec.minimum_free_disk_mb * 1_000_000

    def failure_rate(self, device: Device) -> float:
        return self.spec.failure_by_model.get(device.model.name, self.spec.failure_rate)


class Catalogue:
    def __init__(self, apps: list[App], filters: list[AssignmentFilter]) -> None:
        self.apps = {app.id: app for app in apps}
        self.filters = {item.id: item for item in filters}
        self._predicates = {item.id: item.predicate() for item in filters}

    def __getstate__(self) -> dict[str, object]:
        return {"apps": self.apps, "filters": self.filters}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(list(state["apps"].values()), list(state["filters"].values()))  # type: ignore[misc]

    def listed(self) -> list[App]:
        return [app for app in self.apps.values() if not app.is_deleted]

    def remove_filter(self, identifier: str) -> None:
        del self.filters[identifier], self._predicates[identifier]

    def add_filter(self, item: AssignmentFilter) -> None:
        """Raises RuleError."""
        self._predicates[item.id] = item.predicate()
        self.filters[item.id] = item

    def intents(self, device: Device, directory: Directory) -> dict[str, str]:
        """What Intune wants on the device: the winning intent by app id."""
        found = {}
        for app in self.apps.values():
            if app.assignments and (intent := self._intent(app, device, directory)):
                found[app.id] = intent
        return found

    def _intent(self, app: App, device: Device, directory: Directory) -> str | None:
        wanted: set[str] = set()
        excluded: set[str] = set()
        for assignment in app.assignments:
            target = assignment["target"]
            if self._reaches(target, device, directory):
                (excluded if target["@odata.type"] == EXCLUSION else wanted).add(assignment["intent"])
        return next((intent for intent in INTENTS if intent in wanted and intent not in excluded), None)

    def _reaches(self, target: Json, device: Device, directory: Directory) -> bool:
        if target["@odata.type"] == ALL_DEVICES:
            inside = True
        else:
            group = directory.groups.get(target.get("groupId", ""))
            inside = group is not None and device.ordinal in group.members
        kind = target.get("deviceAndAppManagementAssignmentFilterType")
        if not inside or kind not in ("include", "exclude"):
            return inside
        predicate = self._predicates.get(target["deviceAndAppManagementAssignmentFilterId"])
        return predicate is not None and predicate(device.facts()) == (kind == "include")

    def reached(self, assignments: list[Json], directory: Directory) -> set[int] | None:
        """Ordinals of the devices in the targets, without regard to filters; None for all."""
        ordinals: set[int] = set()
        for assignment in assignments:
            if assignment["target"]["@odata.type"] == ALL_DEVICES:
                return None
            group = directory.groups.get(assignment["target"].get("groupId", ""))
            ordinals |= group.members if group else set()
        return ordinals


def make_catalogue(tenant: Tenant, seed: int, directory: Directory) -> Catalogue:
    filters = [
        AssignmentFilter(guid(seed, "filter", item["name"]), item["name"], item["platform"], item["rule"])
        for item in tenant.filters
    ]
    apps = []
    for place, spec in enumerate(tenant.apps):
        at = CREATED_AT + place * 40_000
        app = App(spec, name_number(spec.id), at, at + 3_600)
        app.assignments = [_initial(item, directory, filters) for item in spec.assignments]
        apps.append(app)
    return Catalogue(apps, filters)


def _initial(item: Json, directory: Directory, filters: list[AssignmentFilter]) -> Json:
    """An assignment of `tenant.json` as beta shows it."""
    target: Json
    if item["target"] == "all_devices":
        target = {"@odata.type": ALL_DEVICES}
    else:
        group = _target_group(item["target"], directory)
        target = {"@odata.type": EXCLUSION if item.get("exclude") else GROUP, "groupId": group.id}
    if item.get("filter"):
        chosen = next(each for each in filters if each.display_name == item["filter"])
        target["deviceAndAppManagementAssignmentFilterId"] = chosen.id
        target["deviceAndAppManagementAssignmentFilterType"] = "include"
    return stored({"intent": item["intent"], "target": target, "settings": item.get("settings")})


def _target_group(target: str, directory: Directory) -> Group:
    kind, _, name = target.partition(":")
    if kind == "all":
        return directory.by_name("terminsklar-all")
    if kind == "group":
        return directory.by_name(name)
    return directory.by_name(f"terminsklar-{'form' if kind == 'school_form' else 'school'}-{name.lower()}")
