"""Containers come into being when something is first put in them."""

from __future__ import annotations

from deployments.models import SoftwareProfile
from deployments.models.profiles import OWNER_OF_LEVEL
from fleet.models import Device
from schools.models import ClassGroup, Municipality, School, SchoolForm

Owner = Municipality | SchoolForm | School | ClassGroup | Device
KINDS: dict[type[Owner], str] = {
    Municipality: "municipality",
    SchoolForm: "school_form",
    School: "school",
    ClassGroup: "class_group",
    Device: "device",
}
LEVEL_OF_OWNER = {owner: level for level, owner in OWNER_OF_LEVEL.items()}


def profile_of(owner: Owner) -> SoftwareProfile:
    """The owner's container; one and the same however many ask at once."""
    kind = {
        Municipality: "municipality",
        SchoolForm: "school_form",
        School: "school",
        ClassGroup: "class_group",
        Device: "device",
    }[type(owner)]
    profile, _ = SoftwareProfile.objects.get_or_create(**{kind: owner}, defaults={"level": LEVEL_OF_OWNER[kind]})
    return profile


def container_of(owner: Owner) -> SoftwareProfile:
    """The owner's container, or one that is not stored, for looking at what it would mean."""
    kind = KINDS[type(owner)]
    found = SoftwareProfile.objects.filter(**{kind: owner}).first()
    return found or SoftwareProfile(level=LEVEL_OF_OWNER[kind], **{kind: owner})


def school_of(profile: SoftwareProfile) -> School | None:
    """The school whose people a change of this container concerns; None for the shared containers."""
    owner = profile.owner
    if isinstance(owner, School):
        return owner
    return owner.school if isinstance(owner, ClassGroup | Device) else None
