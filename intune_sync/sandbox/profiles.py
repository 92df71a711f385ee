"""Deployment profiles and the groups they are assigned to."""

from dataclasses import dataclass, field
from typing import Any

from .chance import guid
from .devices import Device
from .groups import Directory

Json = dict[str, Any]

FIRST_PROFILES_AT = 1_718_000_000.0
EVERYBODY = "terminsklar-all"


@dataclass(slots=True)
class Profile:
    """`assignments` gives the target by assignment id, in the order in which they were made."""

    id: str
    name: str
    description: str
    usage: str
    name_template: str
    language: str
    preprovisioning: bool
    created_at: float
    changed_at: float
    assignments: dict[str, Json] = field(default_factory=dict)

    def reaches(self, device: Device, directory: Directory) -> bool:
        groups = (directory.groups.get(target.get("groupId", "")) for target in self.assignments.values())
        return any(group is not None and device.ordinal in group.members for group in groups)


class Profiles:
    """A computer that several profiles reach gets the oldest one."""

    def __init__(self, items: list[dict[str, Any]], seed: int, directory: Directory) -> None:
        self.listed = [_profile(item, seed) for item in items]
        everybody = next((group for group in directory.listed if group.mail_nickname == EVERYBODY), None)
        if everybody and self.listed:
            first = self.listed[0]
            target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": everybody.id}
            first.assignments[assignment_id(first, target)] = target

    def get(self, identifier: str) -> Profile | None:
        return next((profile for profile in self.listed if profile.id == identifier), None)

    def profile_for(self, device: Device, directory: Directory) -> Profile | None:
        return next((profile for profile in self.listed if profile.reaches(device, directory)), None)

    def name_for(self, device: Device, directory: Directory) -> str:
        found = self.profile_for(device, directory)
        return found.name if found else ""


def assignment_id(profile: Profile, target: Json) -> str:
    return f"{profile.id}_{target.get('groupId', 'all')}_0"


def _profile(item: dict[str, Any], seed: int) -> Profile:
    return Profile(
        guid(seed, "profile", item["name"]),
        item["name"],
        item["description"],
        item["device_usage_type"],
        item["device_name_template"],
        item["language"],
        item["preprovisioning_allowed"],
        FIRST_PROFILES_AT,
        FIRST_PROFILES_AT,
    )
