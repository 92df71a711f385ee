"""The Graph sandbox that these tests read from: one for the whole session, put back in order after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from intune_sync import graph, runs
from intune_sync.graph.condition import ConditionWriter
from intune_sync.models import SyncRun
from intune_sync.pull.outcome import Pull
from intune_sync.sandbox.tenant import load_tenant
from schools.models import Administration, Municipality, School, SchoolForm
from tests.factories import NOW
from tests.pushing import push_sandbox, tenant, town  # noqa: F401  (fixtures of the tests of writes)
from tests.sandbox_process import SandboxProcess, start_sandbox


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """200 computers; exports are ready in a tenth of a second, and life goes sixty times as fast."""
    sandbox = start_sandbox(tmp_path_factory.mktemp("pull"), devices=200, pace=60)
    yield sandbox
    sandbox.stop()


def point_settings_at(sandbox: SandboxProcess, settings: Any) -> None:
    settings.GRAPH_URL = settings.AUTHORITY_URL = sandbox.url
    settings.GRAPH_CA_BUNDLE = sandbox.ca_path
    settings.TENANT_ID, settings.CLIENT_ID = sandbox.tenant_id, sandbox.client_id
    settings.CLIENT_SECRET, settings.CLIENT_CERTIFICATE = sandbox.client_secret, ""


@pytest.fixture
def sandbox(running_sandbox: SandboxProcess, settings: Any) -> Iterator[SandboxProcess]:
    """Nobody advances its clock, which cannot be put back, nor leaves anything in its directory."""
    point_settings_at(running_sandbox, settings)
    ConditionWriter._written_at = ConditionWriter._down = None  # another test's database
    yield running_sandbox
    for changed in ("faults", "settings", "approvals"):
        running_sandbox.delete(f"/sandbox/{changed}")


@pytest.fixture
def organisation(db: None) -> Municipality:
    """The sandbox's municipality with its schools."""
    described = load_tenant()
    municipality = Municipality.objects.create(name=described.name)
    administrations = {
        row["code"]: Administration.objects.create(municipality=municipality, code=row["code"], name=row["name"])
        for row in described.administrations
    }
    forms = {
        row["code"]: SchoolForm.objects.create(code=row["code"], group_tag_prefix=row["group_tag_prefix"])
        for row in described.school_forms
    }
    for school in described.schools:
        School.objects.create(
            administration=administrations[school.administration],
            school_form=forms[school.school_form],
            school_unit_code=school.school_unit_code,
            name=school.name,
            group_tag=school.group_tag,
        )
    return municipality


@pytest.fixture
def a_pull(sandbox: SandboxProcess, db: None) -> Callable[..., Pull]:
    """`a_pull("devices")`: one turn of a run, as a pull is given it."""

    def make(resource: str, now: datetime = NOW, **columns: Any) -> Pull:
        run = SyncRun.objects.filter(resource=resource, status="running").first()
        run = run or SyncRun.objects.create(resource=resource, trigger="command", status="running", turn=1, **columns)
        return Pull(run, graph.client(), now, lambda seen: None)

    return make


@pytest.fixture
def pull_now(sandbox: SandboxProcess, db: None) -> Callable[..., SyncRun]:
    """`pull_now("groups")`: request the run and carry it to its end."""

    def run_to_end(resource: str) -> SyncRun:
        run = runs.run(runs.request_runs([resource], "schedule")[0].pk)
        while run.status == "queued" and run.reason == "more_to_do":
            run = runs.run(run.pk)
        return run

    return run_to_end
