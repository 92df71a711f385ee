"""What single values, rules and errors of Graph become; no network, no database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from intune_sync.graph.client import next_link
from intune_sync.graph.errors import AnswerLost, BadAnswer, GraphUnavailable, Throttled, error_from_answer
from intune_sync.graph.waits import retry_after_seconds
from intune_sync.payloads import assignment_for, assignment_key, known, parse_date, parse_id
from intune_sync.payloads.devices import managed_device_row, own_serial
from intune_sync.payloads.groups import rule_scope
from intune_sync.payloads.reports import install_row

APP = "1f4b1f1e-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("0001-01-01T00:00:00Z", None),
        ("", None),
        (None, None),
        ("not a date", None),
        ("2026-11-24T06:18:37.1234567Z", datetime(2026, 11, 24, 6, 18, 37, 123456, UTC)),
        ("2026-11-24T06:18:37", datetime(2026, 11, 24, 6, 18, 37, tzinfo=UTC)),
        ("2026-11-24T07:18:37+01:00", datetime(2026, 11, 24, 6, 18, 37, tzinfo=UTC)),
    ],
)
def test_dates_are_read_leniently_and_year_one_is_never(text: str | None, moment: datetime | None) -> None:
    assert parse_date(text) == moment


def test_the_zero_guid_is_none() -> None:
    assert parse_id("00000000-0000-0000-0000-000000000000") is None


def test_new_enum_value_becomes_unknown_with_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    assert known("quantum", ["compliant"], "unknown", "complianceState") == "unknown"
    assert "quantum" in caplog.text


@pytest.mark.parametrize(("header", "seconds"), [("3", 3.0), ("2.128", 2.128), ("-1", 0.0), (None, 2.0), ("soon", 2.0)])
def test_retry_after_may_be_decimal_or_absent(header: str | None, seconds: float) -> None:
    assert retry_after_seconds(header, attempt=0) == seconds


def test_retry_after_may_be_a_date() -> None:
    header = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)

    assert 55 < retry_after_seconds(header, attempt=0) <= 60


def test_retry_after_as_a_date_is_by_graphs_own_clock() -> None:
    """Ours may be minutes off."""
    theirs = datetime.now(UTC) - timedelta(minutes=9)
    headers = {
        "retry-after": format_datetime(theirs + timedelta(seconds=60), usegmt=True),
        "date": format_datetime(theirs),
    }

    assert error_from_answer(429, headers, None, is_write=False).retry_after == 60


def test_server_error_means_doubt_for_a_write_and_a_repeat_for_a_read() -> None:
    assert isinstance(error_from_answer(502, {}, None, is_write=True), AnswerLost)
    assert isinstance(error_from_answer(502, {}, None, is_write=False), GraphUnavailable)


def test_throttling_without_a_wait_waits_longer_each_time() -> None:
    waits = [error_from_answer(429, {}, None, is_write=False, attempt=attempt).retry_after for attempt in range(3)]

    assert waits == [2.0, 4.0, 8.0]
    assert Throttled("").transient


@pytest.mark.parametrize(
    "serial",
    [
        "",
        "System Serial Number",
        "SYSTEM SERIAL NUMBER",
        "To be filled by O.E.M.",
        "0",
        "00000000",
        "Default string",
        "-",
    ],
)
def test_placeholder_serials_identify_nothing(serial: str) -> None:
    assert own_serial(serial) is None


def test_telephones_and_peoples_own_computers_are_not_ours() -> None:
    device = {"id": APP, "operatingSystem": "Windows", "managedDeviceOwnerType": "company"}

    assert managed_device_row(device) is not None
    assert managed_device_row({**device, "operatingSystem": "Android"}) is None
    assert managed_device_row({**device, "managedDeviceOwnerType": "personal"}) is None


PAGE = "https://graph.microsoft.com/v1.0/groups"


@pytest.mark.parametrize(
    "link",
    [
        PAGE,
        "https://graph.microsoft.com.evil.example/v1.0/groups?$skiptoken=2",
        "https://evil.example/v1.0/groups?$skiptoken=2",
        "http://graph.microsoft.com/v1.0/groups?$skiptoken=2",
        "https://graph.microsoft.com:8443/v1.0/groups?$skiptoken=2",
    ],
)
def test_next_link_in_a_circle_or_to_a_foreign_host_is_not_followed(link: str) -> None:
    with pytest.raises(BadAnswer):
        next_link({"@odata.nextLink": link}, {PAGE})


def test_next_link_is_followed_unchanged() -> None:
    link = f"{PAGE}?$skiptoken=a%2Fb+c"

    assert next_link({"@odata.nextLink": link}, {PAGE}) == link
    assert next_link({}, {PAGE}) == ""


TAG = '(device.devicePhysicalIds -any (_ -eq "[OrderID]:GY-RONN"))'


@pytest.mark.parametrize(
    ("rule", "scope"),
    [
        (TAG, ("tag", "GY-RONN")),
        (f'{TAG} or (device.enrollmentProfileName -eq "GY-RONN")', ("tag", "GY-RONN")),
        ('(device.devicePhysicalIds -any (_ -startsWith "[OrderID]:GY-"))', ("prefix", "GY-")),
        ('(device.devicePhysicalIds -any (_ -contains "[ZTDId]"))', ("all", "")),
        ('(device.devicePhysicalIds -any _ -eq "[orderid]:GY-and")', ("tag", "GY-and")),
        (f'{TAG} and (device.deviceModel -eq "X")', None),
        (f"not {TAG}", None),
        (TAG.replace("-eq", "-ne"), None),
        (f"{TAG} or {TAG.replace('RONN', 'TEKN')}", None),
        ('(device.devicePhysicalIds -any (_ -contains "[OrderID]:GY"))', None),
        ('(device.deviceOSType -eq "Windows")', None),
        ("", None),
    ],
)
def test_rule_names_a_level_only_when_it_takes_in_exactly_that(rule: str, scope: tuple[str, str] | None) -> None:
    assert rule_scope(rule) == scope


def test_key_of_what_we_want_is_the_key_of_what_intune_then_has() -> None:
    wanted = assignment_for("group", APP.upper(), "required")
    shown = {**wanted, "id": "x", "target": {**wanted["target"], "groupId": APP}, "source": "direct"}

    assert assignment_key(wanted) == assignment_key(shown) == f"group:{APP}:required"


def test_exclusion_and_inclusion_of_a_group_have_different_keys() -> None:
    assert assignment_key(assignment_for("group", APP, "required", exclude=True)) == f"exclusionGroup:{APP}:required"


@pytest.mark.parametrize(
    ("cells", "state"),
    [
        ({"AppInstallState": "1", "AppInstallState_loc": "Installed"}, "installed"),
        ({"AppInstallState": "-1"}, "notApplicable"),
        ({"AppInstallState": "pendingInstall"}, "pendingInstall"),
        ({"AppInstallState": "17", "AppInstallState_loc": "Not installed"}, "notInstalled"),
        ({"AppInstallState": "17", "AppInstallState_loc": "Beamed up"}, "unknown"),
    ],
)
def test_install_state_is_read_from_number_name_or_words(cells: dict[str, str], state: str) -> None:
    row = install_row({"DeviceId": APP, **cells})

    assert row is not None
    assert row.state == state
