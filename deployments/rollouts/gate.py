"""Whether a ring lets the next one through: from what its computers have reported to a verdict. Pure.

A ring passes when enough of its computers have reported, enough of those succeeded, it is certain that not too few of
the whole ring do, and it has been watched long enough. Its computers are those that have been let in, whether Intune
has been told of them or not. Those that their school's calendar holds back are not among them: they cannot report, and
must not stop the others. They are watched when they come in. Nobody waits either for those to which nothing applies,
or that are gone.

A roll-out halts when an app fails credibly more often than is normal for it, or when one hardware model does: more
often than the other models in this roll-out and than the model itself did before. Numbers are read each minute and so
tested again and again; the limit `ALPHA` is low for that reason.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil, floor
from typing import Any

from deployments.rollouts.chance import ROUNDING, as_unequal, at_most, bounds, corrected, may_be

ALPHA = 0.001
LIKELY = 0.05
FEWEST_FAILURES = 3
"""Below this nothing is called a pattern, whatever the odds."""
FEWEST_BEFORE = 20
"""Reports from before the roll-out that it takes to say what is normal."""
CLEARLY = 0.05
"""What is worse by less than this is not worth stopping a roll-out for, however certain it is."""
ENOUGH_OF_A_SMALL_RING = 0.6
"""The sample that is taken of a ring of few computers."""
MARGIN = 0.15
"""So far below the least success may be what is certain of the whole ring. A ring of which no more than this share
stays silent passes by those that report, whatever the silent ones would say."""


@dataclass(frozen=True)
class Tally:
    """Computers, each once: `done` and `failed` have reported; `waiting` are those that have not."""

    done: int = 0
    failed: int = 0
    waiting: int = 0

    @property
    def reported(self) -> int:
        return self.done + self.failed

    @property
    def everything(self) -> int:
        return self.reported + self.waiting

    @property
    def failure_rate(self) -> float:
        return self.failed / self.reported if self.reported else 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.done + other.done, self.failed + other.failed, self.waiting + other.waiting)


@dataclass(frozen=True)
class Cell:
    """One app version on one hardware model, in all rings that are open; `before`: the app on the model until now."""

    version: int
    model: int
    now: Tally
    before: Tally = Tally()


@dataclass(frozen=True)
class Rules:
    min_sample: int = 20
    least_success: float = 0.95
    soak: timedelta = timedelta(hours=24)


@dataclass(frozen=True)
class Finding:
    """`code`: "app_fails" (with `model` None) or "model_fails". `normal`: the failure rate it is compared with."""

    code: str
    version: int
    model: int | None
    failed: int
    reported: int
    normal: float
    chance: float = field(compare=False)

    @property
    def key(self) -> str:
        """The same finding again, with other numbers, has the same key."""
        return f"{self.code}:{self.version}:{self.model or ''}"

    def as_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "code": self.code,
            "version_id": self.version,
            "model_id": self.model,
            "failed": self.failed,
            "reported": self.reported,
            "normal": round(self.normal, 4),
        }


@dataclass(frozen=True)
class Reading:
    """`verdict` is one of `GateReading.Verdict`; `low` and `high` bound the failure rate of the whole ring, each with
    95 per cent certainty; the surest finding first."""

    tally: Tally
    verdict: str
    low: float
    high: float
    findings: tuple[Finding, ...] = ()


def read(
    tally: Tally,
    cells: Sequence[Cell],
    rules: Rules,
    *,
    written_at: datetime | None,
    now: datetime,
    accepted: Collection[str] = (),
) -> Reading:
    """`written_at`: from when on the ring is watched; None before Intune was told of any of its computers.

    `accepted` are keys of findings that somebody has looked at: they are told, and halt nothing.
    """
    verdict, found = judge(tally, cells, rules, written_at=written_at, now=now, accepted=accepted)
    low, high = bounds(tally.failed, tally.reported, tally.everything)
    return Reading(tally, verdict, low, high, found)


def judge(
    tally: Tally,
    cells: Sequence[Cell],
    rules: Rules,
    *,
    written_at: datetime | None,
    now: datetime,
    accepted: Collection[str] = (),
) -> tuple[str, tuple[Finding, ...]]:
    """The verdict of `read` and what it rests on, without the bounds that are for people."""
    found = tuple(findings(cells, rules))
    halts = any(each.key not in accepted for each in found)
    return "halt" if halts else _verdict(tally, rules, written_at, now), found


def _verdict(tally: Tally, rules: Rules, written_at: datetime | None, now: datetime) -> str:
    """What is missing first: reports, time, success."""
    succeeds = is_good(tally, rules)
    if tally.reported < sample(tally, rules) or (succeeds and not _is_sure(tally, rules)):
        return "too_few"
    if written_at is None or now < written_at + rules.soak:
        return "soaking"
    return "pass" if succeeds else "below"


def sample(tally: Tally, rules: Rules) -> int:
    """How many computers of the ring have to have reported: one at least, as silence proves nothing."""
    return max(1, min(rules.min_sample, ceil(ENOUGH_OF_A_SMALL_RING * tally.everything)))


def needed(tally: Tally, rules: Rules) -> int:
    """The fewest reports that let the ring pass with the failures there are: the sample, and as many successes beside
    the failures as make it sure. All computers of the ring where even that would not do."""
    failed, everything = tally.failed, tally.everything
    first = max(sample(tally, rules), failed)

    def would_do(reports: int) -> bool:
        then = Tally(reports - failed, failed, everything - reports)
        return is_good(then, rules) and _is_sure(then, rules)

    return first + bisect_left(range(first, everything), True, key=would_do)


def is_good(tally: Tally, rules: Rules) -> bool:
    """Whether enough of those that have reported succeeded."""
    return tally.reported > 0 and tally.done / tally.reported >= rules.least_success


def _is_sure(tally: Tally, rules: Rules) -> bool:
    """Whether it is ruled out that more of the whole ring fail than the roll-out allows with `MARGIN`."""
    allowed = floor((1 - rules.least_success + MARGIN) * tally.everything + ROUNDING)
    return not may_be(allowed + 1 - tally.failed, tally.waiting, tally.failed, tally.reported)


def findings(cells: Sequence[Cell], rules: Rules) -> list[Finding]:
    """The surest first; a version that fails on all models alike is named once, without a model."""
    if not any(_may_be_worth(each) for each in _sums(cells)):
        return []
    by_version: dict[int, list[Cell]] = defaultdict(list)
    for cell in sorted(cells, key=lambda each: (each.version, each.model)):
        by_version[cell.version].append(cell)
    asked = [found for of in by_version.values() for found in _of_version(of, rules)]
    worth = [pair for pair in zip(asked, corrected([each.chance for each in asked]), strict=True) if _is_worth(pair[0])]
    certain = [each for each, chance in worth if chance < ALPHA]
    likely = [each for each, chance in worth if chance < LIKELY and each.model is not None]
    return sorted(_without_echoes(certain, likely), key=lambda each: (each.chance, each.key))


def _sums(cells: Sequence[Cell]) -> list[Tally]:
    """Of each cell, and of each version."""
    versions: dict[int, Tally] = defaultdict(Tally)
    for cell in cells:
        versions[cell.version] += cell.now
    return [*versions.values(), *(cell.now for cell in cells)]


def _may_be_worth(tally: Tally) -> bool:
    """Whatever is normal. Where this is false everywhere there is nothing to test."""
    return tally.failed >= FEWEST_FAILURES and tally.failure_rate >= CLEARLY


def _of_version(cells: Sequence[Cell], rules: Rules) -> list[Finding]:
    """All that is tested, sure or not: one test of the version, and one for each model where there are several."""
    now = sum((cell.now for cell in cells), Tally())
    before = sum((cell.before for cell in cells), Tally())
    normal, chance = _against_normal(now, before, rules)
    asked = [Finding("app_fails", cells[0].version, None, now.failed, now.reported, normal, chance)]
    for cell in cells if len(cells) > 1 else ():
        others = Tally(now.done - cell.now.done, now.failed - cell.now.failed)
        if cell.now.reported and others.reported:
            asked.append(_of_model(cell, others, rules))
    return asked


def _of_model(cell: Cell, others: Tally, rules: Rules) -> Finding:
    """Worse than the others now, and than the model was: the weaker of the two counts."""
    here = cell.now
    beside = as_unequal(here.failed, here.reported, others.failed, others.reported)
    normal, since = _against_normal(here, cell.before, rules)
    worse = max(normal, others.failure_rate)
    return Finding("model_fails", cell.version, cell.model, here.failed, here.reported, worse, max(beside, since))


def _against_normal(now: Tally, before: Tally, rules: Rules) -> tuple[float, float]:
    """What is normal, and the chance of so many failures if nothing is wrong. Without a history the failures that the
    roll-out allows are normal."""
    if before.reported >= FEWEST_BEFORE:
        return before.failure_rate, as_unequal(now.failed, now.reported, before.failed, before.reported)
    allowed = 1 - rules.least_success
    chance = 1 - at_most(now.failed - 1, now.reported, allowed) if now.failed else 1.0
    return allowed, chance


def _is_worth(finding: Finding) -> bool:
    return finding.failed >= FEWEST_FAILURES and finding.failed / finding.reported >= finding.normal + CLEARLY


def _without_echoes(certain: Sequence[Finding], likely: Sequence[Finding]) -> list[Finding]:
    """Where models stand out, the version as a whole is bad because of them: they are the findings. That something is
    wrong has to be certain; then it may be likely only that it is the model."""
    bad = {each.version for each in certain}
    models = {each.key: each for each in (*certain, *likely) if each.model is not None and each.version in bad}
    with_model = {each.version for each in models.values()}
    return [*models.values(), *(each for each in certain if each.model is None and each.version not in with_model)]
