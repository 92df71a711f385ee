"""The tenant's whole state and the acts that touch several of its parts."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from . import actions, apple, enrolment, imports
from .actions import Actions
from .apple import AppleProgram
from .apps import App, Catalogue, make_catalogue
from .assignment_checks import checked
from .attempts import Attempts
from .audit import Actor, AuditLog
from .clock import Clock
from .fleet import Fleet, make_devices
from .groups import Directory, make_directory
from .imports import Imports
from .installs import Installs
from .life import Life
from .outcomes import write_history
from .profiles import Profiles
from .switches import Settings
from .tenant import Tenant
from .views import Views

Json = dict[str, Any]

# what happens in life besides the computers' own check-ins and installations
HANDLERS = {
    "enrol": enrolment.on_enrol,
    "enrolled": enrolment.on_enrolled,
    "not_enrolled": enrolment.on_not_enrolled,
    "record_gone": enrolment.on_record_gone,
    "identity_gone": enrolment.on_identity_gone,
    "entra_gone": enrolment.on_entra_gone,
    "profile": enrolment.on_profile,
    "import_pending": imports.on_pending,
    "import_ends": imports.on_end,
    "identity_visible": imports.on_visible,
    "sync_ends": imports.on_sync_end,
    "action_start": actions.on_start,
    "action_end": actions.on_end,
    "apple_sync": apple.on_sync,
}


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
    settings: Settings
    profiles: Profiles
    attempts: Attempts
    apple: AppleProgram
    imports: Imports = field(default_factory=Imports)
    actions: Actions = field(default_factory=Actions)

    def __post_init__(self) -> None:
        self.life.listen({kind: partial(handler, self) for kind, handler in HANDLERS.items()})

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
    settings, views = Settings(), Views()
    life = Life(seed, pace, fleet, directory, catalogue=catalogue, installs=installs, views=views, settings=settings)
    write_history(seed, fleet, directory, catalogue, installs=installs, now=now)
    life.begin(now)
    life.push(now + apple.EVERY_SECONDS, "apple_sync", 0)
    profiles = Profiles(tenant.deployment_profiles, seed, directory)
    first_profile = profiles.listed[0].name if profiles.listed else ""
    return World(
        tenant,
        seed,
        clock,
        fleet,
        directory,
        catalogue,
        installs,
        AuditLog(seed),
        views,
        life,
        settings,
        profiles,
        Attempts(seed, now, first_profile),
        apple.make_program(seed, now),
    )
