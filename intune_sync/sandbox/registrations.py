"""The app registrations of the tenant: who may ask for a token, and which app roles the token then carries."""

import hmac
from dataclasses import dataclass
from typing import Any

from .chance import guid

Json = dict[str, Any]

MANAGED = "DeviceManagementManagedDevices"
APPS = "DeviceManagementApps"
CONFIGURATION = "DeviceManagementConfiguration"
SERVICE = "DeviceManagementServiceConfig"

# What each of the portal's identities needs and no more, besides the last, which shows whether Graph answers.
READER_ROLES = (
    f"{MANAGED}.Read.All",
    f"{APPS}.Read.All",
    # An export job is created, and that is a write.
    f"{CONFIGURATION}.ReadWrite.All",
    f"{SERVICE}.Read.All",
    "Device.Read.All",
    "GroupMember.Read.All",
    "Organization.Read.All",
)
WRITER_ROLES = (
    f"{MANAGED}.Read.All",
    f"{APPS}.ReadWrite.All",
    f"{SERVICE}.ReadWrite.All",
    "Device.ReadWrite.All",
    "Group.ReadWrite.All",
    "User.Read.All",
    "Organization.Read.All",
)
DESTRUCTIVE_ROLES = (
    f"{MANAGED}.PrivilegedOperations.All",
    f"{MANAGED}.ReadWrite.All",
    "Organization.Read.All",
)
PORTAL_ROLES = tuple(sorted({*READER_ROLES, *WRITER_ROLES, *DESTRUCTIVE_ROLES}))


@dataclass(slots=True)
class Registration:
    """`redirect_uris` are where people may be sent after sign-in; anywhere if there are none.

    `certificate` is the app's public one as PEM; without it the signature of an assertion is not judged.
    """

    name: str
    client_id: str
    client_secret: str
    roles: tuple[str, ...]
    certificate: str | None = None
    redirect_uris: tuple[str, ...] = ()

    def shown(self) -> Json:
        return {
            "name": self.name,
            "client_id": self.client_id,
            "roles": sorted(self.roles),
            "redirect_uris": list(self.redirect_uris),
        }


def make_registrations(
    seed: int, client_id: str, client_secret: str, certificate: str | None = None
) -> list[Registration]:
    """One for everything, with the id and secret given, and three that share its work.

    Their secrets follow from its secret, so that they too outlive a restart.
    """
    single = Registration("single", client_id, client_secret, PORTAL_ROLES, certificate)
    parts = {"reader": READER_ROLES, "writer": WRITER_ROLES, "destructive": DESTRUCTIVE_ROLES}
    return [single, *(_part(seed, client_secret, name, roles) for name, roles in parts.items())]


def _part(seed: int, client_secret: str, name: str, roles: tuple[str, ...]) -> Registration:
    secret = hmac.new(client_secret.encode(), name.encode(), "sha256").hexdigest()[:40]
    return Registration(name, guid(seed, "client", name), secret, roles)
