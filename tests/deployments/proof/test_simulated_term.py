"""A term in which anything may happen: at every step the six answers hold the whole target set, once."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db.models import Sum

from deployments.models import AssignmentChange, ChangeSet, Decision, InstallStatus, ProofDay
from deployments.proof.answers import Answers, Narrowing, Scope, answers_by_decision, answers_by_school, computers
from deployments.proof.days import STATES, history, note_day
from deployments.proof.left import tally
from deployments.status import DeviceStatus
from fleet.models import Device
from schools.models import School
from tests import factories as make
from tests.deployments.proof.factories import carried
from tests.factories import NOW

pytestmark = pytest.mark.django_db
STEPS = 60


class Term:
    def __init__(self, seed: int) -> None:
        self.random, self.now = Random(seed), NOW
        self.schools: list[School] = [make.school() for _ in range(3)]
        models = [make.hardware_model(name) for name in ("Latitude 3120", "Latitude 3340")]
        self.devices: list[Device] = [
            make.device(self.random.choice([*self.schools, None]), hardware_model=self.random.choice(models))
            for _ in range(12)
        ]
        self.decisions: list[Decision] = []
        self.changes: list[AssignmentChange] = []
        self.decide()

    def step(self) -> None:
        self.now += timedelta(hours=self.random.choice([1, 5, 24, 24 * 8]))
        acts = [self.decide, self.write, self.check_in, self.report, self.report, self.move, self.retire, self.vanish]
        self.random.choice(acts)()

    def decide(self) -> None:
        chosen = self.random.sample(self.devices, self.random.randint(1, len(self.devices)))
        again = self.random.choice([None, *self.decisions]) if self.decisions else None
        decision, change = carried(*chosen, written_at=None, status=self.random.choice(["applying", "cancelled"]))
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


def concerned(decision: Decision) -> set[int]:
    """The target set, worked out in Python from the rows: computers of the live changes of the decision's apps."""
    apps = set(decision.entries.values_list("application", flat=True))
    live = ChangeSet.objects.exclude(status__in=["rejected", "cancelled"])
    mine = set(live.filter(decision=decision).values_list("pk", flat=True))
    of_revisions = sorted(live.filter(revision__entries__decision=decision).values_list("pk", flat=True))
    chosen = mine | set(of_revisions[:1])
    parts = AssignmentChange.objects.filter(change_set__in=chosen, app_version__application__in=apps)
    return set(parts.exclude(targets=None).values_list("targets__device", flat=True))


def check(term: Term) -> None:
    scope = Scope()
    by_decision, by_school = answers_by_decision(scope, term.now), answers_by_school(scope, term.now)
    found_all = tally(scope, term.now)
    assert found_all.answers == by_decision
    rest = found_all.left
    for decision in term.decisions:
        found = by_decision.get(decision.pk, Answers())
        of_decision = Scope(decisions=(decision.pk,))
        rows = list(computers(of_decision, term.now))
        assert {row.device_id for row in rows} == concerned(decision)
        assert len(rows) == found.total
        assert sum(answers.total for (key, _school), answers in by_school.items() if key == decision.pk) == found.total
        for status in DeviceStatus:
            assert sum(row.status == status for row in rows) == found.counts[status]
        not_done = found.total - found.done - found.counts[DeviceStatus.NOT_APPLICABLE]
        mine = [each for each in rest if each.decision_id == decision.pk]
        assert sum(each.count for each in mine) == not_done
        failed = [each for each in found_all.failures if each.decision_id == decision.pk]
        assert sum(each.count for each in failed) == found.failed
        for each in mine:
            assert computers(of_decision, term.now, Narrowing(cause=each.cause)).count() == each.count


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_status_sums_to_the_target_set_at_every_step_of_a_term(seed: int) -> None:
    term = Term(seed)
    for step in range(STEPS):
        term.step()
        note_day(term.now)
        if step % 6 == 0:
            check(term)
    check(term)

    assert ProofDay.objects.exists()
    sums = ProofDay.objects.aggregate(total=Sum("total"), **{f"of_{state}": Sum(state) for state in STATES})
    assert sums["total"] == sum(sums[f"of_{state}"] for state in STATES)
    for decision in term.decisions:
        days: list[tuple[datetime, Answers]] = history(decision, Scope())  # type: ignore[assignment]
        assert [day for day, _answers in days] == sorted({day for day, _answers in days})


def test_schools_together_are_the_whole() -> None:
    term = Term(4)
    for _ in range(STEPS):
        term.step()
    everyone = answers_by_decision(Scope(), term.now)
    without = {key: found for (key, school), found in answers_by_school(Scope(), term.now).items() if school is None}

    for key, found in everyone.items():
        alone = [
            answers_by_decision(Scope((key,), (school.pk,)), term.now).get(key, Answers()) for school in term.schools
        ]
        assert sum(each.total for each in alone) + without.get(key, Answers()).total == found.total
        assert sum(each.absent for each in alone) + without.get(key, Answers()).absent == found.absent
