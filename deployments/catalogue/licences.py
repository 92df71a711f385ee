"""Licence seats: how many there are, how many the decided software takes, and who would be left without one.

A school's own seats are taken first, the municipality's for what is beyond them. An application without any pool needs
no licence; one whose pools have all ended has no seat left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.translation import ngettext

from deployments.catalogue.use import computers_required, required_computers
from deployments.models import Application, BaselineRevision
from deployments.models.catalogue import LicencePool
from deployments.rulebook import rules_in_force
from schools.models import School


@dataclass(frozen=True)
class Seats:
    """Seats of one application that hold on a day. `shared` are the municipality's, `own` by school id; None: any
    number. `used` counts computers by school id."""

    shared: int | None
    own: Mapping[int, int | None]
    used: Mapping[int | None, int]

    @property
    def total(self) -> int | None:
        every = [self.shared, *self.own.values()]
        return None if None in every else sum(seats or 0 for seats in every)

    @property
    def taken(self) -> int:
        return sum(self.used.values())

    def beyond(self, school_id: int | None) -> int:
        """Computers of a school that its own seats do not cover."""
        own = self.own.get(school_id, 0) if school_id is not None else 0
        return 0 if own is None else max(0, self.used.get(school_id, 0) - own)

    @property
    def shared_left(self) -> int | None:
        """Negative: so many computers are without a seat already."""
        if self.shared is None:
            return None
        return self.shared - sum(self.beyond(school_id) for school_id in self.used)

    def left_at(self, school_id: int | None) -> int | None:
        """Seats that a school (None: anybody) may still take. What others lack takes none of its own."""
        own = self.own.get(school_id, 0) if school_id is not None else 0
        shared = self.shared_left
        if own is None or shared is None:
            return None
        return max(0, own - self.used.get(school_id, 0)) + max(0, shared)


@dataclass(frozen=True)
class Shortfall:
    """Computers that would be without a seat: `missing` of the `wanted` more, when `left` are left."""

    application: Application
    school: School | None
    wanted: int
    left: int

    @property
    def missing(self) -> int:
        return self.wanted - self.left

    def __str__(self) -> str:
        return ngettext(
            "%(application)s lacks %(missing)s licence: %(left)s are left for %(wanted)s computers.",
            "%(application)s lacks %(missing)s licences: %(left)s are left for %(wanted)s computers.",
            self.missing,
        ) % {"application": self.application, "missing": self.missing, "left": self.left, "wanted": self.wanted}


def seats_left(application: Application, school: School | None, on: date) -> int | None:
    """Seats that one more decision may take, at a school or (None) anywhere; None: any number."""
    seats = seats_of([application.pk], on).get(application.pk)
    return seats.left_at(school.pk if school else None) if seats else None


def shortfall(application: Application, school: School | None, extra_devices: int, on: date) -> Shortfall | None:
    """What would lack if so many more computers got the application; None when there is a seat for each."""
    left = seats_left(application, school, on)
    if left is None or extra_devices <= left:
        return None
    return Shortfall(application, school, extra_devices, left)


def shortfalls(revision: BaselineRevision | None, on: date) -> list[Shortfall]:
    """What would lack if a revision were in force, application by application."""
    return shortfalls_of(required_computers(revision), on)


def shortfalls_of(used: Mapping[int, Mapping[int | None, int]], on: date) -> list[Shortfall]:
    """What would lack if so many computers, by application id and school id, had the applications."""
    short = []
    applications = Application.objects.in_bulk(list(used))
    for application_id, seats in sorted(_seats(used, on).items()):
        left = seats.shared_left
        if left is not None and left < 0:
            wanted = seats.taken
            short.append(Shortfall(applications[application_id], None, wanted, wanted + left))
    return short


def seats_of(applications: Iterable[int], on: date) -> dict[int, Seats]:
    """By application id, against the active revision; applications without any pool are no key. Four queries."""
    return seats_in(LicencePool.objects.filter(application__in=list(applications)), on)


def seats_in(pools: Iterable[LicencePool], on: date) -> dict[int, Seats]:
    """As `seats_of`, when the pools are loaded: all of each application. Three queries; one when no rule in force is
    about the applications."""
    found = _by_application(pools)
    if not found:
        return {}
    used = computers_required(rules_in_force(), found)
    return {key: _sum(each, used.get(key, {}), on) for key, each in found.items()}


def _seats(used: Mapping[int, Mapping[int | None, int]], on: date) -> dict[int, Seats]:
    found = _by_application(LicencePool.objects.filter(application__in=list(used)))
    return {key: _sum(each, used[key], on) for key, each in found.items()}


def _by_application(pools: Iterable[LicencePool]) -> dict[int, list[LicencePool]]:
    found: dict[int, list[LicencePool]] = defaultdict(list)
    for pool in pools:
        found[pool.application_id].append(pool)
    return found


def _sum(pools: list[LicencePool], used: Mapping[int | None, int], on: date) -> Seats:
    """Of those that hold that day. One pool without a number makes its place's seats any number."""
    shared: int | None = 0
    own: dict[int, int | None] = {}
    for pool in (each for each in pools if each.holds(on)):
        if pool.school_id is None:
            shared = _more(shared, pool.seats)
        else:
            own[pool.school_id] = _more(own.get(pool.school_id, 0), pool.seats)
    return Seats(shared, own, used)


def _more(seats: int | None, others: int | None) -> int | None:
    return None if seats is None or others is None else seats + others
