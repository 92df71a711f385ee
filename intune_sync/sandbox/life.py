"""What the computers do while nobody looks: check in, enrol, install and sometimes fail, by a heap of due events.

Every interval here is of real life and divided by `pace`; moments are seconds since 1970 of the sandbox's clock.
"""

import heapq
import time
from array import array
from collections.abc import Callable, Iterable
from dataclasses import replace

from .apps import App, Catalogue
from .chance import between, unit
from .clock import DAY, HOUR, MINUTE
from .device_switches import ASKS_SECONDS, EVALUATION_SECONDS, LEAVES_RATE, TAG_SECONDS
from .devices import Device
from .fleet import Fleet
from .groups import Directory, Group
from .installs import AppInstalls, Installs, State
from .outcomes import attempt_fails, error_of
from .switches import Settings, Switch
from .views import Views

CHECK_IN_EVERY = 8 * HOUR
RETRY_AFTER, MAX_ATTEMPTS = 6 * HOUR, 4
CHOOSES_AVAILABLE = 0.02  # per check-in, of those who may install an available app

Event = tuple[float, int, str, int | str]
Handler = Callable[[int | str, float], None]


class Life:
    def __init__(
        self,
        seed: int,
        pace: float,
        fleet: Fleet,
        directory: Directory,
        *,
        catalogue: Catalogue,
        installs: Installs,
        views: Views,
        settings: Settings,
    ) -> None:
        self.seed, self.pace = seed, pace
        self.fleet, self.directory = fleet, directory
        self.catalogue, self.installs, self.views = catalogue, installs, views
        self.settings = settings
        self.handlers: dict[str, Handler] = {}
        self.heap: list[Event] = []
        self.sequence = 0
        self.next_check_in = array("d", bytes(8 * len(fleet.devices)))
        self.check_ins = array("L", bytes(array("L").itemsize * len(fleet.devices)))
        self.queues: dict[int, list[tuple[str, str]]] = {}

    def begin(self, now: float) -> None:
        """Plan the first check-in of every computer that has enrolled, and the enrolment of the others."""
        for device in self.fleet.devices:
            place = device.ordinal
            if device.offline_until > now:
                device.offline_until = now + (device.offline_until - now) / self.pace
                self._plan_check_in(place, device.offline_until)
            elif device.intune_id:
                self._plan_check_in(place, now + between(MINUTE, CHECK_IN_EVERY, self.seed, 40, place) / self.pace)
            else:
                self.push(now + between(1 * HOUR, 20 * DAY, self.seed, 41, place) / self.pace, "enrol", place)

    def run(self, until: float, budget_seconds: float) -> bool:
        """Handle events due by `until`, in order, for at most `budget_seconds` of real time. True if some are left."""
        stop = time.perf_counter() + budget_seconds
        while self.heap and self.heap[0][0] <= until:
            due, _, kind, subject = heapq.heappop(self.heap)
            self.handlers[kind](subject, due)
            if time.perf_counter() > stop:
                return bool(self.heap) and self.heap[0][0] <= until
        return False

    def listen(self, handlers: dict[str, Handler]) -> None:
        """Who handles which kind of event: life itself, and the parts of the world that `handlers` come from."""
        self.handlers = {
            "check_in": self._on_check_in,
            "finish": self._on_finish,
            "tag": self._on_tag,
            "evaluate": self._on_evaluate,
            "populate": self._on_populate,
            "publish": self._on_publish,
            **handlers,
        }

    def lag(self, setting: Switch[float], *names: int) -> float:
        """Seconds of the sandbox's clock: the switch's, half to one and a half times, at this pace."""
        return self.settings[setting] * between(0.5, 1.5, self.seed, *names) / self.pace

    def wake(self, ordinals: Iterable[int] | None, at: float) -> None:
        """Computers that are on pick up a change of assignments, most soon, all within the hour. None means all."""
        for ordinal in range(len(self.fleet.devices)) if ordinals is None else sorted(ordinals):
            if self.fleet.devices[ordinal].is_online(at):
                chance = unit(self.seed, 42, ordinal, self.check_ins[ordinal])
                due = at + (MINUTE + self.settings[ASKS_SECONDS] * chance**1.5) / self.pace
                if self.next_check_in[ordinal] > due:
                    self._plan_check_in(ordinal, due)

    def retag(self, device: Device, at: float) -> None:
        """A new group tag travels: Entra after minutes, dynamic groups after more, then the computer."""
        device.profile_status = "pending"
        self.views.forget(device.ordinal)
        self.push(at + self.lag(TAG_SECONDS, 43, device.ordinal), "tag", device.ordinal)

    def check_in_soon(self, device: Device, at: float) -> None:
        """The computer has just enrolled, or was told to check in."""
        self._plan_check_in(device.ordinal, at)

    def fall_silent(self, device: Device) -> None:
        """The computer is not managed any more: no check-in comes, and what it was installing is dropped."""
        self.next_check_in[device.ordinal] = 0.0
        self.queues.pop(device.ordinal, None)

    def grow(self) -> None:
        """Room for one more computer."""
        self.next_check_in.append(0.0)
        self.check_ins.append(0)
        self.installs.grow()

    def plan_population(self, group: Group, at: float) -> None:
        """A new or changed rule gets its members after a while."""
        self.push(at + 4 * MINUTE / self.pace, "populate", group.id)

    def plan_publishing(self, app: App, at: float) -> None:
        """Intune fetches a package before it publishes the app."""
        lag = between(1 * MINUTE, 4 * MINUTE, self.seed, 51, app.number)
        self.push(at + lag / self.pace, "publish", app.id)

    def spread_overdue(self, now: float) -> None:
        """After a pause of the process: check-ins that were missed are spread over the coming minutes."""
        soon = now + max(30.0, CHECK_IN_EVERY / self.pace / 4)
        for ordinal, due in enumerate(self.next_check_in):
            if 0 < due < now:
                self._plan_check_in(ordinal, between(now, soon, self.seed, 44, ordinal))

    def push(self, at: float, kind: str, subject: int | str) -> None:
        self.sequence += 1
        heapq.heappush(self.heap, (at, self.sequence, kind, subject))

    def _plan_check_in(self, ordinal: int, at: float) -> None:
        self.next_check_in[ordinal] = at
        self.push(at, "check_in", ordinal)

    def _on_check_in(self, subject: int | str, at: float) -> None:
        ordinal = int(subject)
        if self.next_check_in[ordinal] != at:
            return  # planned anew since
        device = self.fleet.devices[ordinal]
        self.check_ins[ordinal] += 1
        device.last_sync_at = at if ordinal % 7 == 0 else float(int(at))
        if device.new_name:
            device.name, device.new_name = device.new_name, ""
        self.views.forget(ordinal)
        for action in device.actions or ():
            if action.state == "pending":
                self.push(at, "action_start", action.id)
        self._take_up_assignments(device, at)
        self._plan_next(device, at)

    def _plan_next(self, device: Device, at: float) -> None:
        place, count = device.ordinal, self.check_ins[device.ordinal]
        if unit(self.seed, 45, place, count) < self.settings[LEAVES_RATE]:
            device.offline_until = at + between(1 * DAY, 5 * DAY, self.seed, 46, place, count) / self.pace
            self._plan_check_in(place, device.offline_until)
        else:
            jitter = between(0.75, 1.25, self.seed, 47, place, count)
            self._plan_check_in(place, at + CHECK_IN_EVERY * jitter / self.pace)

    def _take_up_assignments(self, device: Device, at: float) -> None:
        intents = self.catalogue.intents(device, self.directory)
        queue = self.queues.get(device.ordinal, [])
        running = bool(queue)
        for app_id, installs in self.installs.by_app.items():
            task = self._decide(device, self.catalogue.apps[app_id], installs, intents.get(app_id), at)
            if task and (app_id, task) not in queue:
                queue.append((app_id, task))
        if queue and not running:
            self.queues[device.ordinal] = queue
            self._start_next(device.ordinal, at)

    def _decide(self, device: Device, app: App, installs: AppInstalls, intent: str | None, at: float) -> str | None:
        """`install`, `remove` or nothing to do; states that need no work are put at once."""
        place = device.ordinal
        state, present = installs.state[place], installs.present[place]
        at_rest: State
        if intent is None or (intent == "available" and app.spec.type != "win32LobApp"):
            at_rest = State.NO_ROW  # other types reach device groups only as required
        elif intent == "uninstall":
            if present:
                return "remove"
            at_rest = State.NOT_INSTALLED
        elif present:
            at_rest = State.INSTALLED
        elif not app.fits(device):
            at_rest = State.NOT_APPLICABLE
        elif intent == "available":
            if unit(self.seed, 48, place, app.number, self.check_ins[place]) < CHOOSES_AVAILABLE:
                return "install"
            at_rest = State.NOT_INSTALLED
        elif state == State.FAILED and not self._may_retry(installs, place, at):
            return None
        else:
            if state != State.PENDING:
                installs.put(place, State.PENDING, at)
            return "install"
        if state != at_rest:
            installs.put(place, at_rest, at)
        return None

    def _may_retry(self, installs: AppInstalls, place: int, at: float) -> bool:
        waited = at - installs.changed_at[place] >= RETRY_AFTER / self.pace
        return waited and installs.attempts[place] < MAX_ATTEMPTS

    def _start_next(self, ordinal: int, at: float) -> None:
        app = self.catalogue.apps[self.queues[ordinal][0][0]]
        seconds = between(80, 270, self.seed, 49, ordinal, app.number) + 0.15 * app.spec.size_mb
        self.push(at + seconds / self.pace, "finish", ordinal)

    def _on_finish(self, subject: int | str, at: float) -> None:
        ordinal = int(subject)
        queue = self.queues.get(ordinal)
        if not queue:
            return  # the computer was reset meanwhile
        app_id, task = queue.pop(0)
        device, app, installs = self.fleet.devices[ordinal], self.catalogue.apps[app_id], self.installs.by_app[app_id]
        if task == "remove":
            self._remove(device, app, installs, at)
        elif not installs.present[ordinal]:
            self._install(device, app, installs, at)
        if queue:
            self._start_next(ordinal, at)
        else:
            del self.queues[ordinal]

    def _install(self, device: Device, app: App, installs: AppInstalls, at: float) -> None:
        place = device.ordinal
        installs.attempts[place] = min(255, installs.attempts[place] + 1)
        if attempt_fails(self.seed, app, device, installs.attempts[place]):
            installs.put(place, State.FAILED, at, error_of(self.seed, app, place))
            return
        installs.present[place] = 1
        installs.put(place, State.INSTALLED, at)
        device.free_storage_bytes = max(0, device.free_storage_bytes - app.spec.size_mb * 1_500_000)
        self.views.forget(place)

    def _remove(self, device: Device, app: App, installs: AppInstalls, at: float) -> None:
        installs.present[device.ordinal] = installs.attempts[device.ordinal] = 0
        installs.put(device.ordinal, State.NOT_INSTALLED, at)
        device.free_storage_bytes += app.spec.size_mb * 1_500_000
        self.views.forget(device.ordinal)

    def _on_tag(self, subject: int | str, at: float) -> None:
        device = self.fleet.devices[int(subject)]
        device.entra_tag = device.group_tag
        self.views.forget(device.ordinal)
        self.push(at + self.lag(EVALUATION_SECONDS, 50, device.ordinal), "evaluate", device.ordinal)

    def _on_evaluate(self, subject: int | str, at: float) -> None:
        device = self.fleet.devices[int(subject)]
        self.directory.evaluate(device)
        self.push(at, "profile", device.ordinal)
        self.wake([device.ordinal], at)

    def _on_populate(self, subject: int | str, at: float) -> None:
        group = self.directory.groups.get(str(subject))
        if group and group.is_dynamic:
            before = group.members
            self.directory.populate(group, self.fleet)
            if any(self._targets(app, group) for app in self.catalogue.apps.values()):
                self.wake(before ^ group.members, at)

    def _on_publish(self, subject: int | str, at: float) -> None:
        app = self.catalogue.apps[str(subject)]
        app.spec, app.changed_at = replace(app.spec, publishing_state="published"), at

    def _targets(self, app: App, group: Group) -> bool:
        return any(assignment["target"].get("groupId") == group.id for assignment in app.assignments)
