"""Many plays of a roll-out as one answer: what to expect, and between what. Pure.

The answer is plain data, kept as it is in `Simulation.result`: hours count from the start, figures of a school are per
hour in Mbit/s.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from deployments.rollouts.simulation import DONE, FAILED, LATER, LEFT_OUT, STATES, Played, Program, play

RUNS = 20
LOW, MIDDLE, HIGH = 0.1, 0.5, 0.9
"""Of ten plays, one ends below the first and one above the last."""
MOST_STEPS = 60
NEARLY_ALL = 0.99
FULL = 0.95
"""A line that carries so much of what it can is full."""
SHARES = (50, 90, 99)
BITS = 8 / 3600 / 1_000_000
"""Makes Mbit/s of bytes an hour."""


def simulate(program: Program, seed: int, runs: int = RUNS) -> dict[str, Any]:
    """Some seconds for 11,000 computers."""
    plays = [play(program, seed * 1_000 + number) for number in range(runs)]
    return summary(program, plays)


def summary(program: Program, plays: Sequence[Played]) -> dict[str, Any]:
    counted = max(0, len(program.computers) - _at_end(plays, LEFT_OUT))
    return {
        "computers": len(program.computers),
        "runs": len(plays),
        "curve": _curve(plays),
        "at_end": {state: _at_end(plays, state) for state in STATES},
        "reached": {str(share): _reached(plays, share, counted) for share in SHARES},
        "rings": [_ring(number, plays) for number in sorted(plays[0].rings)],
        "schools": _schools(program, plays),
        "stopped": sum(_is_stopped(each) for each in plays),
    }


def at_share(values: Sequence[float], share: float) -> float:
    """The value below which that share of them lies; one of them."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _is_stopped(each: Played) -> bool:
    return any(ring.ended in ("halt", "below") for ring in each.rings.values())


def _at(values: Sequence[int], hour: int) -> int:
    """A run that ended earlier stays as it was."""
    return values[min(hour, len(values) - 1)] if values else 0


def _at_end(plays: Sequence[Played], state: str) -> int:
    return int(at_share([_at(each.hours[state], len(each.hours[state])) for each in plays], MIDDLE))


def _curve(plays: Sequence[Played]) -> list[dict[str, int]]:
    longest = _until_flat(plays)
    step = max(1, -(-longest // MOST_STEPS))
    rows = []
    for hour in sorted({*range(0, longest, step), longest - 1}):
        done = [_at(each.hours[DONE], hour) for each in plays]
        rows.append(
            {
                "hour": hour + 1,
                "low": int(at_share(done, LOW)),
                "done": int(at_share(done, MIDDLE)),
                "high": int(at_share(done, HIGH)),
                "failed": int(at_share([_at(each.hours[FAILED], hour) for each in plays], MIDDLE)),
                "later": int(at_share([_at(each.hours[LATER], hour) for each in plays], MIDDLE)),
            }
        )
    return rows


def _until_flat(plays: Sequence[Played]) -> int:
    """Hours until hardly anything changes any more in any of them, and a little beyond."""
    ends = [
        next(hour for hour, done in enumerate(each.hours[DONE]) if done >= NEARLY_ALL * each.hours[DONE][-1])
        for each in plays
    ]
    return min(max(len(each.hours[DONE]) for each in plays), round(1.1 * max(ends)) + 6)


def _reached(plays: Sequence[Played], share: int, counted: int) -> dict[str, Any]:
    """Hours until that percentage was done; None where that does not come within what is played."""
    wanted = share * counted / 100
    never = float("inf")
    found = [
        next((hour + 1.0 for hour, done in enumerate(each.hours[DONE]) if done >= wanted), never) for each in plays
    ]
    low, middle, high = (at_share(found, part) for part in (LOW, MIDDLE, HIGH))
    return {
        "low": None if low == never else low,
        "middle": None if middle == never else middle,
        "high": None if high == never else high,
        "in_runs": sum(each != never for each in found),
    }


def _ring(number: int, plays: Sequence[Played]) -> dict[str, Any]:
    rings = [each.rings[number] for each in plays]
    opened = [each.opened for each in rings if each.opened is not None]
    passed = [each.passed for each in rings if each.passed is not None]
    causes = Counter[tuple[str, int, int | None]]()
    for each in rings:
        if each.findings:
            causes[each.findings[0].code, each.findings[0].version, each.findings[0].model] += 1
        elif each.ended == "below" and each.blamed:
            causes["below", *each.blamed] += 1
    return {
        "number": number,
        "computers": rings[0].computers,
        "opened_in": len(opened),
        "opened": at_share(opened, MIDDLE) if opened else None,
        "passed": at_share(passed, MIDDLE) if passed else None,
        "ended": dict(sorted(Counter(each.ended for each in rings).items())),
        "causes": [
            {"code": code, "version": version, "model": model, "in_runs": count}
            for (code, version, model), count in sorted(causes.items(), key=lambda pair: (-pair[1], str(pair[0])))
        ],
    }


def _schools(program: Program, plays: Sequence[Played]) -> list[dict[str, Any]]:
    """Each school with computers in it. What is asked for and carried are means of all runs."""
    computers = Counter(each.school for each in program.computers)
    asked, carried = _means([each.asked for each in plays]), _means([each.carried for each in plays])
    full = _hours_full(program, plays)
    return [
        {
            "school": school,
            "computers": computers[school],
            "bytes": round(sum(asked.get(school, {}).values())),
            "line": round(program.lines[school] * BITS, 1) if school in program.lines else None,
            "full_hours": full.get(school, 0),
            "longest_wait": round(at_share([each.waits.get(school, 0.0) for each in plays], MIDDLE), 1),
            "hours": _hours(asked.get(school, {}), carried.get(school, {})),
        }
        for school in sorted(computers)
    ]


def _means(found: Sequence[Mapping[tuple[int, int], float]]) -> dict[int, dict[int, float]]:
    sums: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for run in found:
        for (school, hour), size in run.items():
            sums[school][hour] += size / len(found)
    return sums


def _hours_full(program: Program, plays: Sequence[Played]) -> dict[int, int]:
    """Hours in which a school's line is full, in the middle run."""
    counts = [Counter[int]() for _run in plays]
    for count, each in zip(counts, plays, strict=True):
        for (school, _hour), size in each.carried.items():
            count[school] += size >= FULL * program.lines[school]
    schools = {school for count in counts for school in count}
    return {school: int(at_share([count[school] for count in counts], MIDDLE)) for school in schools}


def _hours(asked: Mapping[int, float], carried: Mapping[int, float]) -> list[list[float]]:
    """[hour, asked for, carried], where there is anything to see."""
    rows = [
        [hour, round(asked.get(hour, 0) * BITS, 1), round(carried.get(hour, 0) * BITS, 1)]
        for hour in sorted({*asked, *carried})
    ]
    return [row for row in rows if row[1] or row[2]]
