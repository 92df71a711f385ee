"""Autopilot identities: new computers, group tags, and computers that leave Autopilot."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fleet.models import Device
from intune_sync.models import UnmatchedRecord
from intune_sync.pull.outcome import UnsafeAnswer
from tests import factories
from tests.factories import NOW
from tests.intune_sync.fleet_answers import (
    EARLIER,
    MakePull,
    guid,
    identity,
    managed,
    merge_autopilot,
    merge_devices,
    row_versions,
    the_device,
)

pytestmark = pytest.mark.django_db


def test_new_identity_becomes_a_computer_of_the_school_of_its_tag(a_pull: MakePull) -> None:
    school = factories.school(group_tag="GY-RONN")

    merge_autopilot(a_pull("autopilot"), identity(1, "PF1", "GY-RONN", enrollmentState="notContacted"))

    device = the_device("PF1")
    assert (device.school, device.observed_group_tag, device.lifecycle) == (school, "GY-RONN", "registered")
    assert (device.enrollment_state, device.platform, device.intune_id) == ("notContacted", "windows", None)


def test_case_of_the_tag_matters(a_pull: MakePull) -> None:
    factories.school(group_tag="GY-RONN")

    merge_autopilot(a_pull("autopilot"), identity(1, "PF1", "gy-ronn"))

    assert the_device("PF1").school is None
    assert UnmatchedRecord.objects.get().reason == "unknown_school"


def test_changed_tag_is_shown_and_moves_nobody(a_pull: MakePull) -> None:
    here = factories.school(group_tag="GY-HERE")
    factories.school(group_tag="GY-THERE")
    merge_autopilot(a_pull("autopilot"), identity(1, "PF1", "GY-HERE"))

    merge_autopilot(a_pull("autopilot"), identity(1, "PF1", "GY-THERE"))

    assert (the_device("PF1").school, the_device("PF1").observed_group_tag) == (here, "GY-THERE")


def test_identity_is_tied_to_the_enrolled_computer_that_it_names(a_pull: MakePull) -> None:
    factories.device(serial_number="OLD-BOARD", intune_id=guid(5), autopilot_id=None)

    merge_autopilot(a_pull("autopilot"), identity(1, "NEW-BOARD", managedDeviceId=guid(5)))

    assert str(the_device("OLD-BOARD").autopilot_id) == guid(1)
    assert Device.objects.count() == 1


def test_known_identity_keeps_its_computer_against_a_newer_one_with_its_serial(a_pull: MakePull) -> None:
    merge_autopilot(a_pull("autopilot"), identity(1, "PF1", lastContactedDateTime=EARLIER))

    merge_autopilot(a_pull("autopilot"), identity(1, "PF1", lastContactedDateTime=EARLIER), identity(2, "PF1"))

    assert str(the_device("PF1").autopilot_id) == guid(1)
    assert UnmatchedRecord.objects.get(graph_id=guid(2)).reason == "duplicate_serial"


def test_duplicate_takes_over_when_two_answers_lack_the_identity_that_was_known(a_pull: MakePull) -> None:
    old, duplicate = identity(1, "PF1"), identity(2, "PF1")
    others = [identity(number, f"PF{number}") for number in range(100, 160)]
    merge_autopilot(a_pull("autopilot"), old, *others)
    merge_autopilot(a_pull("autopilot"), old, duplicate, *others)

    found = []
    for answer in ((duplicate, *others), (old, duplicate, *others), (duplicate, *others), (duplicate, *others)):
        merge_autopilot(a_pull("autopilot"), *answer)
        found.append(str(the_device("PF1").autopilot_id))

    assert found == [guid(1), guid(1), guid(1), guid(2)]
    assert the_device("PF1").autopilot_absent_runs == 0


def test_registered_anew_after_deletion_is_the_same_computer(a_pull: MakePull) -> None:
    merge_autopilot(a_pull("autopilot"), identity(1, "PF1"))

    merge_autopilot(a_pull("autopilot"), identity(2, "PF1"))

    assert str(the_device("PF1").autopilot_id) == guid(2)


def test_computer_that_never_started_is_missing_after_two_answers(a_pull: MakePull) -> None:
    raws = [identity(number, f"PF{number}") for number in range(60)]
    for minutes in (0, 1, 2):
        merge_autopilot(a_pull("autopilot", NOW + timedelta(minutes=minutes)), *raws[minutes > 0 :])

    assert the_device("PF0").missing_since == NOW + timedelta(minutes=2)


def test_enrolled_computer_that_left_autopilot_is_not_missing(a_pull: MakePull) -> None:
    raws = [identity(number, f"PF{number}") for number in range(60)]
    merge_autopilot(a_pull("autopilot"), *raws)
    merge_devices(a_pull("devices"), managed(100, "PF0"))

    for _run in range(3):
        merge_autopilot(a_pull("autopilot"), *raws[1:])

    assert (the_device("PF0").autopilot_id, the_device("PF0").missing_since) == (None, None)


def test_one_list_without_an_enrolled_computer_lets_nothing_go(a_pull: MakePull) -> None:
    raws = [identity(number, f"PF{number}", deploymentProfileAssignmentStatus="pending") for number in range(60)]
    merge_autopilot(a_pull("autopilot"), *raws)
    merge_devices(a_pull("devices"), managed(100, "PF0"))

    for answer in (raws[1:], raws, raws[1:]):
        counts = merge_autopilot(a_pull("autopilot"), *answer)

    assert (counts["absent"], counts["updated"]) == (1, 0)
    assert (str(the_device("PF0").autopilot_id), the_device("PF0").profile_status) == (guid(0), "pending")
    assert the_device("PF0").autopilot_absent_runs == 1


def test_one_list_of_each_kind_without_a_computer_does_not_make_it_missing(a_pull: MakePull) -> None:
    identities = [identity(number, f"PF{number}") for number in range(60)]
    records = [managed(number + 100, f"PF{number}") for number in range(60)]
    merge_autopilot(a_pull("autopilot"), *identities)
    merge_devices(a_pull("devices"), *records)

    merge_autopilot(a_pull("autopilot"), *identities[1:])
    merge_devices(a_pull("devices"), *records[1:])

    assert (the_device("PF0").missing_since, str(the_device("PF0").autopilot_id)) == (None, guid(0))


def test_shrunk_answer_changes_nothing(a_pull: MakePull) -> None:
    raws = [identity(number, f"PF{number}") for number in range(100)]
    merge_autopilot(a_pull("autopilot"), *raws)
    before = row_versions()

    with pytest.raises(UnsafeAnswer):
        merge_autopilot(a_pull("autopilot"), *raws[3:], identity(500, "PF500"))

    assert row_versions() == before


def test_second_pull_of_both_answers_writes_no_row(a_pull: MakePull) -> None:
    factories.school(group_tag="GY-RONN")
    identities = [identity(number, f"PF{number}", "GY-RONN") for number in range(30)]
    records = [managed(number + 100, f"PF{number}", azureADDeviceId=guid(number + 60_000)) for number in range(25)]
    for _run in range(2):
        merge_autopilot(a_pull("autopilot"), *identities)
        merge_devices(a_pull("devices"), *records)
    before = row_versions()

    merge_autopilot(a_pull("autopilot"), *identities)
    merge_devices(a_pull("devices"), *records)

    assert row_versions() == before
