"""The languages of rules and filters, without a process."""

import pytest

from intune_sync.sandbox.devices import RULE_ATTRIBUTES
from intune_sync.sandbox.query import FilterError, parse_filter
from intune_sync.sandbox.rules import RuleError, parse_rule

COMPUTER = {
    "devicephysicalids": ["[ztdid]:1", "[orderid]:GY-RONN"],
    "deviceostype": "Windows",
    "displayname": "GYRONN-1",
    "enrollmentprofilename": None,
}


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ('(device.devicePhysicalIds -any (_ -eq "[OrderID]:GY-RONN"))', True),
        ('(device.devicePhysicalIds -any (_ -eq "[OrderID]:gy-ronn"))', False),
        ('(device.devicePhysicalIds -any (_ -contains "[ZTDId]"))', True),
        ('(device.devicePhysicalIds -any _ -startsWith "[OrderID]:GY-")', True),
        ('(device.devicePhysicalIds -all (_ -startsWith "[OrderID]"))', False),
        ('device.deviceOSType -eq "Windows" and device.displayName -startsWith "GR"', False),
        ('device.deviceOSType -eq "MacMDM" or device.displayName -startsWith "GY"', True),
        ('not (device.deviceOSType -eq "MacMDM")', True),
        ('device.displayName -in ["A", "GYRONN-1"]', True),
        ("device.enrollmentProfileName -eq null", True),
        ('device.displayName -notContains "GR" -and device.deviceOSType -ne "Linux"', True),
    ],
)
def test_rule_holds_for_the_computers_it_describes(rule: str, holds: bool) -> None:
    assert parse_rule(rule, RULE_ATTRIBUTES)(COMPUTER) is holds


@pytest.mark.parametrize(
    "rule", ["", "(", 'device.x -eq "1"', 'device.displayName -like "1"', "device.displayName -eq", "#"]
)
def test_rule_that_is_none_is_refused(rule: str) -> None:
    with pytest.raises(RuleError):
        parse_rule(rule, RULE_ATTRIBUTES)


FIELDS = {"name": lambda item: item["name"], "at": lambda item: item["at"], "tags": lambda item: item["tags"]}
ITEM = {"name": "O'Hara", "at": 1_786_946_400.0, "tags": ["Ett", "Två"]}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("name eq 'o''hara'", True),
        ("name ne 'o''hara'", False),
        ("startswith(name,'O') and not contains(name,'x')", True),
        ("at ge 2026-08-17T06:00:00Z", True),
        ("at lt 2026-08-17T06:00:00.0000000Z", False),
        ("name in ('a','o''hara')", True),
        ("tags/any(t:t eq 'två')", True),
        ("tags/any(t:startswith(t,'E'))", True),
        ("(name eq 'a' or name eq 'b') and at gt 2020-01-01T00:00:00Z", False),
    ],
)
def test_filter_matches_the_items_it_describes(text: str, matches: bool) -> None:
    assert parse_filter(text, FIELDS).matches(ITEM) is matches


@pytest.mark.parametrize(
    "text", ["name", "name eq", "colour eq 'x'", "name like 'x'", "name eq 'x' name", "(name eq 'x'", "§"]
)
def test_filter_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(FilterError):
        parse_filter(text, FIELDS)
