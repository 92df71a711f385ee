"""A term in which anything may happen: at every step the six answers hold the whole target set, once."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db.models import Sum

from deployments.models import (
    AssignmentChange,
    BaselineEntry,
    ChangeSet,
    ChangeTarget,
    Decision,
    InstallStatus,
    ProofDay,
)
from deployments.proof.answers import Answers, Narrowing, Scope, answers_by_decision, answers_by_school, computers
from deployments.proof.days import STATES, history, note_day
from deployments.proof.left import tally
from deployments.status import DeviceStatus
from fleet.models import Device
from schools.calendar import STOCKHOLM
from schools.models import School
from tests import factories as make
from tests.deployments.proof.factories import carried
from tests.factories import NOW

pytestmark = pytest.mark.django_db
HALF_AN_HOUR = timedelta(minutes=30)


@dataclass(frozen=True)
class Semester:
    """`clocks_change` in UTC: for an hour before and after it the clock on the wall shows the same in autumn."""

    term: str
    starts_at: datetime
    ends_at: datetime
    clocks_change: datetime


SPRING = Semester("VT", NOW, datetime(2027, 6, 11, 16, tzinfo=STOCKHOLM), datetime(2027, 3, 28, 1, tzinfo=UTC))
AUTUMN = Semester(
    "HT",
    datetime(2027, 8, 17, 8, tzinfo=STOCKHOLM),
    datetime(2027, 12, 21, 16, tzinfo=STOCKHOLM),
    datetime(2027, 10, 31, 1, tzinfo=UTC),
)


class Term:
    def __init__(self, seed: int, semester: Semester) -> None:
        self.random, self.semester, self.now = Random(seed), semester, semester.starts_at.astimezone(UTC)
        self.schools: list[School] = [make.school() for _ in range(3)]
        models = [make.hardware_model(name) for name in ("Latitude 3120", "Latitude 3340")]
        self.devices: list[Device] = [
            make.device(
                self.random.choice([*self.schools, None]),
                hardware_model=self.random.choice(models),
                last_check_in_at=self.now - timedelta(hours=1),
            )
            for _ in range(12)
        ]
        self.decisions: list[Decision] = []
        self.changes: list[AssignmentChange] = []
        self.decide()

    def step(self) -> None:
        """To some later moment; never past the hours on both sides of where the clocks change."""
        later = self.now + timedelta(hours=self.random.choice([1, 5, 24, 24 * 8]))
        change = self.semester.clocks_change
        stops = [stop for stop in (change - HALF_AN_HOUR, change + HALF_AN_HOUR) if self.now < stop]
        self.now = min([later, *stops])
        acts = [self.decide, self.write, self.check_in, self.report, self.report, self.move, self.retire, self.vanish]
        self.random.choice(acts)()

    def decide(self) -> None:
        chosen = self.random.sample(self.devices, self.random.randint(1, len(self.devices)))
        again = self.random.choice([None, *self.decisions]) if self.decisions else None
        status, of = self.random.choice(["applying", "cancelled"]), make.baseline(self.semester.term)
        decision, change = carried(*chosen, written_at=None, status=status, of=of)
        if again is not None and self.random.random() < 0.3:  # a request's second change, or one more app
            ChangeSet.objects.filter(pk=change.change_set_id).update(decision=again)
            make.entry(change.change_set.revision, self.schools[0], change.app_version.application, decision=again)
        self.decisions.append(decision)
        self.changes.append(change)

    def write(self) -> None:
        change = self.random.choice(self.changes)
        AssignmentChange.objects.filter(pk=change.pk).update(written_at=self.now)

    def check_in(self) -> None:
        for device in self.random.sample(self.devices, 4):
            Device.objects.filter(pk=device.pk).update(last_check_in_at=self.now, missing_since=None)

    def report(self) -> None:
        change = self.random.choice(self.changes)
        for device in self.random.sample(self.devices, 4):
            said: dict[str, Any] = {"state": self.random.choice(InstallStatus.State.values), "reported_at": self.now}
            InstallStatus.objects.update_or_create(device=device, app_version=change.app_version, defaults=said)

    def move(self) -> None:
        school = self.random.choice([*self.schools, None])
        Device.objects.filter(pk=self.random.choice(self.devices).pk).update(school=school)

    def retire(self) -> None:
        Device.objects.filter(pk=self.random.choice(self.devices).pk).update(lifecycle="retired")

    def vanish(self) -> None:
        Device.objects.filter(pk=self.random.choice(self.devices).pk).update(missing_since=self.now)


@dataclass(frozen=True)
class Stored:
    """The rows, in five queries, for working out in Python what the statement under test is to find."""

    apps: dict[int, set[int]]
    """Of a decision."""
    changes: list[tuple[int, int | None, int]]
    """Of the live change sets: key, decision and revision."""
    revisions: dict[int, set[int]]
    """Of a decision."""
    parts: list[tuple[int, int, int]]
    """Key, change set and application."""
    targets: dict[int, set[int]]
    """Computers of a part."""

    @classmethod
    def read(cls) -> Stored:
        apps, revisions = defaultdict[int, set[int]](set), defaultdict[int, set[int]](set)
        entries = BaselineEntry.objects.exclude(decision=None).values_list("decision", "application", "revision")
        for decision, application, revision in entries:
            apps[decision].add(application)
            revisions[decision].add(revision)
        targets = defaultdict[int, set[int]](set)
        for part, device in ChangeTarget.objects.values_list("change", "device"):
            targets[part].add(device)
        live = ChangeSet.objects.exclude(status__in=["rejected", "cancelled"])
        return cls(
            apps,
            list(live.values_list("pk", "decision", "revision")),
            revisions,
            list(AssignmentChange.objects.values_list("pk", "change_set", "app_version__application")),
            targets,
        )

    def concerned(self, decision: int) -> set[int]:
        """The target set: computers of the live changes of the decision's apps."""
        mine = {key for key, of, _revision in self.changes if of == decision}
        of_revisions = sorted(key for key, _of, revision in self.changes if revision in self.revisions[decision])
        chosen = mine | set(of_revisions[:1])
        parts = [key for key, of, app in self.parts if of in chosen and app in self.apps[decision]]
        return {device for part in parts for device in self.targets[part]}


