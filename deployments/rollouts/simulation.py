"""A roll-out played on a copy of the fleet: rings, gates, calendar, each school's line, and installations that fail as
often as they have on each model. Pure, and the same for the same seed whatever the order of the input.

Time is in hours from the start. A school's line carries one installer after another at its full speed: all downloads
together take as long as if they shared it. Computers do not fetch from each other, and a download is not made again
when the installation is. Removing software takes no download and does not fail.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil, floor
from random import Random

from deployments.rollouts.gate import Cell, Finding, Rules, Tally, judge
from deployments.rollouts.simulated_life import (
    MOST_ATTEMPTS,
    RECOVERS,
    Rhythm,
    asks_after,
    installs_in,
    tries_again_after,
)

HORIZON = 45 * 24
"""Hours that are played at most."""
PRIOR = 20
"""So many reports the application's own failure rate counts as, beside those of one model."""
LATER, WAITING, WORKING, FAILED, DONE, LEFT_OUT = STATES = (
    "later",
    "waiting",
    "working",
    "failed",
    "done",
    "not_applicable",
)
_AN_HOUR = timedelta(hours=1)
_START = datetime(2000, 1, 1, tzinfo=UTC)
"""Any moment does: the gate only compares two."""


@dataclass(frozen=True)
class Computer:
    """`school` 0: nobody knows. `silent`: hours since it was heard from, None: never. `installs` and `removes` are
    versions; `has` those of `installs` that are on it already. Not `fits`: it is too small for all of them."""

    device_id: int
    model: int
    school: int
    silent: float | None
    installs: tuple[int, ...] = ()
    removes: tuple[int, ...] = ()
    has: tuple[int, ...] = ()
    fits: bool = True


@dataclass(frozen=True)
class Program:
    """What is played. `rings` by device id, numbered from 1. `before` and `usual`: how each application did on each
    model until now, and its failure rate in the municipality, both by version. `lines`: bytes an hour by school.
    `opens(school, hour)` is the first hour from then on at which the calendar lets the school's computers begin."""

    computers: tuple[Computer, ...]
    rings: Mapping[int, int]
    sizes: Mapping[int, int]
    before: Mapping[tuple[int, int], Tally]
    usual: Mapping[int, float]
    lines: Mapping[int, float]
    rhythm: Rhythm
    rules: Rules
    opens: Callable[[int, float], float]
    accepted: tuple[str, ...] = ()


@dataclass
class RingPlayed:
    """`ended`: passed, last (the roll-out's last ring, which no gate follows), halt, below, too_few, soaking, or
    unopened. `findings` when it halted; `blamed`: the version and model with most failures when too few succeeded."""

    computers: int
    opened: float | None = None
    passed: float | None = None
    ended: str = "unopened"
    findings: tuple[Finding, ...] = ()
    blamed: tuple[int, int] | None = None


@dataclass
class Played:
    """One run. `hours[state][hour]`: computers in the state at the end of the hour; every computer is in exactly one.
    `asked` and `carried`: bytes by school and hour; `waits`: the longest download of each school, in hours."""

    hours: dict[str, list[int]]
    rings: dict[int, RingPlayed]
    asked: dict[tuple[int, int], float]
    carried: dict[tuple[int, int], float]
    waits: dict[int, float]


def play(program: Program, seed: int) -> Played:
    """Some tenths of a second for 11,000 computers."""
    return _Run(program, Random(f"terminsklar:{seed}")).played()  # noqa: S311 - a simulation, no secret


@dataclass
class _Copy:
    """A computer in the run: `left` versions have not ended yet, `failed` have failed and may be tried again."""

    is_of: Computer
    ring: int
    comes_back: float
    state: str = LATER
    left: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    attempts: Counter[int] = field(default_factory=Counter)


