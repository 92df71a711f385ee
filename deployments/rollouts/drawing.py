"""Which computer is in which ring. Pure, and the same for the same seed whatever the order of the input.

Ring by ring, each hardware model gets its computers first: at least `least_per_model`, while there are any. What is
left of the ring's share goes to the models of which the smallest part has been drawn. Within a model the school comes
next of whose computers the smallest part has been drawn; computers seen lately come before silent ones everywhere.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise

DEFAULT_SHARES = (1, 10, 50, 100)
AFTER_A_PILOT = (10, 50, 100)
ALL_AT_ONCE = (100,)
PILOT_SHARE = 1


@dataclass(frozen=True)
class Candidate:
    """A computer of the change. `school` 0: nobody knows. `is_silent`: not seen lately."""

    device_id: int
    model: int
    school: int
    is_silent: bool = False


@dataclass(frozen=True)
class DrawnRing:
    """`share` is what was asked for, cumulative; `device_ids` sorted."""

    share: int
    device_ids: tuple[int, ...]


def draw(
    candidates: Iterable[Candidate],
    *,
    seed: int,
    shares: Sequence[int] = DEFAULT_SHARES,
    least_per_model: int = 5,
    pilot_school: int | None = None,
) -> list[DrawnRing]:
    """Every computer in exactly one ring. Rings that would be empty are left out; the last one has share 100.

    With a pilot school all of its computers are the first ring, whatever its share. `shares` have to rise to 100.
    """
    if tuple(shares[-1:]) != (100,) or any(before >= after for before, after in pairwise((0, *shares))):
        raise ValueError(f"shares have to rise to 100: {shares}")
    pool = _Pool(candidates, seed)
    rings: list[DrawnRing] = []
    if pilot_school is not None and (first := pool.take_school(pilot_school)):
        rings.append(DrawnRing(PILOT_SHARE, first))
    for share in shares[:-1]:
        if taken := pool.take_ring(share, least_per_model):
            rings.append(DrawnRing(share, taken))
    rest = pool.take_rest()
    if rest or not rings:
        return [*rings, DrawnRing(100, rest)]
    return [*rings[:-1], DrawnRing(100, rings[-1].device_ids)]


class _Pool:
    """The computers that are in no ring yet."""

    def __init__(self, candidates: Iterable[Candidate], seed: int) -> None:
        self.seed = seed
        self.stacks: dict[int, dict[int, list[Candidate]]] = defaultdict(lambda: defaultdict(list))
        for each in candidates:
            self.stacks[each.model][each.school].append(each)
        self.in_model = {model: sum(map(len, of.values())) for model, of in sorted(self.stacks.items())}
        self.left = dict(self.in_model)
        self.total = sum(self.in_model.values())
        self.in_school = Counter[int]()
        self.from_school = Counter[int]()
        for schools in self.stacks.values():
            for school, stack in schools.items():
                self.in_school[school] += len(stack)
                stack.sort(key=self._last_first)

    def _last_first(self, each: Candidate) -> tuple[bool, bytes]:
        """Stacks are taken from the end."""
        return not each.is_silent, _lot(self.seed, "computer", each.device_id)

    @property
    def taken(self) -> int:
        return self.total - sum(self.left.values())

    def take_school(self, school: int) -> tuple[int, ...]:
        ids: list[int] = []
        for model, schools in self.stacks.items():
            found = schools.pop(school, [])
            self.left[model] -= len(found)
            ids += [each.device_id for each in found]
        self.from_school[school] += len(ids)
        return tuple(sorted(ids))

    def take_ring(self, share: int, least: int) -> tuple[int, ...]:
        ids: list[int] = []
        for model, count in self._quotas(share, least).items():
            ids += self._take(model, count)
        return tuple(sorted(ids))

    def take_rest(self) -> tuple[int, ...]:
        stacks = (stack for schools in self.stacks.values() for stack in schools.values())
        return tuple(sorted(each.device_id for stack in stacks for each in stack))

    def _quotas(self, share: int, least: int) -> Mapping[int, int]:
        """How many of each model, by model: the least first, then what brings the ring to its share."""
        quotas = {model: min(least, left) for model, left in self.left.items()}
        missing = -(-self.total * share // 100) - self.taken - sum(quotas.values())
        heap = [self._drawn_part(model, quotas[model]) for model in quotas if quotas[model] < self.left[model]]
        heapq.heapify(heap)
        while heap and missing > 0:
            _part, _by_lot, model = heapq.heappop(heap)
            quotas[model] += 1
            missing -= 1
            if quotas[model] < self.left[model]:
                heapq.heappush(heap, self._drawn_part(model, quotas[model]))
        return quotas

    def _drawn_part(self, model: int, quota: int) -> tuple[float, bytes, int]:
        drawn = self.in_model[model] - self.left[model] + quota
        return drawn / self.in_model[model], _lot(self.seed, "model", model), model

    def _take(self, model: int, count: int) -> list[int]:
        schools = self.stacks[model]
        heap = [self._next_of(school, stack) for school, stack in schools.items() if stack]
        heapq.heapify(heap)
        ids: list[int] = []
        for _turn in range(count):
            school = heapq.heappop(heap)[-1]
            ids.append(schools[school].pop().device_id)
            self.from_school[school] += 1
            if schools[school]:
                heapq.heappush(heap, self._next_of(school, schools[school]))
        self.left[model] -= count
        return ids

    def _next_of(self, school: int, stack: Sequence[Candidate]) -> tuple[bool, float, bytes, int]:
        part = self.from_school[school] / self.in_school[school]
        return stack[-1].is_silent, part, _lot(self.seed, "school", school), school


def _lot(seed: int, what: str, key: int) -> bytes:
    """The place of something in the order that the seed gives. Not Python's `hash`, which may change with a version."""
    return blake2b(f"{seed}:{what}:{key}".encode(), digest_size=8).digest()
