"""Delta queries: what has changed among groups, devices or users since a token was given.

Versions are made by looking at the objects whenever a round begins; members of groups are followed by their own log.
https://learn.microsoft.com/graph/delta-query-overview
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from .chance import name_number, unit
from .clock import DAY
from .errors import GraphFault, bad_request
from .groups import Group
from .messages import GraphRequest, GraphResponse, answer
from .paging import Pager
from .query import FilterError, parse_filter
from .switches import switch
from .world import World

Json = dict[str, Any]

DELTA_PAGE_SIZE = switch("delta_page_size", 100.0, "How many objects a page of a delta query holds.")
DELTA_MEMBERS = switch("delta_members", 1000.0, "How many members an object of a group's delta holds; the rest follow.")
DELTA_DAYS = switch("delta_days", 7.0, "For how many days a delta link may be followed.")
DELTA_EXPIRY = switch(
    "delta_expiry",
    "gone",
    "What an expired delta link gets: 410 with Location, or 400.",
    "gone",
    "sync_state_not_found",
)
DELTA_PARTIAL = switch("delta_partial", True, "Changed objects hold their id and what has changed, and no more.")
DELTA_REPEATS = switch("delta_repeats", 0.0, "The share of objects that a page of a delta query holds twice.")
DELTA_REPLAYS = switch("delta_replays", 0.0, "The share of unchanged objects that come again in a later round.")
STATE, TOKEN = "delta.state", "$deltatoken"  # the first is the sandbox's own, inside sealed links
REFUSED = ("$top", "$orderby", "$expand", "$search", "$skip", "$count")
LATEST = "latest"
UNTRACKED = frozenset(["approximateLastSignInDateTime", "@odata.type"])
TYPED = {"@odata.type": "#microsoft.graph.device"}
WHOLE = ""  # stands among the changed properties for an object that is new

Shown = Callable[[], Iterable[Json]]


@dataclass(slots=True)
class Tracker:
    """Per id: a check sum of each property as last seen, and the version at which each last changed."""

    version: int = 0
    prints: dict[str, bytes] = field(default_factory=dict)
    changed: dict[str, dict[str, int]] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    objects: dict[str, Json] = field(default_factory=dict)

    def look(self, shown: Iterable[Json]) -> None:
        self.version += 1
        self.objects = {item["id"]: item for item in shown}
        for identifier, item in self.objects.items():
            self._compare(identifier, item)
        for identifier in self.prints.keys() - self.objects.keys():
            del self.prints[identifier]
            self.changed.pop(identifier, None)
            self.gone[identifier] = self.version

    def _compare(self, identifier: str, item: Json) -> None:
        names = [name for name in item if name not in UNTRACKED]
        sums = b"".join(zlib.crc32(orjson.dumps(item[name])).to_bytes(4, "big") for name in names)
        before = self.prints.get(identifier)
        if before == sums:
            return
        self.prints[identifier] = sums
        if before is None:
            self.gone.pop(identifier, None)
            self.changed[identifier] = {WHOLE: self.version}
            return
        mine = self.changed.setdefault(identifier, {})
        for place, name in enumerate(names):
            if before[4 * place : 4 * place + 4] != sums[4 * place : 4 * place + 4]:
                mine[name] = self.version


@dataclass(slots=True)
class Round:
    """One round of pages. `since` is 0 in the first, which holds everything; `log` counts changes of members."""

    since: int
    log: int
    upto: int
    upto_log: int
    after: str = ""
    chunk: int = 0

    def shown(self) -> Json:
        return {name: getattr(self, name) for name in self.__slots__}


class Deltas:
    def __init__(self, world: World, pager: Pager) -> None:
        self.world, self.pager = world, pager
        self.trackers: dict[str, Tracker] = {}

    def answer(self, request: GraphRequest, kind: str, shown: Shown) -> GraphResponse:
        """A page. `shown` yields all objects of the kind as they are now. Raises GraphFault."""
        tracker = self.trackers.setdefault(kind, Tracker())
        self._lower_token(request)
        turn = self._round(request, tracker, shown)
        body: Json = {"@odata.context": request.context(f"{kind}/$delta"), "value": []}
        following = None
        if turn.since != turn.upto or turn.log != turn.upto_log or self.world.settings[DELTA_REPLAYS]:
            body["value"], following = self._page(request, tracker, turn, kind)
        if following:
            request.query[STATE] = orjson.dumps(following.shown()).decode()
            body["@odata.nextLink"] = self.pager.link(request, 0)
        else:
            body["@odata.deltaLink"] = self._delta_link(request, turn)
        return answer(body)

    def _lower_token(self, request: GraphRequest) -> None:
        """`$deltaToken` is as good as `$deltatoken`."""
        for name in [name for name in request.query if name.lower() == TOKEN]:
            request.query[TOKEN] = request.query.pop(name)

    def _round(self, request: GraphRequest, tracker: Tracker, shown: Shown) -> Round:
        if STATE in request.query:
            return Round(**orjson.loads(request.query.pop(STATE)))
        token = request.query.pop(TOKEN, None)
        since = log = 0
        if token not in (None, LATEST):
            content = self._opened(str(token), request)
            self._check_age(content, request)
            since, log = content["since"], content["log"]
            request.query = content["query"]
        elif refused := [name for name in REFUSED if name in request.query]:
            raise bad_request(f"The query option {refused[0]} is not supported for delta queries.")
        tracker.look(shown())
        known = {*next(iter(tracker.objects.values()), {}), "members"}
        if unknown := [name for name in request.selected() if tracker.objects and name not in known]:
            raise bad_request(f"Could not find a property named '{unknown[0]}'.")
        written = self.world.directory.log.written
        if token == LATEST:
            return Round(tracker.version, written, tracker.version, written)
        return Round(since, log, tracker.version, written)

    def _opened(self, token: str, request: GraphRequest) -> Json:
        """A token that this process did not give is as lost as an old one. Raises GraphFault."""
        try:
            return self.pager.unseal(token, request)
        except GraphFault as error:
            raise _not_found() from error

    def _check_age(self, content: Json, request: GraphRequest) -> None:
        settings = self.world.settings
        is_young = self.world.clock.now() <= content["at"] + settings[DELTA_DAYS] * DAY
        if is_young and self.world.directory.log.knows(content["log"]):
            return
        if settings[DELTA_EXPIRY] == "gone":
            options = "&".join(f"{name}={value}" for name, value in content["query"].items())
            start = f"{request.base_url}/{request.version}{request.path}" + (f"?{options}" if options else "")
            message = "The sync state is too old. Start again from the address in Location."
            raise GraphFault(410, "resyncRequired", message, headers={"Location": start}, plain=True)
        raise _not_found()

    def _delta_link(self, request: GraphRequest, turn: Round) -> str:
        query = {name: value for name, value in request.query.items() if name.lower() in ("$select", "$filter")}
        content = {"since": turn.upto, "log": turn.upto_log, "query": query, "at": self.world.clock.now()}
        sealed = self.pager.seal(content, request)
        return f"{request.base_url}/{request.version}{request.path}?{TOKEN}={sealed}"

    def _page(self, request: GraphRequest, tracker: Tracker, turn: Round, kind: str) -> tuple[list[Json], Round | None]:
        size, repeats = int(self.world.settings[DELTA_PAGE_SIZE]), self.world.settings[DELTA_REPEATS]
        rows: list[Json] = []
        for identifier, chunk, row in self._rows(request, tracker, turn, kind):
            if len(rows) >= size:
                return rows, Round(turn.since, turn.log, turn.upto, turn.upto_log, identifier, chunk)
            rows.append(row)
            if repeats and unit(name_number(identifier), 73) < repeats:
                rows.append(row)
        return rows, None

    def _rows(self, request: GraphRequest, tracker: Tracker, turn: Round, kind: str) -> Iterator[tuple[str, int, Json]]:
        """From the place on that the round has reached, in the order of ids; big groups come in several pieces."""
        names = request.selected()
        with_members = kind == "groups" and "members" in names
        changes = self.world.directory.log.since(turn.log, turn.upto_log) if with_members and turn.since else {}
        wanted = _wanted(request)
        replays = self.world.settings[DELTA_REPLAYS] if turn.since else 0.0
        gone = {each for each, version in tracker.gone.items() if turn.since < version <= turn.upto and turn.since}
        for identifier in sorted({*tracker.objects, *gone}):
            if identifier < turn.after or not wanted(identifier):
                continue
            if identifier in gone:
                yield identifier, 0, self._removed(identifier) | (TYPED if kind == "devices" else {})
                continue
            is_replay = unit(name_number(identifier), turn.upto, 74) < replays
            row = self._changed(tracker, identifier, names, turn, is_replay=is_replay)
            members = self._members(identifier, changes, turn) if with_members else []
            if row is None and not members and turn.since:
                continue
            chunks = self._chunks(row or {"id": identifier}, members)
            for chunk, piece in enumerate(chunks):
                if identifier > turn.after or chunk >= turn.chunk:
                    yield identifier, chunk, piece

    def _changed(
        self, tracker: Tracker, identifier: str, names: tuple[str, ...], turn: Round, *, is_replay: bool
    ) -> Json | None:
        """The object with what is to be told of it, None when that is nothing."""
        item = tracker.objects[identifier]
        changed = {name for name, at in tracker.changed.get(identifier, {}).items() if turn.since < at <= turn.upto}
        told = set(names) & set(item) if names else set(item)
        if turn.since and not is_replay:
            if not changed & (told | {WHOLE}):
                return None
            if WHOLE not in changed and self.world.settings[DELTA_PARTIAL]:
                told &= changed
        return {name: value for name, value in item.items() if name in ("id", "@odata.type") or name in told}

    def _removed(self, identifier: str) -> Json:
        reason = "changed" if identifier in self.world.directory.deleted else "deleted"
        return {"id": identifier, "@removed": {"reason": reason}}

    def _members(self, group_id: str, changes: dict[str, dict[int, bool]], turn: Round) -> list[Json]:
        group: Group | None = self.world.directory.groups.get(group_id)
        if group is None:
            return []
        known = changes.get(group_id, {}) if turn.since else dict.fromkeys(group.members, True)
        devices = self.world.fleet.devices
        return [_member(devices[ordinal].entra_object_id, known[ordinal]) for ordinal in sorted(known)]

    def _chunks(self, row: Json, members: list[Json]) -> Iterator[Json]:
        size = int(self.world.settings[DELTA_MEMBERS])
        yield {**row, "members@delta": members[:size]} if members else row
        for start in range(size, len(members), size):
            yield {"id": row["id"], "members@delta": members[start : start + size]}


def _not_found() -> GraphFault:
    return GraphFault(400, "syncStateNotFound", "The sync state generation is not found.", plain=True)


def _member(object_id: str, is_in: bool) -> Json:
    shown: Json = {"@odata.type": "#microsoft.graph.device", "id": object_id}
    return shown if is_in else {**shown, "@removed": {"reason": "deleted"}}


def _wanted(request: GraphRequest) -> Callable[[str], bool]:
    """`$filter` may only name ids. Raises GraphFault."""
    text = request.query.get("$filter")
    if not text:
        return lambda identifier: True
    try:
        condition = parse_filter(text, {"id": lambda identifier: identifier})
    except FilterError as error:
        raise bad_request(f"Delta queries can only be filtered by id: {error}.") from error
    return condition.matches