class _Run:
    def __init__(self, program: Program, chance: Random) -> None:
        self.program, self.chance = program, chance
        self.heap: list[tuple[float, int, str, _Copy, int]] = []
        self.sequence = 0
        self.moves: dict[int, Counter[str]] = defaultdict(Counter)
        self.line_free: dict[int, float] = defaultdict(float)
        self.asked: dict[tuple[int, int], float] = defaultdict(float)
        self.carried: dict[tuple[int, int], float] = defaultdict(float)
        self.waits: dict[int, float] = defaultdict(float)
        self.done: Counter[tuple[int, int]] = Counter()
        self.failing: Counter[tuple[int, int]] = Counter()
        self.told: dict[int, Counter[str]] = defaultdict(Counter)
        self.told_at: dict[int, float] = {}
        self.prone = {key: self._prone(*key) for key in self._pairs()}
        self.members: dict[int, list[_Copy]] = defaultdict(list)
        for each in sorted(program.computers, key=lambda one: one.device_id):
            ring = program.rings[each.device_id]
            away = program.rhythm.is_away(each.silent)
            copy = _Copy(each, ring, program.rhythm.absence(each.silent, chance) if away else 0.0)
            self.members[ring].append(copy)
            self.moves[0][LATER] += 1
        self.rings = {number: RingPlayed(len(self.members[number])) for number in sorted(self.members)}

    def _pairs(self) -> list[tuple[int, int]]:
        found = {(version, each.model) for each in self.program.computers for version in each.installs}
        return sorted(found)

    def _prone(self, version: int, model: int) -> float:
        """The share of the model's computers on which a first attempt fails, in this run: drawn from what its own
        reports leave open. What is reported is what is left after all attempts."""
        usual = min(0.999, max(0.001, self.program.usual.get(version, 0.01)))
        own = self.program.before.get((version, model), Tally())
        rate = self.chance.betavariate(PRIOR * usual + own.failed, PRIOR * (1 - usual) + own.done)
        return float(min(1.0, rate / (1 - RECOVERS) ** (MOST_ATTEMPTS - 1)))

    def played(self) -> Played:
        numbers = list(self.rings)
        current = 0
        if numbers:
            self._open(numbers[0], 0.0)
        hour, last_seen = 0, None
        while hour < HORIZON:
            self._until(hour + 1.0)
            hour += 1
            if current < len(numbers) - 1 and not self._is_halted(numbers[current]):
                seen = (self.done.total(), self.failing.total(), self._is_soaked(numbers[current], hour))
                if seen != last_seen and self._judge(numbers[current], hour):
                    current += 1
                    self._open(numbers[current], float(hour))
                last_seen = seen
            if not self.heap and (current >= len(numbers) - 1 or self._rests(numbers[current], hour)):
                break
        return self._told_as(hour)

    def _is_halted(self, number: int) -> bool:
        return self.rings[number].ended == "halt"

    def _is_soaked(self, number: int, hour: int) -> bool:
        """It is watched from when Intune was told of the latest of its computers."""
        told_at = self.told_at.get(number)
        return told_at is not None and timedelta(hours=hour - told_at) >= self.program.rules.soak

    def _rests(self, number: int, hour: int) -> bool:
        """Nothing will happen any more: the ring has stopped the roll-out, or waits for reports that do not come."""
        return self._is_halted(number) or self._is_soaked(number, hour)

    def _open(self, number: int, at: float) -> None:
        releases = []
        for copy in self.members[number]:
            release = self.program.opens(copy.is_of.school, at)
            releases.append(release)
            self._push(release, "tell", copy)
        ring = self.rings[number]
        ring.opened = min(releases, default=at)
        ring.ended = "last" if number == max(self.rings) else "too_few"

    def _push(self, at: float, kind: str, copy: _Copy, version: int = 0) -> None:
        if at <= HORIZON:
            self.sequence += 1
            heapq.heappush(self.heap, (at, self.sequence, kind, copy, version))

    def _until(self, end: float) -> None:
        handlers = {"tell": self._tell, "ask": self._ask, "end": self._end, "again": self._again}
        while self.heap and self.heap[0][0] < end:
            at, _order, kind, copy, version = heapq.heappop(self.heap)
            handlers[kind](at, copy, version)

    def _to(self, state: str, at: float, copy: _Copy) -> None:
        if copy.state == state:
            return
        moves, told = self.moves[floor(at)], self.told[copy.ring]
        moves[copy.state] -= 1
        moves[state] += 1
        told[copy.state] -= 1
        told[state] += 1
        copy.state = state

    def _tell(self, at: float, copy: _Copy, _version: int) -> None:
        self._to(WAITING, at, copy)
        self.told_at[copy.ring] = at
        comes_back = copy.comes_back
        if comes_back <= at and self.program.rhythm.is_gone_after(at, self.chance):
            comes_back = at + self.program.rhythm.absence(24.0, self.chance)
        self._push(comes_back if comes_back > at else at + asks_after(self.chance), "ask", copy)

    def _ask(self, at: float, copy: _Copy, _version: int) -> None:
        own = copy.is_of
        if not own.fits:
            self._to(LEFT_OUT, at, copy)
            return
        copy.left = {*own.installs, *own.removes} - set(own.has)
        for version in own.has:
            self.done[version, own.model] += 1
        self._settle(at, copy)
        ready = at
        for version in own.installs:
            if version in copy.left:
                size = self.program.sizes.get(version, 0)
                ready = max(ready, self._fetch(own.school, size, at)) + installs_in(size, self.chance)
                self._push(ready, "end", copy, version)
        for version in own.removes:
            ready += installs_in(0, self.chance)
            self._push(ready, "end", copy, version)

    def _fetch(self, school: int, size: int, at: float) -> float:
        """When the installer is on the computer."""
        speed = self.program.lines.get(school)
        if not size or not speed:
            return at
        begins = max(at, self.line_free[school])
        ends = self.line_free[school] = begins + size / speed
        self.asked[school, floor(at)] += size
        self.waits[school] = max(self.waits[school], ends - at)
        for hour in range(floor(begins), ceil(ends)):
            self.carried[school, hour] += (min(ends, hour + 1) - max(begins, hour)) * speed
        return ends

    def _end(self, at: float, copy: _Copy, version: int) -> None:
        own, key = copy.is_of, (version, copy.is_of.model)
        copy.attempts[version] += 1
        attempt = copy.attempts[version]
        if version in own.installs and attempt == 1 and self.chance.random() < self.prone[key]:
            copy.failed.add(version)
        elif version in copy.failed and self.chance.random() < RECOVERS:
            copy.failed.discard(version)
            self.failing[key] -= 1
        if version in copy.failed:
            self.failing[key] += attempt == 1
            if attempt < MOST_ATTEMPTS:
                self._push(at + tries_again_after(self.program.rhythm, self.chance), "again", copy, version)
        else:
            self.done[key] += 1
        copy.left.discard(version)
        self._settle(at, copy)

    def _again(self, at: float, copy: _Copy, version: int) -> None:
        self._push(at + installs_in(self.program.sizes.get(version, 0), self.chance), "end", copy, version)

    def _settle(self, at: float, copy: _Copy) -> None:
        """A computer counts once, as what holds it back."""
        self._to(FAILED if copy.failed else WORKING if copy.left else DONE, at, copy)

    def _judge(self, number: int, hour: int) -> bool:
        """Whether the ring lets the next one through."""
        ring, seen, told_at = self.rings[number], self.told[number], self.told_at.get(number)
        tally = Tally(seen[DONE], seen[FAILED], seen[WAITING] + seen[WORKING])
        keys = sorted(key for key in {*self.done, *self.failing} if key in self.prone or self.done[key])
        cells = [
            Cell(*key, Tally(self.done[key], self.failing[key]), self.program.before.get(key, Tally())) for key in keys
        ]
        verdict, findings = judge(
            tally,
            cells,
            self.program.rules,
            written_at=None if told_at is None else _START + told_at * _AN_HOUR,
            now=_START + hour * _AN_HOUR,
            accepted=self.program.accepted,
        )
        ring.ended = "passed" if verdict == "pass" else verdict
        if verdict == "pass":
            ring.passed = float(hour)
        if verdict == "halt":
            ring.findings = tuple(each for each in findings if each.key not in self.program.accepted)
        ring.blamed = self._worst(cells) if verdict == "below" else None
        return verdict == "pass"

    def _worst(self, cells: list[Cell]) -> tuple[int, int] | None:
        """By failures above those that are allowed."""
        allowed = 1 - self.program.rules.least_success
        over = [(each.now.failed - allowed * each.now.reported, each.version, each.model) for each in cells]
        worst = max(over, default=None)
        return worst[1:] if worst and worst[0] > 0 else None

    def _told_as(self, hours: int) -> Played:
        counts: dict[str, list[int]] = {state: [] for state in STATES}
        now = Counter[str]()
        for hour in range(hours):
            now.update(self.moves.get(hour, {}))
            for state in STATES:
                counts[state].append(now[state])
        return Played(counts, self.rings, dict(self.asked), dict(self.carried), dict(self.waits))
