"""What `manage.py graph_check` says of a tenant, and with which status it ends."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from intune_sync.graph.permissions import NEEDS, judge
from intune_sync.sandbox.registrations import DESTRUCTIVE_ROLES, READER_ROLES, WRITER_ROLES
from tests.intune_sync.test_graph_client import key_and_certificate
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db
ROLES = {"reader": READER_ROLES, "writer": WRITER_ROLES, "destructive": DESTRUCTIVE_ROLES}


@pytest.fixture
def three(sandbox: SandboxProcess, settings: Any) -> Iterator[SandboxProcess]:
    """Each identity has a registration of its own."""
    settings.GRAPH_IDENTITIES = {
        name: {
            "client_id": sandbox.registrations[name]["client_id"],
            "client_secret": sandbox.registrations[name]["client_secret"],
            "client_certificate": "",
        }
        for name in ROLES
    }
    yield sandbox
    for name, roles in ROLES.items():
        sandbox.post("/sandbox/registrations", {"name": name, "roles": list(roles)})


def checked(*options: str) -> tuple[int, dict[str, Any]]:
    out, status = io.StringIO(), 0
    try:
        call_command("graph_check", "--json", *options, stdout=out)
    except SystemExit as ended:
        status = int(str(ended.code))
    return status, json.loads(out.getvalue())


def test_three_registrations_as_the_sandbox_has_them_have_all_they_need_and_no_more(three: SandboxProcess) -> None:
    status, found = checked()

    assert [each["identities"] for each in found["registrations"]] == [["reader"], ["writer"], ["destructive"]]
    assert [each["broken"] + each["doubtful"] for each in found["registrations"]] == [[], [], []]
    assert all(reached["problem"] == "" for each in found["registrations"] for reached in each["reached"])
    assert status == 0


def test_one_registration_for_all_is_checked_once_for_all(sandbox: SandboxProcess) -> None:
    status, found = checked()

    assert [each["identities"] for each in found["registrations"]] == [["reader", "writer", "destructive"]]
    assert found["registrations"][0]["broken"] + found["registrations"][0]["doubtful"] == []
    assert status == 0


def test_a_missing_permission_is_named_with_what_is_lost(three: SandboxProcess) -> None:
    roles = [role for role in WRITER_ROLES if role != "DeviceManagementApps.ReadWrite.All"]
    three.post("/sandbox/registrations", {"name": "writer", "roles": roles})

    status, found = checked("--identity", "writer")

    broken = found["registrations"][0]["broken"]
    assert status == 2
    assert any("DeviceManagementApps.ReadWrite.All is missing: apps are neither assigned" in text for text in broken)
    assert any("Forbidden" in text for text in broken)


def test_a_permission_that_nothing_needs_is_a_reason_to_look(three: SandboxProcess) -> None:
    roles = [*(need.roles[0] for need in NEEDS["reader"]), "Mail.ReadWrite"]
    three.post("/sandbox/registrations", {"name": "reader", "roles": roles})

    status, found = checked("--identity", "reader")

    assert status == 1
    assert found["registrations"][0]["judgement"]["surplus"] == ["Mail.ReadWrite"]


def test_all_is_well_ends_with_zero(three: SandboxProcess) -> None:
    roles = [need.roles[0] for need in NEEDS["reader"]]
    three.post("/sandbox/registrations", {"name": "reader", "roles": roles})

    status, found = checked("--identity", "reader")

    assert status == 0, found
    assert abs(found["registrations"][0]["clock_skew_seconds"]) < 5


def test_a_secret_that_is_refused_does_not_work(sandbox: SandboxProcess, settings: Any) -> None:
    settings.CLIENT_SECRET = "wrong"

    status, found = checked()

    assert status == 2
    assert "AADSTS7000215" in found["registrations"][0]["problem"]


def test_a_certificate_that_expires_soon_is_told(sandbox: SandboxProcess, settings: Any, tmp_path: Path) -> None:
    pem = tmp_path / "portal.pem"
    pem.write_bytes(key_and_certificate())
    settings.CLIENT_SECRET, settings.CLIENT_CERTIFICATE = "", str(pem)

    _status, found = checked()

    assert found["registrations"][0]["credential"]["days_left"] == 0
    assert any("certificate expires" in text for text in found["registrations"][0]["doubtful"])


def test_the_text_has_every_endpoint_and_the_budget(sandbox: SandboxProcess) -> None:
    out = io.StringIO()
    with pytest.raises(SystemExit) if checked()[0] else io.StringIO():
        call_command("graph_check", stdout=out)

    assert "+ v1.0/deviceManagement/managedDevices" in out.getvalue()
    assert "entra: " in out.getvalue()


def test_the_larger_permission_stands_for_the_smaller() -> None:
    larger = [need.roles[-1] for need in NEEDS["reader"]]

    assert judge(["reader"], larger).missing == []
