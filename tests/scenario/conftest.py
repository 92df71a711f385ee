"""The demo's municipality at the end of a term: its Intune mirrored, the present state in force, people with tokens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from deployments.models import Application, Baseline, Seat, Semester
from deployments.services import requests, rollouts
from deployments.services.semesters import open_semester
from intune_sync import demo
from intune_sync.graph.condition import ConditionWriter
from intune_sync.management.commands.create_demo import TENANT
from intune_sync.models import SyncRun
from intune_sync.push import apply, automatic, reconcile, rings
from schools.models import Administration, Role, School, User
from tests import factories
from tests.deployments.request_factories import vetted
from tests.sandbox_process import SandboxProcess, start_sandbox
from tests.scenario.caller import Caller
from tests.scenario.clock import BEGINS_AT, PortalClock

VETTED = ["GeoGebra Klassisk 6", "Inkscape", "MuseScore Studio", "Arduino IDE"]
A_DAY = 86_400
LIFE_DAYS = 20
"""In these many days every computer has been switched on, and longer than a request waits for its last ones."""


@dataclass
class Municipality:
    """`callers` by user name; `coming` is the next semester's baseline, whose proposals are open."""

    sandbox: SandboxProcess
    clock: PortalClock
    callers: dict[str, Caller]
    present: Baseline
    coming: Baseline

    def __getitem__(self, username: str) -> Caller:
        return self.callers[username]

    def application(self, name: str) -> Application:
        return Application.objects.get(name=name)

    def carry_out(self) -> None:
        """What workers do by themselves: carry decisions, write what is due."""
        now = timezone.now()
        automatic.carry(now)
        while apply.work(timezone.now()).more:
            pass

    def roll_out(self) -> None:
        """What beat, sweep and workers do for roll-outs, until nothing is left to do now."""
        now = timezone.now()
        rollouts.advance(now)
        for _ring_then_groups_to_delete in range(2):
            rings.sweep(now)
            reconcile.sweep(now)
            while apply.work(timezone.now()).more:
                pass

    def live(self, days: int = LIFE_DAYS) -> None:
        """Computers check in and install; then the portal reads how far that has come."""
        self.sandbox.advance(days * A_DAY)
        self.read()
        requests.advance(timezone.now())

    def read(self, *resources: SyncRun.Resource) -> None:
        """How far the computers have come, or what is named."""
        for run in demo.mirror(list(resources) or [SyncRun.Resource.DEVICES, SyncRun.Resource.INSTALL_STATUS]):
            assert run.status in (SyncRun.Status.CHANGED, SyncRun.Status.NO_CHANGES), run.reason

    def hours_pass(self, hours: int) -> None:
        """On both sides."""
        self.clock.go_ahead(timedelta(hours=hours))
        self.sandbox.advance(3600 * hours)

    def assigned(self, name: str) -> list[dict[str, Any]]:
        """What Intune really has for the app's versions."""
        found = self.sandbox.get("/sandbox/assignments")
        versions = self.application(name).versions.values_list("intune_app_id", flat=True)
        return [raw for version in versions for raw in found[str(version)]]


def _tenant() -> dict[str, Any]:
    described: dict[str, Any] = json.loads(TENANT.read_text(encoding="utf-8"))
    return described


def _more_people(*, backwards: bool) -> None:
    """A teacher and an approver at the technical school, and a seat in the committee for each of three members."""
    technical = School.objects.get(group_tag="GY-TEKN")
    factories.person(Role.TEACHER, technical, username="tove")
    factories.person(Role.APPROVER, technical, username="rickard")
    members = [("gunilla", "GYF"), ("oskar", "GYF"), ("petra", "BUF")]
    for username, code in reversed(members) if backwards else members:
        member = User.objects.filter(username=username).first() or factories.person(Role.COMMITTEE, username=username)
        administration = Administration.objects.get(code=code)
        Seat.objects.create(name=f"Ledamot {username}", administration=administration, holder=member)


def _coming_semester(present: Semester) -> Baseline:
    """The one after the present; its proposals opened a fortnight ago and close in another."""
    today = timezone.localdate()
    starts_on = present.ends_on + timedelta(days=1)
    year, term = (present.year + 1, "VT") if present.term == "HT" else (present.year, "HT")
    dates = {"proposals_open_on": today - timedelta(days=14), "freeze_on": today + timedelta(days=14)}
    owner = User.objects.get(username="anna")
    return open_semester(year, term, starts_on, starts_on + timedelta(days=150), by=owner, **dates)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> PortalClock:
    """Of everything in this process; Microsoft's side has its own, which starts at the same moment."""
    made = PortalClock()
    monkeypatch.setattr(timezone, "now", made.now)
    return made


Begin = Callable[..., AbstractContextManager[Municipality]]


@pytest.fixture
def begin(tmp_path_factory: pytest.TempPathFactory, settings: Any, clock: PortalClock, db: None) -> Begin:
    """`with begin() as municipality:` from nothing, at the same moment each time; afterwards nothing of it is left.

    `backwards` makes seats and vetting cards in the opposite order.
    """

    @contextmanager
    def from_nothing(*, devices: int = 120, backwards: bool = False) -> Iterator[Municipality]:
        running = start_sandbox(tmp_path_factory.mktemp("cycle"), devices=devices, extra=["--start-at", BEGINS_AT])
        settings.GRAPH_URL = settings.AUTHORITY_URL = running.url
        settings.GRAPH_CA_BUNDLE = running.ca_path
        settings.TENANT_ID, settings.CLIENT_ID = running.tenant_id, running.client_id
        settings.CLIENT_SECRET, settings.CLIENT_CERTIFICATE = running.client_secret, ""
        ConditionWriter._written_at = ConditionWriter._down = None  # another municipality's
        clock.begin()
        cache.clear()
        try:
            with transaction.atomic():
                yield _municipality(running, clock, backwards=backwards)
                transaction.set_rollback(True)
        finally:
            running.stop()

    return from_nothing


def _municipality(sandbox: SandboxProcess, clock: PortalClock, *, backwards: bool) -> Municipality:
    demo.create_organisation(_tenant())
    demo.create_people(factories.PASSWORD)
    demo.mirror(demo.FIRST_MIRROR)
    present = demo.take_over_present_state(timezone.now()).baseline
    for name in reversed(VETTED) if backwards else VETTED:
        vetted(Application.objects.get(name=name))
    _more_people(backwards=backwards)
    callers = {user.username: Caller(user) for user in User.objects.all()}
    return Municipality(sandbox, clock, callers, present, _coming_semester(present.semester))
