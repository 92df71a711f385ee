"""Rows become lines of COPY on a short way and on a careful one: both must say the same."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.db import connection

from intune_sync.pull import autopilot, devices, install_status
from intune_sync.pull.device_lines import autopilot_lines, device_lines
from intune_sync.pull.install_lines import install_lines
from intune_sync.pull.lines import Lines
from intune_sync.pull.staging import staging
from tests.intune_sync.fleet_answers import Raw, guid, identity, managed

pytestmark = pytest.mark.django_db

HEADER = [
    "DeviceId",
    "AppInstallState",
    "AppInstallState_loc",
    "HexErrorCode",
    "InstallStateDetail",
    "InstallStateDetail_loc",
    "LastModifiedDateTime",
]
ODD_TEXTS = ["", " ", "None", None, "A\tB", "a\\b", "line\nbreak", "\x00", "åäö", "N/A", "1111", "1-1", "x" * 300, 7]
ODD_MOMENTS = [
    "0001-01-01T00:00:00Z",
    None,
    "",
    "2026-02-29T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-12-31T23:59:60Z",
    "2026-12-31T23:59:59.9999999Z",
    "2026-04-31T10:00:00Z",
    "2026-05-31T10:00:00.5Z",
    "2026-05-31T10:00:00+02:00",
    "2026-05-31 10:00:00",
    "yesterday",
]
ODD_IDS = [None, "", "00000000-0000-0000-0000-000000000000", "no guid", guid(5).upper(), guid(5)]


def staged(columns: dict[str, str], *texts: str) -> list[tuple[Any, ...]]:
    """What PostgreSQL makes of the lines."""
    with staging("pulled_oddities", columns) as table, connection.cursor() as cursor:
        for text in texts:
            table.add_lines(text)
        cursor.execute(f"SELECT {', '.join(columns)} FROM pulled_oddities ORDER BY place")
        return list(cursor.fetchall())


def both_ways(make: Any, columns: dict[str, str], rows: list[Any]) -> None:
    careful: Lines[Any] = make()
    careful.quick = lambda row, kind: careful._carefully(row)
    short: Lines[Any] = make()
    short(rows)  # now it knows every kind

    assert staged(columns, short(rows)) == staged(columns, *[make()([row]) for row in rows])
    assert staged(columns, careful(rows)) == staged(columns, short(rows))


def odd(row: Raw, chance: random.Random, fields: dict[str, list[Any]]) -> Raw:
    changed = dict(row)
    for name in chance.sample(sorted(fields), 2):
        changed[name] = chance.choice(fields[name])
    if chance.random() < 0.2:
        changed.pop(chance.choice(sorted(set(changed) - {"id"})))
    return changed


def test_managed_devices_say_the_same_on_both_ways() -> None:
    chance, fields = (
        random.Random(4),
        {
            "serialNumber": ODD_TEXTS,
            "deviceName": ODD_TEXTS,
            "model": ODD_TEXTS,
            "osVersion": ODD_TEXTS,
            "operatingSystem": ["Windows", "macOS", "iOS", None],
            "complianceState": ["compliant", "new value", None],
            "managedDeviceOwnerType": ["company", "personal", None],
            "deviceCategoryDisplayName": ["Unknown", "GY-RONN", None],
            "totalStorageSpaceInBytes": [None, 0, 1, 10**17],
            "freeStorageSpaceInBytes": [None, 0, 1, 10**17],
            "enrolledDateTime": ODD_MOMENTS,
            "lastSyncDateTime": ODD_MOMENTS,
            "azureADDeviceId": ODD_IDS,
        },
    )

    rows = [odd(managed(number, f"PF{number}"), chance, fields) for number in range(400)]

    both_ways(device_lines, devices.COLUMNS, rows)


def test_identities_say_the_same_on_both_ways() -> None:
    chance, fields = (
        random.Random(5),
        {
            "serialNumber": ODD_TEXTS,
            "groupTag": ODD_TEXTS,
            "manufacturer": ODD_TEXTS,
            "enrollmentState": ["enrolled", "notContacted", "new value", None],
            "deploymentProfileAssignmentStatus": ["assignedInSync", "new value", None],
            "azureActiveDirectoryDeviceId": ODD_IDS,
            "managedDeviceId": ODD_IDS,
            "lastContactedDateTime": ODD_MOMENTS,
        },
    )

    rows = [odd(identity(number, f"PF{number}", "GY-RONN"), chance, fields) for number in range(400)]

    both_ways(autopilot_lines, autopilot.COLUMNS, rows)


def test_reports_say_the_same_on_both_ways() -> None:
    chance = random.Random(6)
    rows = [
        [
            chance.choice([guid(number), guid(number), "", "no guid"]),
            chance.choice(["1", "2", "-1", "new", ""]),
            chance.choice(["Installed", "Failed", ""]),
            chance.choice(["0x0", "0x00000000", "0x87D1041C", ""]),
            chance.choice(["0", "2000"]),
            chance.choice(["", "Install failed", "tab\there", "back\\slash"]),
            chance.choice(["2026-11-24T07:47:02.0305746Z", "2026-11-24T07:47:02Z", "", "never"]),
        ][: chance.choice([7, 7, 7, 5])]
        for number in range(1, 300)
    ]

    both_ways(lambda: install_lines(3, HEADER), install_status.COLUMNS, rows)


def test_report_without_a_column_is_read_all_the_same() -> None:
    lines = install_lines(3, ["DeviceId", "AppInstallState"])

    ((version, intune_id, state, *_rest),) = staged(install_status.COLUMNS, lines([[guid(1), "1"]]))

    assert (version, str(intune_id), state) == (3, guid(1), "installed")


def test_ordinary_rows_are_not_taken_apart() -> None:
    lines = device_lines()
    lines([managed(1, "PF1")])
    lines.careful = lambda row: pytest.fail("taken apart")

    assert lines([managed(2, "PF2"), managed(3, "PF3")]).count("\n") == 2
