"""The parts of an Autopilot identity that the portal writes.

https://learn.microsoft.com/graph/api/intune-enrollment-windowsautopilotdeviceidentity-updatedeviceproperties
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

IDENTITIES_PATH = "deviceManagement/windowsAutopilotDeviceIdentities"


@dataclass(frozen=True)
class Mark:
    """What an identity is to say; None leaves it as it is, "" takes the user away."""

    group_tag: str | None = None
    user: str | None = None

    def is_said_by(self, raw: Mapping[str, Any]) -> bool:
        return not self.tag_differs(raw) and not self.user_differs(raw)

    def tag_differs(self, raw: Mapping[str, Any]) -> bool:
        """Upper and lower case matter: rules of dynamic groups tell them apart."""
        return self.group_tag is not None and (raw.get("groupTag") or "") != self.group_tag

    def user_differs(self, raw: Mapping[str, Any]) -> bool:
        return self.user is not None and (raw.get("userPrincipalName") or "").lower() != self.user.lower()


def identity_path(autopilot_id: str | UUID, action: str = "") -> str:
    return f"{IDENTITIES_PATH}/{autopilot_id}" + (f"/{action}" if action else "")


def user_path(user: str) -> str:
    return f"users/{quote(user)}"


def with_serial(serial_number: str) -> dict[str, str]:
    """`eq` is refused on serial numbers, and hyphens in `contains` as well: the longest piece without one finds more
    than the one meant. https://github.com/microsoftgraph/msgraph-sdk-powershell/issues/1260"""
    piece = max(serial_number.replace("'", "-").split("-"), key=len)
    return {"$filter": f"contains(serialNumber,'{piece}')"}


def assign_body(user: str, name: str) -> dict[str, str]:
    return {"userPrincipalName": user, "addressableUserName": name or user}
