"""Looks at everything that has to be right between the portal and Microsoft Graph, and changes nothing."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import orjson
from cryptography import x509
from django.conf import settings

from intune_sync import graph
from intune_sync.graph.beta import BETA
from intune_sync.graph.errors import GraphError
from intune_sync.graph.identities import IDENTITIES, registration
from intune_sync.graph.permissions import Judgement, judge
from intune_sync.graph.state import door_state
from intune_sync.graph.tokens import Registration, TokenSource

MOST_SKEW = 300.0
"""Seconds; Entra refuses a certificate's assertion from a clock that is further off."""
EXPIRES_SOON_DAYS = 30
ENDPOINTS: dict[str, tuple[tuple[str, str], ...]] = {
    "reader": (
        ("deviceManagement/managedDevices?$top=1&$select=id", "v1.0"),
        ("deviceManagement/windowsAutopilotDeviceIdentities?$top=1", BETA),
        ("deviceManagement/windowsAutopilotDeploymentProfiles?$top=1", BETA),
        ("deviceManagement/assignmentFilters?$top=1", BETA),
        ("deviceAppManagement/mobileApps?$top=1&$select=id", BETA),
        ("groups?$top=1&$select=id", "v1.0"),
        ("devices?$top=1&$select=id", "v1.0"),
    ),
    "writer": (
        ("deviceAppManagement/mobileApps?$top=1&$select=id", BETA),
        ("deviceManagement/importedWindowsAutopilotDeviceIdentities?$top=1", "v1.0"),
        ("groups?$top=1&$select=id", "v1.0"),
    ),
    "destructive": (("deviceManagement/managedDevices?$top=1&$select=id", "v1.0"),),
}


@dataclass(frozen=True)
class Reached:
    """One cheap GET: `problem` is "" when it was answered."""

    path: str
    version: str
    milliseconds: int
    problem: str = ""


@dataclass(frozen=True)
class Credential:
    kind: str
    expires_on: str = ""
    days_left: int | None = None


@dataclass
class Checked:
    """What was found for one app registration and the identities that it serves."""

    identities: list[str]
    client_id: str
    credential: Credential
    problem: str = ""
    judgement: Judgement | None = None
    reached: list[Reached] = field(default_factory=list)
    clock_skew_seconds: float | None = None
    limit_percentage: float = 0.0

    @property
    def broken(self) -> list[str]:
        """What does not work now."""
        found = [self.problem] if self.problem else []
        found += [
            f"{need.roles[0]} is missing: {need.lost}." for need in (self.judgement.missing if self.judgement else [])
        ]
        found += [f"{each.version}/{each.path}: {each.problem}" for each in self.reached if each.problem]
        if self.credential.days_left is not None and self.credential.days_left < 0:
            found.append(f"The certificate expired on {self.credential.expires_on}.")
        return found

    @property
    def doubtful(self) -> list[str]:
        """What works and should be seen to."""
        found = [
            f"{role} is more than the portal needs here." for role in (self.judgement.surplus if self.judgement else [])
        ]
        if self.credential.days_left is not None and 0 <= self.credential.days_left <= EXPIRES_SOON_DAYS:
            found.append(f"The certificate expires on {self.credential.expires_on}.")
        if self.clock_skew_seconds is not None and abs(self.clock_skew_seconds) > MOST_SKEW:
            found.append(f"The clock differs from Microsoft's by {self.clock_skew_seconds:.0f} seconds.")
        if self.limit_percentage:
            found.append(f"Microsoft says that {self.limit_percentage:.0f} % of a limit is used.")
        return found


def check(identities: tuple[str, ...] = IDENTITIES) -> Iterator[Checked]:
    """One result for each app registration; identities that share one are checked together."""
    by_registration: dict[Registration, list[str]] = {}
    for identity in identities:
        by_registration.setdefault(registration(identity), []).append(identity)
    for registered, names in by_registration.items():
        yield _check(registered, names)


def throttling() -> dict[str, Any]:
    """The portal's own budget: what is spent of it now, and whether calls pause."""
    state = door_state()
    return {
        "paused_since": state.pause.since.isoformat() if state.pause else None,
        "counted_together": state.counts_together,
        "services": [
            {
                "service": each.service,
                "writes_spent_percent": each.writes_spent,
                "calls_spent_percent": each.calls_spent,
                "pace_percent": each.pace,
                "held_until": each.held_until.isoformat() if each.held_until else None,
            }
            for each in state.services or ()
        ],
    }


def as_json(result: Checked) -> dict[str, Any]:
    return asdict(result) | {"broken": result.broken, "doubtful": result.doubtful}


def _check(registered: Registration, names: list[str]) -> Checked:
    result = Checked(names, registered.client_id, Credential("secret" if registered.secret else "none"))
    try:
        result.credential = _credential(registered)
        tokens = TokenSource(registered)  # of this moment, and so with the permissions of this moment
        token = tokens.token()
    except (GraphError, ValueError, OSError) as error:
        result.problem = f"No token: {error}"
        return result
    result.judgement = judge(names, roles_in(token))
    with graph.client_of(registered, tokens) as client:
        for path, version in dict.fromkeys(each for name in names for each in ENDPOINTS[name]):
            result.reached.append(_reach(client, path, version, result))
        result.limit_percentage = client.usage.percentage
    return result


def _reach(client: graph.GraphClient, path: str, version: str, result: Checked) -> Reached:
    started, problem = time.monotonic(), ""
    try:
        answer = client.ask(path, version)
        result.clock_skew_seconds = _skew(answer.headers.get("Date"), result.clock_skew_seconds)
    except GraphError as error:
        ids = f" (request-id {error.request_id})" if error.request_id else ""
        problem = f"{type(error).__name__}: {error.message}{ids}"
    return Reached(path, version, round((time.monotonic() - started) * 1000), problem)


def _skew(date: str | None, known: float | None) -> float | None:
    """How far this clock is ahead of Graph's; the Date header knows whole seconds."""
    try:
        said = parsedate_to_datetime(date or "")
    except ValueError:
        return known
    return round((datetime.now(UTC) - said).total_seconds(), 1)


def _credential(registered: Registration) -> Credential:
    if not registered.certificate:
        return Credential("secret" if registered.secret else "none")
    certificate = x509.load_pem_x509_certificate(_certificate_part(Path(registered.certificate).read_bytes()))
    until = certificate.not_valid_after_utc
    return Credential("certificate", until.date().isoformat(), (until - datetime.now(UTC)).days)


def _certificate_part(pem: bytes) -> bytes:
    """The file holds the private key as well. Raises ValueError when there is no certificate in it."""
    begin = pem.find(b"-----BEGIN CERTIFICATE-----")
    if begin < 0:
        raise ValueError(f"{settings.CLIENT_CERTIFICATE or 'The file'} holds no certificate.")
    return pem[begin:]


def roles_in(token: str) -> list[str]:
    """The app roles that an access token names; none for a token that does not show what it holds."""
    try:
        part = token.split(".")[1]
        claims = orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return [str(role) for role in claims.get("roles", [])]
    except (IndexError, ValueError, AttributeError, binascii.Error):
        return []
