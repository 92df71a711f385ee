"""Compliance policies, and what each says of a computer; Intune's overall verdict is the computer's own."""

from dataclasses import dataclass
from typing import Any

from .chance import guid
from .clock import graph_date
from .devices import Device

Json = dict[str, Any]

CHANGED_AT = 1_722_000_000.0


@dataclass(frozen=True, slots=True)
class Policy:
    """`setting` is what a computer that does not comply falls short of."""

    name: str
    kind: str
    is_mac: bool
    setting: str
    rules: tuple[tuple[str, Any], ...]


POLICIES = (
    Policy(
        "Windows <grundkrav> & kryptering",
        "windows10CompliancePolicy",
        False,
        "Windows10CompliancePolicy.BitLockerEnabled",
        (("bitLockerEnabled", True), ("secureBootEnabled", True), ("osMinimumVersion", "10.0.22621")),
    ),
    Policy(
        "macOS grundkrav",
        "macOSCompliancePolicy",
        True,
        "MacOSCompliancePolicy.StorageRequireEncryption",
        (("storageRequireEncryption", True), ("firewallEnabled", True), ("osMinimumVersion", "14.0")),
    ),
)
# complianceState of a managed device: complianceStatus of a policy
STATES = {
    "compliant": "compliant",
    "noncompliant": "nonCompliant",
    "inGracePeriod": "nonCompliant",
    "unknown": "unknown",
    "error": "error",
    "conflict": "conflict",
}


def policy_id(seed: int, policy: Policy) -> str:
    return guid(seed, "compliance policy", policy.name)


def policy_json(seed: int, policy: Policy) -> Json:
    return {
        "@odata.type": f"#microsoft.graph.{policy.kind}",
        "id": policy_id(seed, policy),
        "displayName": policy.name,
        "description": None,
        "createdDateTime": graph_date(CHANGED_AT),
        "lastModifiedDateTime": graph_date(CHANGED_AT),
        "version": 3,
        **dict(policy.rules),
    }


def policy_states(seed: int, device: Device) -> list[Json]:
    """One `deviceCompliancePolicyState` for each policy of the computer's platform."""
    return [_policy_state(seed, policy, device) for policy in POLICIES if policy.is_mac == device.is_mac]


def _policy_state(seed: int, policy: Policy, device: Device) -> Json:
    state = STATES.get(device.compliance, "unknown")
    settings = [] if state == "compliant" else [_setting_state(policy, state)]
    return {
        "id": policy_id(seed, policy),
        "displayName": policy.name,
        "version": 3,
        "platformType": "macOS" if policy.is_mac else "windows10AndLater",
        "state": state,
        "settingCount": len(policy.rules),
        "settingStates": settings,
    }


def _setting_state(policy: Policy, state: str) -> Json:
    return {
        "setting": policy.setting,
        "settingName": None,
        "instanceDisplayName": None,
        "state": state,
        "errorCode": 0,
        "errorDescription": None,
        "userId": None,
        "userName": None,
        "userEmail": None,
        "userPrincipalName": None,
        "currentValue": None,
        "sources": [],
    }


def summary_json(devices: list[Device]) -> Json:
    """The `deviceCompliancePolicyDeviceStateSummary` of the tenant."""
    counts = dict.fromkeys((*STATES, "configManager"), 0)
    for device in devices:
        counts[device.compliance] = counts.get(device.compliance, 0) + 1
    return {
        "id": "deviceCompliancePolicyDeviceStateSummary",
        "compliantDeviceCount": counts["compliant"],
        "nonCompliantDeviceCount": counts["noncompliant"],
        "inGracePeriodCount": counts["inGracePeriod"],
        "unknownDeviceCount": counts["unknown"],
        "errorDeviceCount": counts["error"],
        "conflictDeviceCount": counts["conflict"],
        "configManagerCount": counts["configManager"],
        "notApplicableDeviceCount": 0,
        "remediatedDeviceCount": 0,
    }
