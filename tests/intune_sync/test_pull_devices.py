"""Managed devices: which row is which computer, what is written, and what absence means."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from fleet.models import Device, HardwareModel
from intune_sync.models import UnmatchedRecord
from intune_sync.pull.outcome import LostRun, UnsafeAnswer
from tests import factories
from tests.factories import NOW
from tests.intune_sync.fleet_answers import (
    EARLIER,
    MakePull,
    Raw,
    guid,
    identity,
    managed,
    merge_autopilot,
    merge_devices,
    row_versions,
    the_device,
)

pytestmark = pytest.mark.django_db


def unmatched() -> dict[str, str]:
    return dict(UnmatchedRecord.objects.values_list("graph_id", "reason"))


def test_unknown_computer_is_created_with_its_model(a_pull: MakePull) -> None:
    counts = merge_devices(a_pull("devices"), managed(1, "PF1"))

    device = the_device("PF1")
    assert counts["created"] == 1
    assert (str(device.intune_id), device.observed_name, device.lifecycle) == (guid(1), "PC-1", "in_use")
    assert device.hardware_model == HardwareModel.objects.get(manufacturer="Lenovo", name="20VKS0M400")
    assert device.enrolled_at == datetime(2026, 1, 2, 3, 4, 5, 123456, UTC)


def test_mac_gets_its_school_by_device_category(a_pull: MakePull) -> None:
    school = factories.school(group_tag="GY-RONN")

    merge_devices(a_pull("devices"), managed(1, "C02X", operatingSystem="macOS", deviceCategoryDisplayName="GY-RONN"))

    mac = the_device("C02X")
    assert (mac.platform, mac.school, mac.observed_group_tag) == ("macos", school, "GY-RONN")


def test_computer_is_found_by_its_autopilot_identity_before_its_intune_id(a_pull: MakePull) -> None:
    merge_autopilot(a_pull("autopilot"), identity(7, "PF7", azureActiveDirectoryDeviceId=guid(99)))
    other = factories.device(intune_id=guid(1), serial_number="OTHER")

    merge_devices(a_pull("devices"), managed(1, "changed board", azureADDeviceId=guid(99)))

    other.refresh_from_db()
    assert str(the_device("PF7").intune_id) == guid(1)
    assert other.intune_id is None


def test_computer_is_found_by_its_intune_id_before_its_serial(a_pull: MakePull) -> None:
    factories.device(intune_id=guid(1), serial_number="OLD-BOARD")

    merge_devices(a_pull("devices"), managed(1, "NEW-BOARD"))

    assert the_device("OLD-BOARD").observed_name == "PC-1"
    assert not Device.objects.filter(serial_number="NEW-BOARD").exists()


def test_serial_is_compared_without_regard_to_case(a_pull: MakePull) -> None:
    factories.device(serial_number="PFå1", intune_id=None)

    merge_devices(a_pull("devices"), managed(1, "pfå1"))

    assert Device.objects.count() == 1
    assert str(the_device("PFå1").intune_id) == guid(1)


def test_placeholder_serial_is_listed_and_no_computer_is_guessed(a_pull: MakePull) -> None:
    merge_devices(
        a_pull("devices"), managed(1, "System Serial Number"), managed(2, "system serial number"), managed(3, "")
    )

    assert not Device.objects.exists()
    assert unmatched() == {guid(1): "placeholder_serial", guid(2): "placeholder_serial", guid(3): "no_serial"}


def test_newer_of_two_records_wins_and_the_older_is_listed(a_pull: MakePull) -> None:
    old, new = managed(1, "PF1", lastSyncDateTime=EARLIER), managed(2, "PF1")

    merge_devices(a_pull("devices"), new, old)

    assert str(the_device("PF1").intune_id) == guid(2)
    assert unmatched()[guid(1)] == "duplicate_serial"


def test_older_record_takes_over_when_two_answers_lack_the_newer(a_pull: MakePull) -> None:
    old, new = managed(1, "PF1", lastSyncDateTime=EARLIER), managed(2, "PF1")
    others = [managed(number, f"PF{number}") for number in range(100, 160)]
    merge_devices(a_pull("devices"), old, new, *others)

    for lacked in (1, 2):
        counts = merge_devices(a_pull("devices"), old, *others)
        device = the_device("PF1")
        assert (str(device.intune_id), counts["absent"]) == ((guid(2), 1) if lacked == 1 else (guid(1), 0))

    assert (device.missing_since, device.absent_runs, unmatched().get(guid(1))) == (None, 0, "unknown_school")


def test_older_record_in_a_window_never_takes_over(a_pull: MakePull) -> None:
    old, new = managed(1, "PF1", lastSyncDateTime=EARLIER), managed(2, "PF1")
    merge_devices(a_pull("devices"), old, new)
    Device.objects.update(absent_runs=1)
    pull = a_pull("devices")
    pull.run.mode = "window"

    merge_devices(pull, old)

    assert str(the_device("PF1").intune_id) == guid(2)
    assert unmatched()[guid(1)] == "duplicate_serial"


def test_reenrolled_computer_takes_its_new_intune_id(a_pull: MakePull) -> None:
    merge_devices(a_pull("devices"), managed(1, "PF1", lastSyncDateTime=EARLIER))

    merge_devices(a_pull("devices"), managed(1, "PF1", lastSyncDateTime=EARLIER), managed(2, "PF1"))

    assert str(the_device("PF1").intune_id) == guid(2)


def test_directory_object_is_looked_up_anew_for_another_entra_device(a_pull: MakePull) -> None:
    merge_devices(a_pull("devices"), managed(1, "PF1"), managed(2, "PF2"))
    Device.objects.update(entra_object_id=guid(500))

    merge_devices(a_pull("devices"), managed(1, "PF1", azureADDeviceId=guid(9)), managed(2, "PF2", deviceName="Ny"))

    assert the_device("PF1").entra_object_id is None
    assert str(the_device("PF2").entra_object_id) == guid(500)


def test_two_computers_may_swap_their_intune_ids(a_pull: MakePull) -> None:
    merge_autopilot(
        a_pull("autopilot"),
        identity(11, "PF1", azureActiveDirectoryDeviceId=guid(91)),
        identity(12, "PF2", azureActiveDirectoryDeviceId=guid(92)),
    )
    first, second = managed(1, "PF1", azureADDeviceId=guid(91)), managed(2, "PF2", azureADDeviceId=guid(92))
    merge_devices(a_pull("devices"), first, second)

    merge_devices(a_pull("devices"), {**first, "id": guid(2)}, {**second, "id": guid(1)})

    assert [str(the_device(serial).intune_id) for serial in ("PF1", "PF2")] == [guid(2), guid(1)]


def test_record_that_came_on_two_pages_counts_once(a_pull: MakePull) -> None:
    merge_devices(a_pull("devices"), managed(1, "PF1"), managed(1, "PF1", deviceName="PC-renamed"))

    assert the_device("PF1").observed_name == "PC-renamed"
    assert unmatched().get(guid(1)) != "duplicate_serial"


def test_tag_of_no_school_leaves_the_computer_without_one_and_lists_it(a_pull: MakePull) -> None:
    merge_devices(a_pull("devices"), managed(1, "C02X", operatingSystem="macOS", deviceCategoryDisplayName="XX-1"))

    assert the_device("C02X").school is None
    assert unmatched() == {guid(1): "unknown_school"}


def test_record_leaves_the_list_when_its_school_is_there(a_pull: MakePull) -> None:
    mac = managed(1, "C02X", operatingSystem="macOS", deviceCategoryDisplayName="XX-1")
    merge_devices(a_pull("devices"), mac)
    school = factories.school(group_tag="XX-1")

    merge_devices(a_pull("devices"), mac)

    assert the_device("C02X").school == school
    assert unmatched() == {}


def test_pull_never_moves_a_computer_to_another_school(a_pull: MakePull) -> None:
    here, there = factories.school(group_tag="GY-HERE"), factories.school(group_tag="GY-THERE")
    mac = managed(1, "C02X", operatingSystem="macOS", deviceCategoryDisplayName="GY-HERE")
    merge_devices(a_pull("devices"), mac)

    merge_devices(a_pull("devices"), {**mac, "deviceCategoryDisplayName": there.group_tag})

    assert (the_device("C02X").school, the_device("C02X").observed_group_tag) == (here, "GY-THERE")


def test_odd_data_is_kept_as_it_is_or_becomes_nothing(a_pull: MakePull) -> None:
    odd = {
        "deviceName": "Ö-salen <bord 3>\t\\",
        "complianceState": "quantum",
        "lastSyncDateTime": "0001-01-01T00:00:00Z",
        "totalStorageSpaceInBytes": 0,
        "azureADDeviceId": None,
        "model": None,
    }

    merge_devices(a_pull("devices"), managed(1, "PF1", **odd))

    device = the_device("PF1")
    assert device.observed_name == "Ö-salen <bord 3>\t\\"
    assert (device.compliance_state, device.last_check_in_at, device.storage_total_bytes) == ("unknown", None, None)


def test_second_pull_of_the_same_answer_writes_no_row(a_pull: MakePull) -> None:
    raws = [managed(number, f"PF{number}") for number in range(40)]
    merge_devices(a_pull("devices"), *raws)
    before = row_versions()

    counts = merge_devices(a_pull("devices"), *raws)

    assert row_versions() == before
    assert (counts["created"], counts["updated"]) == (0, 0)


def test_only_the_row_that_changed_is_written(a_pull: MakePull) -> None:
    raws = [managed(number, f"PF{number}") for number in range(40)]
    merge_devices(a_pull("devices"), *raws)
    before = row_versions()
    raws[7]["freeStorageSpaceInBytes"] -= 1

    merge_devices(a_pull("devices"), *raws)

    after = row_versions()
    assert [key for key in after if after[key] != before[key]] == [the_device("PF7").pk]


def test_computer_is_missing_after_two_complete_answers_without_it(a_pull: MakePull) -> None:
    raws = [managed(number, f"PF{number}") for number in range(60)]
    merge_devices(a_pull("devices"), *raws)

    merge_devices(a_pull("devices"), *raws[1:])
    assert the_device("PF0").missing_since is None

    later = NOW + timedelta(hours=1)
    counts = merge_devices(a_pull("devices", later), *raws[1:])
    assert (counts["missing"], the_device("PF0").missing_since) == (1, later)


def test_computer_that_comes_back_is_not_missing(a_pull: MakePull) -> None:
    factories.device(intune_id=guid(1), serial_number="PF1", absent_runs=2, missing_since=NOW)

    counts = merge_devices(a_pull("devices"), managed(1, "PF1"))

    device = the_device("PF1")
    assert (counts["returned"], device.absent_runs, device.missing_since) == (1, 0, None)


def test_one_absence_is_forgotten_when_the_computer_is_there_again(a_pull: MakePull) -> None:
    raws = [managed(number, f"PF{number}") for number in range(60)]
    for answer in (raws, raws[1:], raws, raws[1:]):
        merge_devices(a_pull("devices"), *answer)

    assert (the_device("PF0").absent_runs, the_device("PF0").missing_since) == (1, None)


@pytest.mark.parametrize(
    ("known", "absent", "is_unsafe"), [(100, 2, False), (100, 3, True), (10, 1, False), (10, 2, True)]
)
def test_answer_that_shrinks_by_more_than_two_percent_changes_nothing(
    a_pull: MakePull, known: int, absent: int, is_unsafe: bool
) -> None:
    raws = [managed(number, f"PF{number}") for number in range(known)]
    merge_devices(a_pull("devices"), *raws)
    before = row_versions()

    if is_unsafe:
        with pytest.raises(UnsafeAnswer) as raised:
            merge_devices(a_pull("devices"), *raws[absent:])
        assert (raised.value.absent, raised.value.known) == (absent, known)
        assert row_versions() == before
    else:
        merge_devices(a_pull("devices"), *raws[absent:])


def test_more_than_a_hundred_absent_is_unsafe_however_large_the_fleet(a_pull: MakePull) -> None:
    raws = [managed(number, f"PF{number}") for number in range(5_200)]
    merge_devices(a_pull("devices"), *raws)

    with pytest.raises(UnsafeAnswer):
        merge_devices(a_pull("devices"), *raws[101:])
    merge_devices(a_pull("devices"), *raws[100:])


def test_released_run_believes_the_answer(a_pull: MakePull) -> None:
    raws = [managed(number, f"PF{number}") for number in range(100)]
    merge_devices(a_pull("devices"), *raws)
    pull = a_pull("devices")
    pull.run.approved_by = factories.person("it_admin")

    counts = merge_devices(pull, *raws[50:])

    assert counts["absent"] == 50


def test_worker_that_was_given_up_changes_nothing(a_pull: MakePull) -> None:
    pull = a_pull("devices")
    type(pull.run).objects.filter(pk=pull.run.pk).update(turn=2)

    with pytest.raises(LostRun):
        pull.confirm()


@pytest.mark.parametrize("seed", range(12))
def test_any_answer_in_any_order_gives_one_result_and_loses_no_computer(a_pull: MakePull, seed: int) -> None:
    draw = random.Random(seed)
    school = factories.school()
    for number in range(30):
        known_by = guid(number) if draw.random() < 0.8 else None
        factories.device(school, serial_number=f"PF{number}", intune_id=known_by, last_check_in_at=None)
    serials = [*(f"PF{number}" for number in range(34)), "Default string", ""]
    raws = [_drawn_record(draw, number, draw.choice(serials)) for number in draw.sample(range(60), 45)]
    pull = a_pull("devices")
    pull.run.approved_by = factories.person("it_admin")

    merge_devices(pull, *raws)
    result = _observed()
    schools = set(
        Device.objects.filter(serial_number__in=[f"PF{n}" for n in range(30)]).values_list("school", flat=True)
    )
    draw.shuffle(raws)
    before = row_versions()
    merge_devices(pull, *raws)

    assert _observed() == result
    assert schools == {school.pk}
    assert Device.objects.filter(serial_number__in=[f"PF{number}" for number in range(30)]).count() == 30
    written = {key for key, version in row_versions().items() if version != before[key]}
    assert written <= set(Device.objects.filter(absent_runs__gt=0).values_list("pk", flat=True))


def _drawn_record(draw: random.Random, number: int, serial: str) -> Raw:
    checked_in = f"2027-01-{draw.randint(1, 9):02}T0{number % 10}:{number:02}:00Z"
    return managed(number, serial, lastSyncDateTime=checked_in)


def _observed() -> list[tuple[object, ...]]:
    columns = ("serial_number", "intune_id", "observed_name", "school", "last_check_in_at")
    return sorted(Device.objects.values_list(*columns), key=str)