def check(term: Term) -> None:
    """One query for each decision."""
    scope = Scope()
    by_decision, by_school = answers_by_decision(scope, term.now), answers_by_school(scope, term.now)
    found_all, stored = tally(scope, term.now), Stored.read()
    assert found_all.answers == by_decision
    rest = found_all.left
    for decision in term.decisions:
        found = by_decision.get(decision.pk, Answers())
        listed = list(computers(Scope((decision.pk,)), term.now).values_list("device", "status"))
        assert {device for device, _status in listed} == stored.concerned(decision.pk)
        assert len(listed) == found.total
        assert sum(answers.total for (key, _school), answers in by_school.items() if key == decision.pk) == found.total
        seen = Counter(status for _device, status in listed)
        assert {status: seen[status] for status in DeviceStatus} == found.counts
        not_done = found.total - found.done - found.counts[DeviceStatus.NOT_APPLICABLE]
        mine = [each for each in rest if each.decision_id == decision.pk]
        assert sum(each.count for each in mine) == not_done
        failed = [each for each in found_all.failures if each.decision_id == decision.pk]
        assert sum(each.count for each in failed) == found.failed


def check_lists(term: Term) -> None:
    """What is left, by cause: the list behind each figure."""
    for each in tally(Scope(), term.now).left:
        listed = computers(Scope((each.decision_id,)), term.now, Narrowing(cause=each.cause))
        assert listed.count() == each.count


@pytest.mark.parametrize("semester, seed", [(SPRING, 1), (AUTUMN, 2), (AUTUMN, 3)])
def test_every_status_sums_to_the_target_set_at_every_step_of_a_term(semester: Semester, seed: int) -> None:
    term, steps = Term(seed, semester), 0
    while term.now < semester.ends_at:
        term.step()
        note_day(term.now)
        check(term)
        steps += 1
        if steps % 6 == 0:
            check_lists(term)

    assert steps > 40
    days = set(ProofDay.objects.values_list("day", flat=True))
    assert semester.clocks_change.astimezone(STOCKHOLM).date() in days
    sums = ProofDay.objects.aggregate(total=Sum("total"), **{f"of_{state}": Sum(state) for state in STATES})
    assert sums["total"] == sum(sums[f"of_{state}"] for state in STATES)
    for decision in term.decisions:
        noted = [day for day, _answers in history(decision, Scope())]
        assert noted == sorted(set(noted))


def test_schools_together_are_the_whole() -> None:
    term = Term(4, SPRING)
    while term.now < SPRING.ends_at:
        term.step()
    everyone = answers_by_decision(Scope(), term.now)
    without = {key: found for (key, school), found in answers_by_school(Scope(), term.now).items() if school is None}

    for key, found in everyone.items():
        alone = [
            answers_by_decision(Scope((key,), (school.pk,)), term.now).get(key, Answers()) for school in term.schools
        ]
        assert sum(each.total for each in alone) + without.get(key, Answers()).total == found.total
        assert sum(each.absent for each in alone) + without.get(key, Answers()).absent == found.absent
