"""Whatever people do to a roll-out and whenever, these hold after each step. Random, by seed."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, time, timedelta

import pytest
from django.core.exceptions import ValidationError

from deployments.models import InstallStatus, Ring, RingMember, Rollout
from deployments.queries import progress
from deployments.services import rollouts
from deployments.services.rollouts import Settings
from schools.calendar import STOCKHOLM
from schools.models import CalendarPeriod, LessonHours, User
from schools.services.calendar import calendars_of
from tests import factories as make
from tests.deployments.rollouts.factories import approved_change, put_in_force, write
from tests.factories import NOW

pytestmark = pytest.mark.django_db
STEPS = 60
SPRING_FORWARD = datetime(2027, 3, 26, 12, tzinfo=STOCKHOLM)
AUTUMN_BACK = datetime(2027, 10, 29, 12, tzinfo=STOCKHOLM)
"""Both two days before the clocks change."""
FREEZES = ("2027-01-13", "2027-03-28", "2027-10-31")
"""A day of each story, of those two the day on which the clocks change."""


class Story:
    """One roll-out with people and computers that do what chance says."""

    def __init__(self, seed: int, start: datetime) -> None:
        self.chance, self.now, self.admin = random.Random(seed), start, make.person("it_admin")
        self.schools = [make.school(), make.school()]
        models = [make.hardware_model("A"), make.hardware_model("B")]
        devices = [make.device(self.schools[n % 2], hardware_model=models[n % 3 % 2]) for n in range(24)]
        self.version = make.app_version()
        settings = Settings(seed=seed, least_per_model=1, soak_hours=2, min_sample=1, least_success=0.5)
        change_set = approved_change(devices, self.version)
        self.row = rollouts.plan_rollout(change_set, settings, by=self.admin, now=start)

    def step(self) -> None:
        self.now += timedelta(minutes=self.chance.choice([1, 30, 120, 600]))
        self.chance.choice(
            [self._clock, self._clock, self._clock, self._engine, self._engine, self._computers, self._person]
        )()
        self.row.refresh_from_db()

    def _clock(self) -> None:
        before = self.row.status
        opening = self._opening()
        rollouts.start_queued(self.now, put_in_force)
        rollouts.advance(self.now)
        self.row.refresh_from_db()
        if before in ("paused", "halted", "aborted"):
            assert self._opening() <= opening

    def _opening(self) -> set[int]:
        return set(self.row.rings.filter(status="opening").values_list("pk", flat=True))

    def _engine(self) -> None:
        if self._opening():
            write(self.row, self.now)
            return
        for ring in self.row.rings.filter(members__written_at=None, members__released_at__isnull=False).distinct():
            rollouts.ring_written(ring, self.now)

    def _computers(self) -> None:
        for member in self.row.members.exclude(written_at=None):
            state = self.chance.choice(["installed"] * 8 + ["failed", "pendingInstall"])
            InstallStatus.objects.update_or_create(
                device=member.device, app_version=self.version, defaults={"state": state, "reported_at": self.now}
            )

    def _person(self) -> None:
        acts: list[Callable[[], object]] = [
            lambda: rollouts.start(self.row, by=self.admin, now=self.now, put_in_force=put_in_force),
            lambda: rollouts.start(self.row, by=self.admin, now=self.now, put_in_force=put_in_force),
            lambda: rollouts.pause(self.row, by=self.admin),
            lambda: rollouts.resume(self.row, by=self.admin, reason="Fortsätt"),
            lambda: rollouts.resume(self.row, by=self.admin, reason="Fortsätt"),
            lambda: rollouts.skip_ring(self.row, by=self.admin, reason="Onödig"),
            lambda: rollouts.pass_ring(self.row, by=self.admin, now=self.now, reason="Räcker"),
            self._move,
        ]
        with suppress(ValidationError):
            self.chance.choice(acts)()

    def _move(self) -> None:
        devices = self.chance.sample(list(self.row.members.values_list("device", flat=True)), 3)
        rollouts.move_computers(self.row, devices, self.chance.randint(1, 4), by=self.admin)


def check(row: Rollout, reader: User) -> None:
    rings = list(row.rings.order_by("number"))
    targets = set(row.change_set.changes.get().targets.values_list("device", flat=True))
    assert set(row.members.values_list("device", flat=True)) == targets
    assert not RingMember.objects.filter(released_at__isnull=False).exclude(ring__status__in=Ring.OPENED).exists()
    assert not RingMember.objects.filter(ring__status="skipped").exists()
    begun = [ring.number for ring in rings if ring.status in ("opening", "open")]
    assert len(begun) <= 1
    for ring in rings:
        assert ring.status in ("passed", "skipped") or not begun or ring.number >= begun[0]
    assert (row.status == "done") == (not row.members.filter(written_at=None).exists() and rings[-1].status == "passed")
    seen = progress(row.change_set, reader)
    assert sum(seen.counts.values()) == len(targets)


@pytest.mark.parametrize("start", [NOW, SPRING_FORWARD, AUTUMN_BACK])
@pytest.mark.parametrize("seed", range(4))
def test_invariants_hold_after_each_step(seed: int, start: datetime) -> None:
    CalendarPeriod.objects.create(kind="term", name="VT", starts_on="2027-01-07", ends_on="2027-06-11")
    CalendarPeriod.objects.create(kind="term", name="HT", starts_on="2027-08-17", ends_on="2027-12-21")
    for day in FREEZES:
        CalendarPeriod.objects.create(kind="freeze", name=f"Prov {day}", starts_on=day, ends_on=day)
    for weekday in range(1, 6):
        LessonHours.objects.create(weekday=weekday, begins=time(8), ends=time(16))
    story = Story(seed, start)

    for _step in range(STEPS):
        story.step()
        check(story.row, story.admin)

    calendars = calendars_of(story.schools)
    for member in RingMember.objects.exclude(released_at=None).select_related("device"):
        assert calendars[member.device.school_id].why_not(member.released_at) is None


def test_the_stories_reach_far() -> None:
    """So that the invariants are tried on more than the beginning."""
    reached: set[str] = set()
    for seed in range(6):
        story = Story(seed, NOW)
        for _step in range(STEPS):
            story.step()
        reached |= {story.row.status, *story.row.rings.values_list("status", flat=True)}

    assert {"done", "passed", "skipped"} <= reached
