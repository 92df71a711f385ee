"""Assignment filters and Autopilot profiles."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fleet.models import Device
from intune_sync.models import AssignmentFilter, AutopilotProfile, SyncRun
from intune_sync.payloads.settings import filter_row, profile_row
from schools.models import Municipality
from tests.factories import NOW
from tests.intune_sync.fleet_answers import MakePull, guid, identity, merge_autopilot, the_device
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db
PullNow = Callable[[str], SyncRun]


def test_filters_are_read_with_their_rules_and_once(pull_now: PullNow) -> None:
    assert pull_now("filters").status == "changed"
    assert "device." in AssignmentFilter.objects.filter(missing_since=None)[0].rule
    assert pull_now("filters").status == "no_changes"


def test_filter_that_is_gone_is_kept_as_missing_and_comes_back(pull_now: PullNow) -> None:
    gone = AssignmentFilter.objects.create(graph_id=guid(9), display_name="Old")
    back = AssignmentFilter.objects.create(graph_id=guid(8), display_name="Back", missing_since=NOW)
    for lacked in (1, 2):
        pull_now("filters")
        gone.refresh_from_db()
        assert (gone.missing_since is None, gone.absent_runs) == (lacked == 1, lacked)
    AssignmentFilter.objects.filter(missing_since=None).update(missing_since=NOW, rule="another")

    assert pull_now("filters").counts["updated"] > 0
    assert AssignmentFilter.objects.filter(missing_since=None, rule="another").count() == 0
    assert AssignmentFilter.objects.get(pk=back.pk).missing_since is not None


def test_profiles_are_read_from_beta(pull_now: PullNow, sandbox: SandboxProcess) -> None:
    run = pull_now("profiles")

    assert run.counts["created"] == AutopilotProfile.objects.count() > 0
    assert run.requests == 1


def test_nulls_and_unknown_words_pass_through() -> None:
    row = filter_row({"id": guid(1), "displayName": None, "platform": "holographicSuit", "rule": "<b>"})
    profile = profile_row({"id": guid(2), "displayName": "x", "outOfBoxExperienceSetting": None})

    assert (row.display_name, row.platform, row.rule) == ("", "holographicSuit", "<b>")
    assert (profile.usage, profile.is_preprovisioning_allowed) == ("", False)


def test_computer_knows_whether_its_profile_has_arrived(a_pull: MakePull, organisation: Municipality) -> None:
    pull = a_pull("autopilot")
    merge_autopilot(
        pull,
        identity(1, "S1", deploymentProfileAssignmentStatus="assignedUnkownSyncState"),
        identity(2, "S2", deploymentProfileAssignmentStatus="somethingNew"),
    )

    assert the_device("S1").profile_status == Device.ProfileStatus.SYNC_UNKNOWN
    assert the_device("S2").profile_status == "unknown"
    assert merge_autopilot(pull, identity(1, "S1", deploymentProfileAssignmentStatus="failed"))["updated"] == 1


def test_whole_fleet_has_a_profile_status(pull_now: PullNow, organisation: Municipality) -> None:
    pull_now("autopilot")

    windows = Device.objects.filter(platform="windows")
    assert windows.exclude(profile_status="unknown").count() > windows.count() * 0.9
