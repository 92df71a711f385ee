"""The Graph sandbox that these tests read from: one for the whole session, put back in order after each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from intune_sync.graph.condition import ConditionWriter
from intune_sync.sandbox.tenant import load_tenant
from schools.models import Administration, Municipality, School, SchoolForm
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
    point_settings_at(running_sandbox, settings)
    ConditionWriter._written_at = ConditionWriter._down = None  # another test's database
    yield running_sandbox
    running_sandbox.delete("/sandbox/faults")


@pytest.fixture
def organisation(db: None) -> Municipality:
    """The sandbox's municipality with its schools."""
    tenant = load_tenant()
    municipality = Municipality.objects.create(name=tenant.name)
    administrations = {
        row["code"]: Administration.objects.create(municipality=municipality, code=row["code"], name=row["name"])
        for row in tenant.administrations
    }
    forms = {
        row["code"]: SchoolForm.objects.create(code=row["code"], group_tag_prefix=row["group_tag_prefix"])
        for row in tenant.school_forms
    }
    for school in tenant.schools:
        School.objects.create(
            administration=administrations[school.administration],
            school_form=forms[school.school_form],
            school_unit_code=school.school_unit_code,
            name=school.name,
            group_tag=school.group_tag,
        )
    return municipality
