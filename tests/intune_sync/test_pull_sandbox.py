"""Whole pulls of the sandbox: everything Intune has, from an empty database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from deployments.models import InstallStatus
from fleet.models import Device
from intune_sync.models import IntuneApp, IntuneAssignment, IntuneGroup, SyncRun, UnmatchedRecord
from schools.models import Municipality, School, SchoolForm
from tests import factories
from tests.intune_sync.fleet_answers import row_versions
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db
PullNow = Callable[[str], SyncRun]
MIRROR = ("groups", "autopilot", "devices", "apps")


def catalogue(app_id: str) -> int:
    """The app as a version in the catalogue."""
    return factories.app_version(intune_app_id=app_id).pk


def installed_in_sandbox(sandbox: SandboxProcess) -> int:
    return int(sandbox.get("/sandbox/state")["installs"]["installed"])


def test_groups_are_tied_to_the_levels_whose_computers_they_hold(pull_now: PullNow, organisation: Municipality) -> None:
    run = pull_now("groups")

    organisation.refresh_from_db()
    everybody = IntuneGroup.objects.get(graph_id=organisation.entra_group_id)
    assert run.status == "changed"
    assert everybody.member_count == 200
    assert not School.objects.filter(entra_group_id=None).exists()
    assert not SchoolForm.objects.filter(entra_group_id=None).exists()


def test_two_groups_with_the_rule_of_one_school_are_listed_and_neither_used(
    pull_now: PullNow, organisation: Municipality, sandbox: SandboxProcess
) -> None:
    body = {
        "displayName": "Kopia",
        "mailNickname": "kopia",
        "mailEnabled": False,
        "securityEnabled": True,
        "groupTypes": ["DynamicMembership"],
        "membershipRule": '(device.devicePhysicalIds -any (_ -eq "[OrderID]:GY-RONN"))',
        "membershipRuleProcessingState": "On",
    }
    headers = {"Authorization": f"Bearer {sandbox.token()}"}
    made = sandbox.session.post(f"{sandbox.url}/v1.0/groups", json=body, headers=headers).json()

    try:
        pull_now("groups")
    finally:
        sandbox.session.delete(f"{sandbox.url}/v1.0/groups/{made['id']}", headers=headers)

    assert School.objects.get(group_tag="GY-RONN").entra_group_id is None
    assert UnmatchedRecord.objects.filter(resource="groups", reason="ambiguous_group").count() == 2


def test_whole_mirror_gives_every_computer_its_school(pull_now: PullNow, organisation: Municipality) -> None:
    statuses = [pull_now(resource).status for resource in MIRROR]

    assert statuses == ["changed"] * 4
    known = Device.objects.count() + UnmatchedRecord.objects.filter(resource="autopilot").count()
    assert known == 200
    assert not Device.objects.filter(school=None).exists()
    assert Device.objects.filter(platform="macos").exists()


def test_apps_come_with_their_assignments_unaltered(pull_now: PullNow, sandbox: SandboxProcess) -> None:
    pull_now("apps")

    truth = sandbox.get("/sandbox/assignments")
    for app in IntuneApp.objects.all():
        kept = {row.graph_id: row.raw for row in app.assignments.all()}
        assert kept == {raw["id"]: raw for raw in truth[str(app.graph_id)]}
    assert IntuneAssignment.objects.exclude(raw__target__deviceAndAppManagementAssignmentFilterId=None).exists()


def test_second_mirror_of_apps_and_groups_changes_nothing(pull_now: PullNow, organisation: Municipality) -> None:
    for resource in ("groups", "apps", "groups"):
        pull_now(resource)

    assert (pull_now("apps").status, pull_now("groups").status) == ("no_changes", "no_changes")


def test_page_that_fails_changes_nothing(
    pull_now: PullNow, organisation: Municipality, sandbox: SandboxProcess
) -> None:
    pull_now("devices")
    Device.objects.update(observed_name="Before", absent_runs=1)
    before = row_versions()
    sandbox.post(
        "/sandbox/faults", {"kind": "status", "status": 403, "count": -1, "match": {"path_contains": "managedDev"}}
    )

    run = pull_now("devices")

    assert (run.status, run.reason) == ("failed", "forbidden")
    assert row_versions() == before
    sandbox.delete("/sandbox/faults")
    assert pull_now("devices").counts["updated"] == len(before)


def test_install_status_is_read_for_catalogued_apps_and_matches_intune(
    pull_now: PullNow, organisation: Municipality, sandbox: SandboxProcess
) -> None:
    for resource in MIRROR:
        pull_now(resource)
    for app in IntuneApp.objects.all():
        catalogue(str(app.graph_id))

    run = pull_now("install_status")

    mirrored = InstallStatus.objects.filter(state="installed").count()
    left_out = UnmatchedRecord.objects.filter(resource="devices").count() * 20
    assert run.status == "changed"
    assert installed_in_sandbox(sandbox) - left_out <= mirrored <= installed_in_sandbox(sandbox)
    assert not InstallStatus.objects.filter(state="installed", installed_at=None).exists()


def test_app_whose_summary_did_not_change_is_not_read_again(
    pull_now: PullNow, organisation: Municipality, sandbox: SandboxProcess
) -> None:
    pull_now("devices")
    pull_now("apps")
    quiet = IntuneApp.objects.filter(assignments=None).first()
    catalogue(str(quiet.graph_id))

    assert pull_now("install_status").counts["apps"] == 0


def test_run_with_more_than_twenty_apps_goes_on_in_the_next_turn(
    a_pull: Callable[..., Any], organisation: Municipality, pull_now: PullNow
) -> None:
    pull_now("apps")
    apps = {str(app.graph_id): {} for app in IntuneApp.objects.all()}
    for app_id in apps:
        catalogue(app_id)
    SyncRun.objects.create(resource="install_status", trigger="command", rest={"apps": apps})

    run = pull_now("install_status")

    assert len(apps) > 20
    assert (run.turn, run.counts["apps"], run.rest, run.status) == (2, len(apps), {}, "no_changes")


def test_status_that_intune_no_longer_reports_becomes_unknown_and_is_not_deleted(
    pull_now: PullNow, organisation: Municipality
) -> None:
    for resource in ("devices", "apps"):
        pull_now(resource)
    quiet = IntuneApp.objects.filter(assignments=None).first()
    version = factories.app_version(intune_app_id=quiet.graph_id)
    factories.install_status(Device.objects.first(), version)
    IntuneApp.objects.filter(pk=quiet.pk).update(install_counts={"installed": 1})

    pull_now("install_status")

    status = InstallStatus.objects.get(app_version=version)
    assert (status.state, status.installed_at is not None) == ("unknown", True)
