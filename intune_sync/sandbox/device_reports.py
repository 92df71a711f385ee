"""Reports on computers: enrolment attempts of the last weeks, and the compliance settings that they do not meet."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from .chance import between, unit
from .clock import DAY, MINUTE, graph_date
from .devices import Device
from .report_rows import Report
from .switches import switch
from .world import World

Row = Mapping[str, Any]

ENROLMENT_HISTORY_DAYS = switch(
    "enrolment_history_days", 30.0, "For how many days Intune's report still tells of an enrolment attempt."
)
FAILED_FIRST_SHARE = 0.2
FAILURES = (
    ("enrollment", "Device enrollment failed", "0x80180014: The device platform is not supported by this account."),
    ("device", "Device setup failed", "Apps: 0x87D1041C, the app was not detected after installation completed."),
    ("device", "Device setup failed", "Security policies: timed out after 60 minutes."),
    ("account", "Account setup failed", "Certificates: 0x80070774 for {user}."),
)
POLICIES = {"windows": "Windows <grundkrav> & kryptering", "macos": "macOS grundkrav"}
SETTINGS = (
    ("BitLockerEnabled", "BitLocker", 2016281112),
    ("OsMinimumVersion", "Minimum OS version", 0),
    ("PasswordRequired", "Require a password to unlock mobile devices", 2016281211),
    ("SecureBootEnabled", "Secure Boot", 0),
)
NOT_COMPLIANT = 4

_ATTEMPT_COLUMNS = (
    "AccountSetupDuration",
    "AutopilotProfileName",
    "DeploymentDuration",
    "DeploymentEndDateTime",
    "DeploymentStartDateTime",
    "DeploymentState",
    "DeploymentTotalDuration",
    "DeviceId",
    "DeviceName",
    "DeviceRegisteredDateTime",
    "DeviceSerialNumber",
    "DeviceSetupDuration",
    "DeviceSetupStatus",
    "EnrollmentDateTime",
    "EnrollmentMethod",
    "EnrollmentStatus",
    "ESPPolicyId",
    "ESPPolicyName",
    "EspDeviceSetupFailureDetails",
    "EspUserSetupFailureDetails",
    "FailureDetails",
    "FailureReason",
    "OS",
    "OSVersion",
    "UPN",
    "UserId",
    "UserSetupStatus",
)
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


def attempts_of(device: Device, seed: int) -> Iterator[Row]:
    """The enrolment that lasted, after one that failed for a share of the computers."""
    if device.is_mac or device.is_leftover or not device.enrolled_at:
        return
    number = int(device.enrolled_at)
    if unit(seed, 80, device.ordinal, number) < FAILED_FIRST_SHARE:
        began = device.enrolled_at - between(60, 300, seed, 81, device.ordinal) * MINUTE
        yield _attempt(device, began, FAILURES[int(unit(seed, 82, device.ordinal) * len(FAILURES))], seed)
    yield _attempt(device, device.enrolled_at - 12 * MINUTE, None, seed)


def _attempt(device: Device, began: float, failure: tuple[str, str, str] | None, seed: int) -> Row:
    step, reason, details = failure or ("", "", "")
    details = details.format(user=device.user_principal_name or "nobody@ekestad.example")
    setup = between(9, 38, seed, 83, device.ordinal, int(began)) * MINUTE
    account = 0.0 if step in ("enrollment", "device") else between(2, 9, seed, 84, device.ordinal) * MINUTE
    total = 4 * MINUTE + (0.0 if step == "enrollment" else setup) + account
    return {
        "AccountSetupDuration": _duration(account),
        "AutopilotProfileName": "Skoldator",
        "DeploymentDuration": _duration(total - 4 * MINUTE),
        "DeploymentEndDateTime": graph_date(float(int(began + total))),
        "DeploymentStartDateTime": graph_date(float(int(began))),
        "DeploymentState": "failure" if failure else "success",
        "DeploymentTotalDuration": _duration(total),
        "DeviceId": device.intune_id,
        "DeviceName": device.name,
        "DeviceRegisteredDateTime": graph_date(device.registered_at),
        "DeviceSerialNumber": device.serial,
        "DeviceSetupDuration": _duration(0.0 if step == "enrollment" else setup),
        "DeviceSetupStatus": {"enrollment": "notAttempted", "device": "failure"}.get(step, "success"),
        "EnrollmentDateTime": graph_date(float(int(began + 3 * MINUTE))) if step != "enrollment" else graph_date(0),
        "EnrollmentMethod": "azureADJoinedWithAutopilotProfile",
        "EnrollmentStatus": "failed" if step == "enrollment" else "enrolled",
        "ESPPolicyId": "",
        "ESPPolicyName": "All users and all devices",
        "EspDeviceSetupFailureDetails": details if step == "device" else "",
        "EspUserSetupFailureDetails": details if step == "account" else "",
        "FailureDetails": details if step == "enrollment" else "",
        "FailureReason": reason,
        "OS": "Windows",
        "OSVersion": device.os_version,
        "UPN": device.user_principal_name,
        "UserId": device.user_id,
        "UserSetupStatus": {"enrollment": "notAttempted", "device": "notAttempted", "account": "failure"}.get(
            step, "success"
        ),
    }


def _duration(seconds: float) -> str:
    """As Graph writes an Edm.Duration."""
    minutes, rest = divmod(int(timedelta(seconds=seconds).total_seconds()), 60)
    return f"PT{minutes}M{rest}S"


def _attempt_rows(world: World, filter_text: str) -> Iterator[Row]:
    oldest = world.clock.now() - world.settings[ENROLMENT_HISTORY_DAYS] * DAY
    for device in world.fleet.autopilot:
        if device.enrolled_at >= oldest:
            yield from attempts_of(device, world.seed)


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
                "PolicyName": POLICIES["macos" if device.is_mac else "windows"],
                "SettingName": f"DefaultDeviceCompliancePolicy.{name}",
                "SettingNm": shown,
                "SettingStatus": NOT_COMPLIANT,
                "UPN": device.user_principal_name,
            }


DEVICE_REPORTS = {
    report.name: report
    for report in (
        Report(
            "AutopilotV1DeploymentStatus",
            _ATTEMPT_COLUMNS,
            (),
            _attempt_rows,
            lambda world, filter_text: len(world.fleet.autopilot) // 20,
        ),
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
