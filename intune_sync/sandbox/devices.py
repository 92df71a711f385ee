"""One computer as the tenant knows it: Autopilot identity, Entra device and Intune record in one row."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .rules import normal
from .tenant import HardwareModel

if TYPE_CHECKING:
    from .actions import RemoteAction

RULE_ATTRIBUTES = frozenset(
    [
        "devicephysicalids",
        "deviceostype",
        "enrollmentprofilename",
        "displayname",
        "devicemodel",
        "devicemanufacturer",
        "deviceosversion",
        "devicecategory",
        "deviceownership",
        "managementtype",
        "accountenabled",
        "deviceid",
    ]
)
FILTER_ATTRIBUTES = frozenset(
    ["devicename", "manufacturer", "model", "osversion", "devicecategory", "enrollmentprofilename", "deviceownership"]
)
FOREVER = 4e9  # seconds since 1970, far ahead: a computer that does not come back


@dataclass(slots=True)
class Device:
    """Times are seconds since 1970 of the sandbox's clock, 0 for never.

    `group_tag` is what Autopilot (or the Mac's enrolment profile) says, `entra_tag` what has reached Entra.
    A leftover is the Intune record of an earlier enrolment of a computer that is listed once more; its ordinal is
    negative. `enrolments` counts the enrolments, `profile_at` is when the deployment profile was assigned.
    """

    ordinal: int
    serial: str
    model: HardwareModel
    group_tag: str
    entra_tag: str
    entra_object_id: str
    entra_device_id: str
    autopilot_id: str | None
    intune_id: str | None
    name: str
    user_principal_name: str
    user_id: str
    registered_at: float
    enrolled_at: float
    last_sync_at: float
    os_version: str
    compliance: str
    free_storage_bytes: int
    enrollment_state: str
    profile_status: str
    offline_until: float = 0.0
    display_name: str = ""
    addressable_user: str = ""
    is_leftover: bool = False
    assigned_user: str = ""
    friendly_name: str = ""
    notes: str = ""
    new_name: str = ""
    management_state: str = "managed"
    profile_at: float = 0.0
    enrolments: int = 1
    is_leaving_autopilot: bool = False
    is_in_entra: bool = True
    actions: "list[RemoteAction] | None" = None

    @property
    def is_mac(self) -> bool:
        return self.model.is_mac

    @property
    def is_encrypted(self) -> bool:
        return self.ordinal % 23 != 0

    @property
    def total_storage_bytes(self) -> int:
        return self.model.storage_gb * 1_000_000_000 - 11_534_336

    def is_online(self, at: float) -> bool:
        return self.intune_id is not None and self.offline_until <= at

    def physical_ids(self) -> list[str]:
        """Entra's marks of an Autopilot device; a Mac has none."""
        if not self.autopilot_id:
            return []
        ids = [f"[ZTDID]:{self.autopilot_id}", f"[HWID]:h:{self.entra_device_id}"]
        return [f"[OrderID]:{self.entra_tag}", *ids] if self.entra_tag else ids

    def facts(self) -> dict[str, Any]:
        """What dynamic groups and assignment filters may ask, by lower-case attribute name."""
        profile = self.entra_tag if self.is_mac else None
        return {
            "devicephysicalids": [normal(mark) for mark in self.physical_ids()],
            "deviceostype": "MacMDM" if self.is_mac else "Windows",
            "enrollmentprofilename": profile,
            "displayname": self.name,
            "devicename": self.name,
            "devicemodel": self.model.name,
            "model": self.model.name,
            "devicemanufacturer": self.model.manufacturer,
            "manufacturer": self.model.manufacturer,
            "deviceosversion": self.os_version,
            "osversion": self.os_version,
            "devicecategory": self.entra_tag,
            "deviceownership": "Company",
            "managementtype": "MDM" if self.intune_id else None,
            "accountenabled": True,
            "deviceid": self.entra_device_id,
        }
