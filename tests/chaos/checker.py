"""The independent judge of the fault programme.

It compares what Microsoft's side says happened (the sandbox's ledger and its lists) with what was approved. It never
reads the portal's tables: those may be wrong in the same way as the portal.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from tests.pushing import Tenant

Entry = dict[str, Any]
Raw = dict[str, Any]

IN_FLIGHT_SECONDS = 0.5
"""A request that left before the refusal of another had arrived cannot have known of it. On a quiet machine."""
SLOWEST = 6.0
"""So many times that at most, on a machine that is busy."""
WINDOW_SECONDS = 20.0
BUDGET = 0.8
WRITES_IN_20_SECONDS = {"devices": 200, "apps": 100, "enrolment": 100, "reports": 100, "configuration": 100}
WRITES = ("POST", "PATCH", "PUT", "DELETE")
ONLY_ASKS = ("/exportJobs", "/reports/", "/$batch", "/getByIds")
DESTRUCTIVE = ("/wipe", "/retire", "/cleanWindowsDevice", "/delete")


@dataclass
class Approved:
    """What may be different afterwards. Keys and bodies by Intune app id; everything not named stays as it was."""

    assignments: dict[str, set[str]]
    """The keys that the portal's own entries have afterwards."""
    foreign: dict[str, list[Raw]]
    """Entries of others, which are there afterwards to the byte."""
    from_start: dict[str, list[Raw]] = field(default_factory=dict)
    """Those of them that were there before the first write, and so must be in every list that is sent."""
    actions: Counter[str] = field(default_factory=Counter)
    """How often each remote action's path was ordered."""
    imports: Counter[str] = field(default_factory=Counter)
    """How often each serial number was ordered to be imported."""


def key(raw: Raw) -> str:
    """Of an assignment: target, intent, filter. Our own reading of it, not the portal's."""
    target = raw["target"]
    kind = target["@odata.type"].rsplit(".", 1)[-1]
    filtered = target.get("deviceAndAppManagementAssignmentFilterId") or ""
    return f"{kind}:{target.get('groupId', '')}:{raw['intent']}:{filtered}"


def wrongs(tenant: Tenant, approved: Approved) -> list[str]:
    """A sentence for everything that is not as it was approved; none of them when all is well."""
    entries = tenant.calls()
    return [
        *wrong_lists(tenant.everything(), approved),
        *lost_on_the_way(entries, approved),
        *repeated(entries, approved),
        *too_early(entries),
        *over_budget(entries),
    ]


def wrong_lists(lists: dict[str, list[Raw]], approved: Approved) -> Iterator[str]:
    """Nothing lost, nothing more than approved, and every foreign entry as it was."""
    for app, raws in lists.items():
        foreign = approved.foreign.get(app, [])
        for raw in foreign:
            if raw not in raws:
                yield f"{app}: a foreign entry was lost or altered: {key(raw)}"
        ours = {key(raw) for raw in raws if raw not in foreign}
        wanted = approved.assignments.get(app, set())
        if ours != wanted:
            yield f"{app}: missing {sorted(wanted - ours)}, not approved {sorted(ours - wanted)}"
        if doubled := [each for each, count in Counter(map(key, raws)).items() if count > 1]:
            yield f"{app}: entries twice: {doubled}"


def lost_on_the_way(entries: Iterable[Entry], approved: Approved) -> Iterator[str]:
    """Also for a moment no list may be without a foreign entry that was there from the start."""
    for entry in entries:
        if entry["path"].endswith("/assign") and entry["executed"]:
            app = entry["path"].split("/")[-2]
            sent = {_content(raw) for raw in entry["body"]["mobileAppAssignments"]}
            for raw in approved.from_start.get(app, []):
                if _content(raw) not in sent:
                    yield f"{app}: call {entry['n']} left out the foreign entry {key(raw)}"


