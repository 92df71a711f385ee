"""The report on computers that do not meet the settings of their compliance policy."""

from collections.abc import Iterator, Mapping
from typing import Any

from .chance import unit
from .compliance import POLICIES
from .report_rows import Report
from .world import World

Row = Mapping[str, Any]

SETTINGS = (
    ("BitLockerEnabled", "BitLocker", 2016281112),
    ("OsMinimumVersion", "Minimum OS version", 0),
    ("PasswordRequired", "Require a password to unlock mobile devices", 2016281211),
    ("SecureBootEnabled", "Secure Boot", 0),
)
NOT_COMPLIANT = 4

_SETTING_COLUMNS = (
    "DeviceId",
    "DeviceName",
    "ErrorCode",
    "OS",
    "OSVersion",
    "PolicyName",
    "SettingName",
    "SettingNm",
    "SettingStatus",
    "UPN",
)


def _setting_rows(world: World, filter_text: str) -> Iterator[Row]:
    for device in world.fleet.managed:
        if device.compliance not in ("noncompliant", "inGracePeriod") or device.is_leftover:
            continue
        first = int(unit(world.seed, 85, device.ordinal) * len(SETTINGS))
        count = 1 + (unit(world.seed, 86, device.ordinal) < 0.3)
        for number in range(first, first + count):
            name, shown, error = SETTINGS[number % len(SETTINGS)]
            yield {
                "DeviceId": device.intune_id,
                "DeviceName": device.name,
                "ErrorCode": error,
                "OS": "macOS" if device.is_mac else "Windows",
                "OSVersion": device.os_version,
                "PolicyName": next(each.name for each in POLICIES if each.is_mac == device.is_mac),
                "SettingName": f"DefaultDeviceCompliancePolicy.{name}",
                "SettingNm": shown,
                "SettingStatus": NOT_COMPLIANT,
                "UPN": device.user_principal_name,
            }


DEVICE_REPORTS = {
    report.name: report
    for report in (
        Report(
            "NoncompliantDevicesAndSettings",
            _SETTING_COLUMNS,
            (),
            _setting_rows,
            lambda world, filter_text: len(world.fleet.managed) // 20,
            localized={"SettingStatus": {NOT_COMPLIANT: "Not compliant"}},
        ),
    )
}
