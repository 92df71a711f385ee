"""The tenant's whole state and the acts that touch several of its parts."""

from dataclasses import dataclass, field
from typing import Any

from .apps import App, Catalogue, make_catalogue
from .assignment_checks import checked
from .audit import Actor, AuditLog
from .clock import Clock
from .fleet import Fleet, make_devices
from .groups import Directory, make_directory
from .installs import Installs
from .life import Life
from .outcomes import write_history
from .switches import Settings
from .tenant import Tenant
from .views import Views

Json = dict[str, Any]


@dataclass(slots=True)
class World:
    tenant: Tenant
    seed: int
    clock: Clock
    fleet: Fleet
    directory: Directory
    catalogue: Catalogue
    installs: Installs
    audit: AuditLog
    views: Views
    life: Life
    settings: Settings = field(default_factory=Settings)

    def replace_assignments(self, app: App, posted: object, actor: Actor, version: str = "beta") -> None:
        """What is not posted disappears. Raises GraphFault when the list is refused."""
        after = checked(
            app, posted, version, directory=self.directory, filter_ids=frozenset(self.catalogue.filters), others=[]
        )
        self._put_assignments(app, after, actor)

    def add_assignments(self, app: App, posted: list[Json], actor: Actor, version: str = "beta") -> list[Json]:
        """The added assignments as they are kept. Raises GraphFault when one is refused."""
        filter_ids = frozenset(self.catalogue.filters)
        added = checked(app, posted, version, directory=self.directory, filter_ids=filter_ids, others=app.assignments)
        self._put_assignments(app, [*app.assignments, *added], actor)
        return added

    def remove_assignment(self, app: App, assignment: Json, actor: Actor) -> None:
        self._put_assignments(app, [item for item in app.assignments if item is not assignment], actor)

    def _put_assignments(self, app: App, after: list[Json], actor: Actor) -> None:
        before, now = app.assignments, self.clock.now()
        self.audit.assignment_changed(actor, app.id, app.spec.display_name, before=before, after=after, at=now)
        app.assignments = after
        if before != after:
            old, new = (self.catalogue.reached(each, self.directory) for each in (before, after))
            self.life.wake(None if old is None or new is None else old | new, now)


def make_world(tenant: Tenant, seed: int, device_count: int, pace: float, clock: Clock) -> World:
    """A world whose past is written and whose future is planned, from the clock's present on."""
    now = float(int(clock.now()))  # the same second, the same world
    fleet = Fleet(make_devices(tenant, seed, device_count, now))
    directory = make_directory(tenant, seed, fleet, now)
    catalogue = make_catalogue(tenant, seed, directory)
    installs = Installs(list(catalogue.apps), len(fleet.devices))
    views = Views()
    life = Life(seed, pace, fleet, directory, catalogue=catalogue, installs=installs, views=views)
    write_history(seed, fleet, directory, catalogue, installs=installs, now=now)
    life.begin(now)
    return World(tenant, seed, clock, fleet, directory, catalogue, installs, AuditLog(seed), views, life)