def repeated(entries: Iterable[Entry], approved: Approved) -> Iterator[str]:
    """Destructive calls at most once; other actions and imports as often as ordered."""
    executed = [entry for entry in entries if entry["executed"] and entry["method"] == "POST"]
    calls = Counter(entry["path"] for entry in executed if "/managedDevices/" in entry["path"])
    for path in sorted(calls.keys() | approved.actions.keys()):
        ordered, count = approved.actions.get(path, 0), calls[path]
        if count > ordered or (count < ordered and not path.endswith(DESTRUCTIVE)):
            yield f"{path}: ordered {ordered} times, done {count} times"
    serials: Counter[str] = Counter()
    for entry in executed:
        if "importedWindowsAutopilotDeviceIdentities" in entry["path"]:
            rows = (entry["body"] or {}).get("importedWindowsAutopilotDeviceIdentities", [entry["body"]])
            serials.update(row["serialNumber"] for row in rows)
    for serial in sorted(serials.keys() | approved.imports.keys()):
        if serials[serial] != approved.imports.get(serial, 0):
            yield f"{serial}: import ordered {approved.imports.get(serial, 0)} times, done {serials[serial]} times"


def in_flight_seconds() -> float:
    """How long a call may be on its way from a worker's decision to send it until the sandbox notes it. A machine that
    has more to do than its cores can do is late by as much."""
    waiting = os.getloadavg()[0] / (os.cpu_count() or 1)
    return IN_FLIGHT_SECONDS * min(max(1.0, waiting), SLOWEST)


def too_early(entries: Iterable[Entry], in_flight: float | None = None) -> Iterator[str]:
    """Requests to a service class before the time for which Graph had asked that identity to wait.

    A batch as a whole is no service's; the calls in it are judged one by one, by when the batch came. That one of them
    was refused is told when all have been worked on. `in_flight`: where one worker sends one call after another, none
    is on its way beside a refusal, however slow the machine.
    """
    entries, in_flight = list(entries), in_flight_seconds() if in_flight is None else in_flight
    came = {entry["n"]: received(entry) for entry in entries if entry["service"] is None}
    told = {entry["batch"]: received(entry) for entry in entries if entry["batch"] in came}
    until: dict[tuple[str, str], float] = defaultdict(float)
    since: dict[tuple[str, str], float] = defaultdict(float)
    for entry in entries:
        if entry["service"] is None:
            continue
        who, at = (entry["app_id"], entry["service"]), received(entry)
        left = came.get(entry["batch"], at)
        if since[who] + in_flight < left < until[who]:
            called = f"call {entry['n']} to {who[1]} ({entry['method']} {entry['path']})"
            yield f"{called} came {until[who] - left:.1f} s before it was allowed"
        if entry["status"] == 429 and entry["retry_after"] is not None:
            since[who] = told.get(entry["batch"], at)
            until[who] = max(until[who], _allowed_at(entry["retry_after"], at))


def over_budget(entries: Iterable[Entry]) -> Iterator[str]:
    """Any 20 seconds with more writes to a service class than four fifths of what Microsoft allows one application.

    The sandbox notes when they come: those that left within 20 seconds come within a little less, or a little more.
    """
    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    for entry in entries:
        if is_write(entry) and entry["service"] in WRITES_IN_20_SECONDS:
            times[entry["app_id"], entry["service"]].append(received(entry))
    for (_application, service), at in times.items():
        allowed = BUDGET * WRITES_IN_20_SECONDS[service]
        most = max(_in_window(at, WINDOW_SECONDS - in_flight_seconds()))
        if most > allowed:
            yield f"{service}: {most} writes within 20 s, allowed are {allowed:.0f}"


def is_write(entry: Entry) -> bool:
    return entry["method"] in WRITES and not any(part in entry["path"] for part in ONLY_ASKS)


def _allowed_at(retry_after: str, at: float) -> float:
    """By a Retry-After of seconds or a date."""
    try:
        return at + float(retry_after)
    except ValueError:
        return parsedate_to_datetime(retry_after).timestamp()


def _in_window(at: list[float], seconds: float) -> Iterator[int]:
    first = 0
    for last, time in enumerate(at):
        while time - at[first] >= seconds:
            first += 1
        yield last - first + 1


def _content(raw: Raw) -> str:
    """An entry without the id that Intune gives it anew."""
    return repr(sorted((name, repr(value)) for name, value in raw.items() if name not in ("id", "sourceId", "source")))


def received(entry: Entry) -> float:
    """Seconds since the epoch, by the clock of the machine."""
    return datetime.fromisoformat(entry["received_at"]).timestamp()
