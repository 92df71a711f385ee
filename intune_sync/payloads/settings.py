"""Assignment filters and Autopilot deployment profiles, both from beta: v1.0 has no path to them.

https://learn.microsoft.com/graph/api/resources/intune-policyset-deviceandappmanagementassignmentfilter?view=graph-rest-beta
https://learn.microsoft.com/graph/api/resources/intune-enrollment-windowsautopilotdeploymentprofile?view=graph-rest-beta
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from intune_sync.graph.beta import BETA
from intune_sync.payloads.values import text

FILTERS_PATH = "deviceManagement/assignmentFilters"
PROFILES_PATH = "deviceManagement/windowsAutopilotDeploymentProfiles"
SETTINGS_VERSION = BETA


@dataclass(frozen=True)
class FilterRow:
    """The columns of `AssignmentFilter`."""

    graph_id: UUID
    display_name: str
    platform: str
    rule: str


@dataclass(frozen=True)
class ProfileRow:
    """The columns of `AutopilotProfile`."""

    graph_id: UUID
    display_name: str
    description: str
    name_template: str
    device_type: str
    usage: str
    is_preprovisioning_allowed: bool


def filter_row(raw: dict[str, Any]) -> FilterRow:
    return FilterRow(
        graph_id=UUID(raw["id"]),
        display_name=text(raw.get("displayName"), 300),
        platform=text(raw.get("platform"), 60),
        rule=text(raw.get("rule"), 10_000),
    )


def profile_row(raw: dict[str, Any]) -> ProfileRow:
    """`preprovisioningAllowed` and `outOfBoxExperienceSetting` have older twins, which are left aside."""
    experience = raw.get("outOfBoxExperienceSetting") or {}
    return ProfileRow(
        graph_id=UUID(raw["id"]),
        display_name=text(raw.get("displayName"), 300),
        description=text(raw.get("description"), 10_000),
        name_template=text(raw.get("deviceNameTemplate"), 100),
        device_type=text(raw.get("deviceType"), 40),
        usage=text(experience.get("deviceUsageType"), 40),
        is_preprovisioning_allowed=bool(raw.get("preprovisioningAllowed")),
    )
