"""What a simulation is played on: the fleet, the schools' lines and calendars, and what the change does, as they are.

All of it is read; nothing is changed.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q

from deployments.committee.specs import specs_of
from deployments.impact import effects_of
from deployments.models import (
    AppVersion,
    BaselineRevision,
    CalendarOverride,
    ChangeSet,
    ChangeTarget,
    InstallStatus,
    Proposal,
    RingMember,
    Rollout,
)
from deployments.rollouts.calendars import Doors, doors_of
from deployments.rollouts.candidates import BINDING, SEEN_LATELY
from deployments.rollouts.drawing import DEFAULT_SHARES, Candidate, draw
from deployments.rollouts.gate import Rules, Tally
from deployments.rollouts.readings import FAILED, history_of, rules_of
from deployments.rollouts.simulated_life import rhythm_of
from deployments.rollouts.simulation import PRIOR, Computer, Program
from fleet.models import Device
from schools.models import CalendarPeriod, LessonHours, School
from schools.services.calendar import calendars_and_common
from schools.services.lines import lines_of

AN_HOUR = timedelta(hours=1)
MB = 1024 * 1024
BYTES_AN_HOUR = 1_000_000 / 8 * 3600
"""Of one Mbit/s."""
FEW = 100
"""Reports below which one in a hundred is taken to fail, as far as the municipality itself says nothing."""
USUAL_LEAST, USUAL_SHARES = 5, DEFAULT_SHARES
Effects = Mapping[int, Mapping[int, str]]
"""By app version and computer."""


@dataclass(frozen=True)
class Loaded:
    """`starts_at` is the hour 0 of the program."""

    program: Program
    starts_at: datetime


def starting_hour(now: datetime) -> datetime:
    """The next full hour: who asks twice within one asks the same."""
    return now.replace(minute=0, second=0, microsecond=0) + AN_HOUR


def load(subject: Proposal | ChangeSet, starts_at: datetime) -> Loaded:
    """About twenty queries. A planned roll-out is played with its own rings, gate and day; anything else as roll-outs
    usually are, from `starts_at` on."""
    effects, change_set = _effects(subject), subject if isinstance(subject, ChangeSet) else None
    rollout = rollout_of(subject)
    devices = {device for by_device in effects.values() for device in by_device}
    doors = _doors(rollout, effects, starts_at)
    rows = list(
        Device.objects.filter(pk__in=devices)
        .order_by("pk")
        .values_list(
            "pk", "hardware_model", "school", "last_check_in_at", "storage_free_bytes", "hardware_model__memory_mb"
        )
    )
    begins = min((doors.first_at(school) for school in {row[2] for row in rows}), default=starts_at)
    computers = tuple(_computers(rows, effects))
    versions = set(effects)
    before = history_of(versions, change_set.pk if change_set else None)
    program = Program(
        computers=computers,
        rings=_rings(rollout, rows, starts_at),
        sizes={
            pk: size or 0 for pk, size in AppVersion.objects.filter(pk__in=versions).values_list("pk", "size_bytes")
        },
        before=before,
        usual=_usual(versions, before),
        lines={school: mbit * BYTES_AN_HOUR for school, mbit in lines_of().items()},
        rhythm=rhythm_of(_silences()),
        rules=rules_of(rollout) if rollout else Rules(),
        opens=_opener(doors, begins),
        accepted=tuple(rollout.accepted) if rollout else (),
    )
    return Loaded(program, begins)


def rollout_of(subject: Proposal | ChangeSet) -> Rollout | None:
    if isinstance(subject, Proposal):
        return None
    return Rollout.objects.select_related("starts_in").filter(change_set=subject).first()


def digest_of(subject: Proposal | ChangeSet, seed: int, starts_at: datetime) -> str:
    """The same for questions with the same answer. Eight queries or so, none of them over whole rows of the fleet."""
    said = [type(subject).__name__, subject.pk, seed, starts_at, _says(subject), _rollout_says(rollout_of(subject))]
    fleet = Device.objects.aggregate(Count("pk"), Max("last_check_in_at"))
    reports = InstallStatus.objects.aggregate(Count("pk"), Max("reported_at"))
    calendar = [list(model.objects.order_by("pk").values_list()) for model in (CalendarPeriod, LessonHours)]
    everything = [*said, sorted(fleet.items()), sorted(reports.items()), calendar, sorted(lines_of().items())]
    return hashlib.sha256(json.dumps(everything, default=str).encode()).hexdigest()


def _says(subject: Proposal | ChangeSet) -> list[Any]:
    if isinstance(subject, ChangeSet):
        return [subject.plan_hash]
    active = BaselineRevision.objects.active().values_list("pk", flat=True).first()
    columns = ("kind", "application_id", "replaces_id", "profile_id", "moved_from_id", "intent", "version_id")
    latest = AppVersion.objects.filter(application__in=[subject.application_id, subject.replaces_id])
    return [active, *(getattr(subject, column) for column in columns), latest.aggregate(Max("pk"))]


def _rollout_says(rollout: Rollout | None) -> list[Any]:
    if rollout is None:
        return []
    members = RingMember.objects.filter(rollout=rollout).order_by("device").values_list("device", "ring__number")
    drawn = hashlib.sha256(repr(list(members)).encode()).hexdigest()
    columns = ("soak_hours", "min_sample", "least_success", "starts_on", "starts_in_id", "accepted")
    overridden = rollout.change_set.overrides.agreed(CalendarOverride.Kind.CALENDAR).count()
    return [rollout.pk, drawn, overridden, *(getattr(rollout, column) for column in columns)]


def _effects(subject: Proposal | ChangeSet) -> Effects:
    if isinstance(subject, Proposal):
        return effects_of(specs_of(subject))
    found: dict[int, dict[int, str]] = defaultdict(dict)
    rows = ChangeTarget.objects.filter(change__change_set=subject)
    for version, device, effect in rows.values_list("change__app_version", "device", "effect"):
        found[version][device] = effect
    return found


def _doors(rollout: Rollout | None, effects: Effects, now: datetime) -> Doors:
    if rollout:
        return doors_of(rollout, now)
    is_binding = any(effect in BINDING for by_device in effects.values() for effect in by_device.values())
    return Doors(calendars_and_common(School.objects.all()), now, is_bound=is_binding)


def _opener(doors: Doors, begins: datetime) -> Callable[[int, float], float]:
    """The calendar in hours from the start; each answer is worked out once for all runs."""
    known: dict[tuple[int, float], float] = {}

    def opens(school: int, hour: float) -> float:
        key = school, hour
        if key not in known:
            first = replace(doors, now=begins + hour * AN_HOUR).first_at(school or None)
            known[key] = max(hour, (first - begins) / AN_HOUR)
        return known[key]

    return opens


def _rings(rollout: Rollout | None, rows: Iterable[tuple[Any, ...]], now: datetime) -> dict[int, int]:
    if rollout:
        return dict(RingMember.objects.filter(rollout=rollout).values_list("device", "ring__number"))
    candidates = [
        Candidate(pk, model, school or 0, is_silent=seen is None or seen < now - SEEN_LATELY)
        for pk, model, school, seen, *_more in rows
    ]
    drawn = draw(candidates, seed=1, shares=USUAL_SHARES, least_per_model=USUAL_LEAST)
    return {device: number for number, ring in enumerate(drawn, 1) for device in ring.device_ids}


def _heard_until() -> datetime | None:
    """Silence is counted from the last that anybody was heard: the mirror may be old."""
    found: datetime | None = Device.objects.aggregate(latest=Max("last_check_in_at"))["latest"]
    return found


def _silences() -> list[float | None]:
    heard = _heard_until()
    rows = Device.objects.filter(missing_since=None).exclude(lifecycle=Device.Lifecycle.RETIRED)
    return [_silent(seen, heard) for seen in rows.order_by("pk").values_list("last_check_in_at", flat=True)]


def _silent(seen: datetime | None, heard: datetime | None) -> float | None:
    return (heard - seen) / AN_HOUR if seen and heard else None


def _computers(rows: Iterable[tuple[Any, ...]], effects: Effects) -> Iterable[Computer]:
    heard = _heard_until()
    needs = {each.pk: each for each in AppVersion.objects.filter(pk__in=list(effects))}
    installs, removes, has = defaultdict[int, list[int]](list), defaultdict[int, list[int]](list), _has(effects)
    for version in sorted(effects):
        for device, effect in effects[version].items():
            if effect == ChangeTarget.Effect.INSTALL:
                installs[device].append(version)
            elif effect == ChangeTarget.Effect.UNINSTALL:
                removes[device].append(version)
    for pk, model, school, seen, free, memory in rows:
        fitting = [version for version in installs[pk] if version in has[pk] or _fits(needs[version], free, memory)]
        yield Computer(
            pk,
            model,
            school or 0,
            _silent(seen, heard),
            installs=tuple(fitting),
            removes=tuple(removes[pk]),
            has=tuple(version for version in fitting if version in has[pk]),
            fits=bool(fitting or removes[pk] or not installs[pk]),
        )


def _has(effects: Effects) -> dict[int, set[int]]:
    """Versions by computer that are reported as installed and are to be installed."""
    found: dict[int, set[int]] = defaultdict(set)
    rows = InstallStatus.objects.filter(app_version__in=list(effects), state=InstallStatus.State.INSTALLED)
    for device, version in rows.values_list("device", "app_version"):
        if effects[version].get(device) == ChangeTarget.Effect.INSTALL:
            found[device].add(version)
    return found


def _fits(version: AppVersion, free: int | None, memory: int | None) -> bool:
    lacks_disk = free is not None and free < (version.minimum_disk_mb or 0) * MB
    return not lacks_disk and not (memory is not None and memory < (version.minimum_memory_mb or 0))


def _usual(versions: set[int], before: Mapping[tuple[int, int], Tally]) -> dict[int, float]:
    """Each application's failure rate in the municipality; drawn towards that of all applications where it has few
    reports."""
    done, failed = Q(state=InstallStatus.State.INSTALLED), Q(state__in=FAILED)
    all_done, all_failed = InstallStatus.objects.aggregate(
        done=Count("pk", filter=done), failed=Count("pk", filter=failed)
    ).values()
    everywhere = (all_failed + 1) / (all_done + all_failed + FEW)
    rates = {}
    for version in versions:
        own = sum((tally for (of, _model), tally in before.items() if of == version), Tally())
        rates[version] = (own.failed + PRIOR * everywhere) / (own.reported + PRIOR)
    return rates
