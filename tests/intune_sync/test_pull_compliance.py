"""Compliance settings that computers do not meet: one report, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple

import pytest
from django.db import transaction

from fleet.models import ComplianceBreach, Device
from intune_sync.models import SyncRun
from intune_sync.payloads.device_reports import breach_row
from intune_sync.pull import compliance
from intune_sync.pull.outcome import Pull, UnsafeAnswer
from intune_sync.pull.staging import staging
from schools.models import Municipality
from tests import factories
from tests.intune_sync.fleet_answers import MakePull, guid
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db
PullNow = Callable[[str], SyncRun]


def said(number: int, setting: str = "BitLocker", **columns: str) -> dict[str, str]:
    return {
        "DeviceId": guid(number),
        "PolicyName": "<b>Krav</b>",
        "SettingNm": setting,
        "SettingStatus": "4",
        **columns,
    }


def merge(pull: Pull, *rows: dict[str, str]) -> dict[str, int]:
    with staging("pulled_breaches", compliance.COLUMNS) as table:
        table.add(astuple(row) for row in map(breach_row, rows) if row)
        with transaction.atomic():
            return compliance.merge(pull)


def computers(count: int, state: str = "noncompliant") -> list[Device]:
    return [factories.device(intune_id=guid(number), compliance_state=state) for number in range(1, count + 1)]


def test_computers_that_break_rules_say_which(pull_now: PullNow, organisation: Municipality) -> None:
    for resource in ("autopilot", "devices"):
        pull_now(resource)

    run = pull_now("compliance")

    broken = Device.objects.filter(compliance_state="noncompliant")
    assert (run.status, broken.count() > 0) == ("changed", True)
    assert not broken.filter(compliance_breaches=None).exists()
    assert ComplianceBreach.objects.filter(state="Not compliant", policy_name__contains="<grundkrav>").exists()
    assert pull_now("compliance").status == "no_changes"


def test_no_request_is_made_for_a_single_computer(
    pull_now: PullNow, organisation: Municipality, sandbox: SandboxProcess
) -> None:
    for resource in ("autopilot", "devices"):
        pull_now(resource)

    assert pull_now("compliance").requests <= 8


def settings_of(device: Device) -> set[str]:
    return set(device.compliance_breaches.values_list("setting", flat=True))


def test_changed_setting_is_written(a_pull: MakePull) -> None:
    first, _second = computers(2)
    pull = a_pull("compliance")
    merge(pull, said(1), said(2))

    counts = merge(pull, said(1, ErrorCode="7"), said(2))

    assert counts == {"settled": 0, "absent": 0, "updated": 1, "created": 0}
    assert [breach.error_code for breach in first.compliance_breaches.all()] == ["7"]


def test_setting_is_forgotten_after_two_reports_in_a_row_without_it(a_pull: MakePull) -> None:
    (computer,) = computers(1)
    both = (said(1), said(1, "Secure Boot"))
    for report in (both, both[:1], both, both[:1]):
        merge(a_pull("compliance"), *report)
    assert settings_of(computer) == {"BitLocker", "Secure Boot"}

    assert merge(a_pull("compliance"), *both[:1])["settled"] == 1
    assert settings_of(computer) == {"BitLocker"}


def test_settings_of_a_computer_that_meets_its_policies_again_are_forgotten_at_once(a_pull: MakePull) -> None:
    (computer,) = computers(1)
    merge(a_pull("compliance"), said(1))
    Device.objects.update(compliance_state="compliant")

    merge(a_pull("compliance"))

    assert settings_of(computer) == set()


def test_silence_about_computers_that_still_break_rules_is_not_believed(a_pull: MakePull) -> None:
    computers(12)
    pull = a_pull("compliance")
    merge(pull, *[said(number) for number in range(1, 13)])

    with pytest.raises(UnsafeAnswer):
        merge(pull, said(1))

    assert ComplianceBreach.objects.count() == 12
    Device.objects.update(compliance_state="compliant")
    assert merge(pull, said(1))["settled"] == 11


def test_row_of_an_unknown_computer_or_of_none_is_left_aside(a_pull: MakePull) -> None:
    computers(1)

    counts = merge(a_pull("compliance"), said(99), said(1, DeviceId=""), said(1), said(1))

    assert counts["created"] == 1
